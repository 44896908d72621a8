# SPDX-License-Identifier: GPL-3.0-or-later
"""What two contacts do arrives as it was done: texts of any length, /me, away, refusals."""

import re

import pytest

from people import TOR_S, Person, await_true, befriend, dial_again


@pytest.fixture
def friends(new_daemon, torrc):
    alice = Person(new_daemon("alice", torrc), "alice")
    bob = Person(new_daemon("bob", torrc), "bob")
    befriend(alice, bob)
    return alice, bob


def without_tags(line):
    return line.raw.partition(" ")[2] if line.raw.startswith("@") else line.raw


def test_texts_arrive_whole_whatever_their_length_and_script(friends):
    alice, bob = friends
    long = " ".join(f"слово{n}" for n in range(30))
    for text in ("x", "naïve café ☕", "  leading and trailing blanks  ", ":colon first", long):
        alice.irc.say("bob", text)
    alice.irc.say("bob", "end")
    bob.await_message(alice, "end")
    texts = bob.irc.messages(source="alice")
    assert texts[:4] == ["x", "naïve café ☕", "  leading and trailing blanks  ", ":colon first"]
    # A text too long for one line to Bob's client comes in several, cut between code points.
    assert "".join(texts[4:-1]) == long
    assert all(len(without_tags(line).encode()) <= 510 for line in bob.irc.lines)


def test_me_arrives_as_me_and_other_ctcp_stays_at_home(friends):
    alice, bob = friends
    alice.irc.say("bob", "\x01ACTION waves\x01")
    bob.await_message(alice, "\x01ACTION waves\x01")
    alice.irc.say("bob", "\x01VERSION\x01")
    alice.irc.say("bob", "\x01USERINFO\x01")
    alice.irc.say("bob", "\x01DCC SEND f 2130706433 1024 1\x01")
    alice.irc.expect(r":bob!\S+ NOTICE alice :\x01VERSION allium .*in place of bob")
    alice.irc.expect(r":allium!\S+ NOTICE alice :.*CTCP")
    alice.irc.expect(r":allium!\S+ NOTICE alice :.*DCC")
    alice.irc.say("bob", "after")
    bob.await_message(alice, "after")
    assert bob.irc.messages(source="alice") == ["\x01ACTION waves\x01", "after"]


def links_opened(person):
    """How many links between link keys its daemon has seen to open."""
    return len(re.findall(r"link \d+ opened, \w+, by link key", person.daemon.log()))


def links_standing(person):
    return links_opened(person) - len(re.findall(r"link \d+ \(by link key\) ended", person.daemon.log()))


def test_a_second_link_beside_the_first_takes_over_without_a_gap(friends):
    alice, bob = friends
    first = links_opened(alice)

    def talk():
        for number in range(5):
            alice.irc.say("bob", f"a-{number}")
            bob.irc.say("alice", f"b-{number}")

    # Each in turn: one of them dials beside a link that it has dialled itself.
    for asker, other in ((alice, bob), (bob, alice)):
        opened = links_opened(alice), links_opened(bob)
        dial_again(asker, other, talk)
        await_true(lambda: links_opened(alice) > opened[0] and links_opened(bob) > opened[1], "the second link")
        await_true(lambda: links_standing(alice) == 1 and links_standing(bob) == 1, "the first one to go")
        alice.irc.say("bob", f"end of {asker.name}")
        bob.irc.say("alice", f"end of {asker.name}")
        bob.await_message(alice, f"end of {asker.name}")
        alice.await_message(bob, f"end of {asker.name}")
    said = [f"{{}}-{n}" for n in range(5)]
    for person, source, letter in ((bob, "alice", "a"), (alice, "bob", "b")):
        texts = [text.format(letter) for text in said]
        assert person.irc.messages(source=source) == (texts + ["end of alice"] + texts + ["end of bob"])
    broken = any(re.search(r"link \d+ is dead", person.daemon.log()) for person in friends)
    if links_opened(alice) == first + 2 and not broken:    # Tor itself broke no circuit meanwhile
        assert not any(line.command == "QUIT" for line in alice.irc.lines + bob.irc.lines)


def test_everything_that_shows_presence_agrees(friends):
    alice, bob = friends
    bob.irc.send("AWAY :gone fishing")
    ask_until(alice.irc, "WHO bob", " 352 ", " G")
    alice.irc.say("bob", "there?")
    alice.irc.expect(r" 301 alice bob :gone fishing")
    alice.irc.send("USERHOST bob")
    alice.irc.expect(r" 302 alice :bob=-")
    alice.irc.send("ISON bob")
    alice.irc.expect(r" 303 alice :bob$")
    alice.irc.send("WHOIS bob")
    alice.irc.expect(r" 301 alice bob :gone fishing")
    alice.irc.expect(r" 318 alice bob ")

    bob.irc.send("AWAY")
    ask_until(alice.irc, "WHO bob", " 352 ", " H")
    alice.irc.send("NAMES &contacts")
    alice.irc.expect(r" 353 alice = &contacts :.*\bbob\b")

    bob.daemon.stop()
    alice.await_offline(bob)
    alice.irc.send("ISON bob")
    alice.irc.expect(r" 303 alice :$")
    alice.irc.send("NAMES &contacts")
    alice.irc.expect(r" 353 alice = &contacts :@allium alice$")
    alice.irc.send("WHO bob")
    alice.irc.expect(r" 315 alice bob ")
    assert not any(" 352 " in line.raw and " bob " in line.raw for line in alice.irc.lines[-3:])


def ask_until(irc, question, numeric, wanted):
    """Presence comes over Tor: asks again until the answer shows it."""
    def answered():
        irc.send(question)
        return any(numeric in line.raw and wanted in line.raw for line in irc.fence())

    await_true(answered, f"{question} to be answered{numeric}{wanted}")


def test_a_rejected_request_makes_no_contact(new_daemon, torrc):
    alice = Person(new_daemon("alice", torrc), "alice")
    bob = Person(new_daemon("bob", torrc), "bob")
    alice.irc.command(f"add bob {bob.address} let me in")
    bob.irc.expect(r"NOTICE bob :alice asks .*let me in", TOR_S)
    bob.daemon.kill()
    bob.daemon.start()
    bob.reattach()
    bob.irc.expect(r"NOTICE bob :alice asks .*let me in")
    bob.irc.command("reject alice")
    bob.irc.expect(r"NOTICE bob :.*alice")
    bob.irc.say("alice", "no")
    bob.irc.expect(r" 401 bob alice ")
    bob.irc.command("requests")
    bob.irc.fence()
    assert not any(line.command == "JOIN" and line.nick == "alice" for line in bob.irc.lines)


def test_a_name_that_is_taken_or_looks_alike_is_never_merged(new_daemon, torrc):
    """Mallory calls herself like Bob's contact; she gets another name, and Bob's contact keeps his."""
    bob = Person(new_daemon("bob", torrc), "bob")
    alice = Person(new_daemon("alice", torrc), "alice")
    mallory = Person(new_daemon("mallory", torrc), "al1ce")
    befriend(alice, bob)
    mallory.irc.command(f"add bob {bob.address} it is me")
    match = bob.irc.expect(r"NOTICE bob :(\S+) asks .*it is me", TOR_S)
    assert match.group(1).lower() not in ("alice", "al1ce")
    bob.irc.command(f"accept {match.group(1)} as al1ce")
    bob.irc.expect(r"NOTICE bob :.*looks too much like")
    bob.irc.command(f"accept {match.group(1)}")
    mallory.irc.wait_for(lambda lines: any(line.command == "JOIN" and line.nick == "bob"
                                           for line in lines), TOR_S, "bob to come")
    mallory.irc.say("bob", "from mallory")
    bob.irc.wait_for(lambda lines: any(line.text == "from mallory" for line in lines), TOR_S)
    assert bob.irc.messages(source="alice") == []
    assert bob.irc.messages(source=match.group(1)) == ["from mallory"]


RICH_CAPS = "batch draft/message-redaction draft/multiline echo-message message-tags"


def test_several_lines_a_reaction_and_what_is_taken_back_cross_tor(friends):
    alice, bob = friends
    for person in friends:
        person.irc.send(f"CAP REQ :{RICH_CAPS}")
        person.irc.expect(r" ACK :")
    alice.irc.command("set typing on")
    alice.irc.expect(r"typing is on now")
    # Nobody keeps it for later, so it needs a link that stands: clients say it every three seconds.
    is_typing = re.compile(r"@\S*\+typing=active :alice!\S+ TAGMSG bob$")

    def bob_sees_it():
        alice.irc.send("@+typing=active TAGMSG bob")
        return any(is_typing.search(line.raw) for line in bob.irc.lines)

    await_true(bob_sees_it, "bob to see alice typing")
    alice.irc.send("BATCH +1 draft/multiline bob")
    for text in ("the pin", "", "is 1234"):
        alice.irc.send(f"@batch=1 PRIVMSG bob :{text}")
    alice.irc.send("BATCH -1")
    pin, batch = bob.irc.expect(r"msgid=(\w+) :alice!\S+ BATCH \+(\w+) draft/multiline bob$", TOR_S).groups()
    bob.irc.expect(rf" BATCH -{batch}$")
    lines = [line.text for line in bob.irc.lines if line.tags.get("batch") == batch]
    assert lines == ["the pin", "", "is 1234"]
    bob.irc.send(f"@+draft/reply={pin};+draft/react=👍 TAGMSG alice")
    alice.irc.expect(rf"\+draft/reply={pin};\+draft/react=👍 :bob!\S+ TAGMSG alice$", TOR_S)
    alice.irc.send(f"REDACT bob {pin} :wrong window")
    bob.irc.expect(rf":alice!\S+ REDACT bob {pin} :wrong window$", TOR_S)
    bob.irc.send(f"REDACT alice {pin}")
    bob.irc.expect(r":There is no such message")
