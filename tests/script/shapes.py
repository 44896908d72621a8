# SPDX-License-Identifier: GPL-3.0-or-later
"""What every line of the server must look like, whatever a story expects of it: the parameters of each numeric as
modern-irc and IRCv3 give them, no parameter that is two or none, and no more bytes than a line has."""

import re

LINE_BYTES = 510
WORD, NUMBER, TEXT = r"[^ ]+", r"\d+", r".*"
# The parameters after the client's nick; TEXT is the last one, with its colon.
NUMERICS = {
    "001": [TEXT], "002": [TEXT], "003": [TEXT], "004": [WORD] * 5,
    "212": [WORD, NUMBER], "219": [WORD, TEXT], "221": [r"\+\w*"], "242": [r"Server Up \d+ days \d+:\d\d:\d\d"],
    "251": [r"There are \d+ users and \d+ invisible on \d+ servers"], "252": [NUMBER, TEXT], "253": [NUMBER, TEXT],
    "254": [NUMBER, TEXT], "255": [r"I have \d+ clients and \d+ servers"],
    "256": [WORD, TEXT], "257": [TEXT], "258": [TEXT], "259": [TEXT],
    "265": [NUMBER, NUMBER, r"Current local users \d+, max \d+"],
    "266": [NUMBER, NUMBER, r"Current global users \d+, max \d+"],
    "301": [WORD, TEXT], "302": [TEXT], "303": [TEXT], "305": [TEXT], "306": [TEXT],
    "311": [WORD, WORD, WORD, r"\*", TEXT], "312": [WORD, WORD, TEXT], "314": [WORD, WORD, WORD, r"\*", TEXT],
    "315": [WORD, TEXT], "317": [WORD, NUMBER, NUMBER, TEXT], "318": [WORD, TEXT], "319": [WORD, r"[@+]?&contacts"],
    "320": [WORD, TEXT], "321": ["Channel", "Users  Name"], "322": [WORD, NUMBER, TEXT], "323": [TEXT],
    "324": [WORD, r"\+\w+"], "329": [WORD, NUMBER], "330": [WORD, WORD, TEXT], "331": [WORD, TEXT],
    "332": [WORD, TEXT], "333": [WORD, WORD, NUMBER], "335": [WORD, TEXT], "337": [TEXT],
    "351": [WORD, WORD, TEXT], "352": [WORD] * 5 + [r"[HG]\*?B?[@+]*", r"0 .*"],
    "353": ["=", WORD, r"[@+]?[^ ]+( [@+]?[^ ]+)*"], "364": [WORD, WORD, r"0 .*"], "365": [WORD, TEXT],
    "366": [WORD, TEXT], "368": [WORD, TEXT], "369": [WORD, TEXT], "371": [TEXT], "372": [TEXT], "374": [TEXT],
    "375": [TEXT], "376": [TEXT], "391": [WORD, TEXT],
    "401": [WORD, TEXT], "402": [WORD, TEXT], "403": [WORD, TEXT], "404": [WORD, TEXT], "406": [WORD, TEXT],
    "407": [WORD, TEXT], "409": [TEXT], "410": [WORD, TEXT], "411": [TEXT], "412": [TEXT], "417": [TEXT],
    "421": [WORD, TEXT], "422": [TEXT], "431": [TEXT], "432": [WORD, TEXT], "433": [WORD, TEXT], "442": [WORD, TEXT],
    "443": [WORD, WORD, TEXT], "451": [TEXT], "461": [WORD, TEXT], "462": [TEXT], "464": [TEXT], "472": ["[^ ]", TEXT],
    "481": [TEXT], "482": [WORD, TEXT], "491": [TEXT], "501": [TEXT], "502": [TEXT], "524": [WORD, TEXT],
    "671": [WORD, TEXT], "704": [WORD, TEXT], "705": [WORD, TEXT], "706": [WORD, TEXT],
    "730": [TEXT], "731": [TEXT], "732": [TEXT], "733": [TEXT], "734": [NUMBER, WORD, TEXT],
    "900": [r"[^ ]+![^ ]+@[^ ]+", WORD, TEXT], "901": [r"[^ ]+![^ ]+@[^ ]+", TEXT], "903": [TEXT], "904": [TEXT],
    "905": [TEXT], "906": [TEXT], "907": [TEXT], "908": [WORD, TEXT],
}
# 005 has up to 13 tokens, 354 what was asked for, a standard reply what its code has.
OTHERS = {"005": range(2, 15), "354": range(1, 15), "FAIL": range(2, 15), "WARN": range(2, 15), "NOTE": range(2, 15)}


def numeric_fits(command, params):
    if command in OTHERS:
        return len(params) in OTHERS[command]
    wanted = NUMERICS.get(command)
    return wanted is not None and len(params) == len(wanted) and all(map(re.fullmatch, wanted, params))


def wrong(line):
    """What is wrong with a Line of ircclient, or an empty text."""
    bare = re.sub(r"^@[^ ]* ", "", line.raw)
    if len(bare.encode("utf-8", "surrogateescape")) > LINE_BYTES:
        return "too long"
    middle = bare.partition(" :")[0][1:]
    if "  " in middle or middle.endswith(" ") or " :" in middle:
        return "an empty parameter"
    if re.fullmatch(r"\d{3}|FAIL|WARN|NOTE", line.command) and not numeric_fits(line.command, line.params[1:]):
        return "not the parameters of its kind"
    return ""
