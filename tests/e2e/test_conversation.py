# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job: Alice in irssi and Bob in WeeChat, two daemons, a real Tor network, keys and screens."""

import re

from people import ADDRESS, TAGS, TOR_S, await_fenced

ALICE_PASSWORD = "correct-horse"
BOB_PASSWORD = "battery-staple"
RECONNECT_S = 60


def texts(screen, nick):
    """The marks (a-01, b-07) in lines that the nick said, as irssi or WeeChat show them."""
    said = re.compile(rf"^[\d:]+ +(?:<.?{nick}>|[@+]?{nick} \|) .*?\b([ab]-\d\d)\b", re.MULTILINE)
    return said.findall(screen.text())


def joins(text, nick):
    """How often the nick is shown to come into &contacts."""
    return len(re.findall(rf"\b{nick}\b.*has joined &contacts", text))


def kill_and_restart(daemons, screens):
    """SIGKILL for all; returns once every client has connected and logged in again by itself."""
    before = {nick: joins(screen.text(), nick) for nick, screen in screens.items()}
    for daemon in daemons:
        daemon.kill()
    for daemon in daemons:
        daemon.start()
    for nick, screen in screens.items():
        screen.wait_until(lambda text, nick=nick: joins(text, nick) > before[nick], RECONNECT_S,
                          f"{nick} to be back")


def own_address(screen):
    """What `address` answers on this screen."""
    screen.type("/msg allium address")
    return screen.wait_until(ADDRESS.search, what="an onion address").group(1)


def log_in_again(irssi, weechat, alice, bob):
    """The clients learn their passwords, as a user would tell them, and connect with them."""
    irssi.type("/disconnect")
    irssi.type(f"/connect -network allium 127.0.0.1 {alice.port} alice:{ALICE_PASSWORD} alice")
    weechat.type(f"/set irc.server.allium.password bob:{BOB_PASSWORD}")
    weechat.type("/reconnect allium")


def converse(irssi, weechat, numbers):
    """Alice and Bob in turn; each line is waited for on the other's screen."""
    for number in numbers:
        irssi.type(f"a-{number:02}")
        weechat.wait(rf"alice \| .*a-{number:02}", TOR_S)
        weechat.type(f"b-{number:02}")
        irssi.wait(rf"<.?bob> .*b-{number:02}", TOR_S)


def test_irssi_and_weechat_talk_across_sigkill(new_daemon, torrc, tmux):
    alice, bob = new_daemon("alice", torrc), new_daemon("bob", torrc)
    irssi, weechat = tmux.irssi("irssi", alice, "alice"), tmux.weechat("weechat", bob, "bob")

    # A client without a login is told how to get one.
    irssi.wait(r"allium.*register")
    weechat.type("/buffer irc.server.allium")
    weechat.wait(r"allium.*register")
    irssi.type(f"/msg allium register {ALICE_PASSWORD}")
    weechat.type(f"/msg allium register {BOB_PASSWORD}")
    irssi.wait(r"\[Act: 2")
    alice_address, bob_address = own_address(irssi), own_address(weechat)
    assert alice_address != bob_address
    log_in_again(irssi, weechat, alice, bob)

    irssi.type(f"/msg allium add bob {bob_address} hello-from-alice")
    weechat.wait(r"alice.*hello-from-alice", TOR_S)
    weechat.type("/msg allium requests")
    weechat.type("/msg allium accept alice")

    watchers = [alice.login("alice", ALICE_PASSWORD, "watch", caps=TAGS),
                bob.login("bob", BOB_PASSWORD, "watch", caps=TAGS)]
    irssi.type("/window goto &contacts")
    irssi.wait(r"bob .*has joined|\bbob\b", TOR_S)
    irssi.type("/query bob")
    weechat.type("/query alice")
    converse(irssi, weechat, range(1, 6))

    for watcher in watchers:
        await_fenced(watcher)
    irssi.type("/window goto &contacts")
    weechat.type("/buffer irc.allium.&contacts")
    irssi.wait(r"alice .*has joined &contacts")
    weechat.wait(r"bob .*has joined &contacts")
    kill_and_restart([alice, bob], {"alice": irssi, "bob": weechat})
    irssi.type("/window goto bob")
    weechat.type("/query alice")
    converse(irssi, weechat, range(6, 11))

    assert texts(weechat, "alice") == [f"a-{n:02}" for n in range(1, 11)]
    assert texts(irssi, "bob") == [f"b-{n:02}" for n in range(1, 11)]
