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


def own_address(screen):
    """What `address` answers on this screen."""
    screen.type("/msg allium address")
    return screen.wait_until(ADDRESS.search, what="an onion address").group(1)


def joins(text, nick):
    """How often the nick is shown to come into &contacts."""
    return len(re.findall(rf"\b{nick}\b.*has joined &contacts", text))


def show_server(irssi, weechat):
    irssi.type("/window 1")
    weechat.type("/buffer irc.server.allium")


def await_back(irssi, weechat, act):
    """Does what makes both clients connect again; returns once both have logged in."""
    irssi.type("/window 1")
    irssi.type("/clear")
    weechat.type("/buffer irc.allium.&contacts")
    weechat.wait(r"bob .*has joined &contacts")
    irssi.wait_until(lambda text: "has changed host" not in text)
    before = joins(weechat.text(), "bob")
    act()
    # irssi closes the window of a channel when the server goes; its status window shows the login.
    irssi.wait(r"alice .*has changed host", RECONNECT_S)
    weechat.wait_until(lambda text: joins(text, "bob") > before, RECONNECT_S, "bob to be back")


def await_fences_answered(irssi, weechat, watchers):
    """Until the daemons know that both clients have been shown everything. Clients of an account get their PINGs
    together. The clients' are there before their screens are cleared, and what they are asked then is answered behind
    their PONGs."""
    for watcher in watchers:
        await_fenced(watcher)
    show_server(irssi, weechat)
    for screen, clear in ((irssi, "/clear"), (weechat, "/buffer clear")):
        screen.type(clear)
        screen.wait_until(lambda text: not ADDRESS.search(text), what="a clear screen")
        own_address(screen)


def tell_passwords(irssi, weechat, alice):
    """The clients learn how to log in, as their users would tell them, and connect again."""
    irssi.type("/disconnect")
    irssi.type(f"/connect 127.0.0.1 {alice.port} alice:{ALICE_PASSWORD}")
    weechat.type(f"/set irc.server.allium.password bob:{BOB_PASSWORD}")
    weechat.type("/reconnect allium")


def kill_and_restart(*daemons):
    for daemon in daemons:
        daemon.kill()
    for daemon in daemons:
        daemon.start()


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
    await_back(irssi, weechat, lambda: tell_passwords(irssi, weechat, alice))

    show_server(irssi, weechat)
    irssi.type(f"/msg allium add bob {bob_address} hello-from-alice")
    weechat.wait(r"alice asks .*hello-from-alice", TOR_S)
    weechat.type("/msg allium requests")
    weechat.type("/msg allium accept alice")
    weechat.wait(r"alice is your contact now")

    watchers = [alice.login("alice", ALICE_PASSWORD, "watch", caps=TAGS),
                bob.login("bob", BOB_PASSWORD, "watch", caps=TAGS)]
    irssi.type("/window goto &contacts")
    weechat.type("/buffer irc.allium.&contacts")
    irssi.wait(r"bob .*has joined", TOR_S)
    weechat.wait(r"alice .*has joined", TOR_S)
    irssi.type("/query bob")
    weechat.type("/query alice")
    converse(irssi, weechat, range(1, 6))

    await_fences_answered(irssi, weechat, watchers)
    await_back(irssi, weechat, lambda: kill_and_restart(alice, bob))
    irssi.type("/query bob")
    weechat.type("/query alice")
    converse(irssi, weechat, range(6, 11))

    assert texts(weechat, "alice") == [f"a-{n:02}" for n in range(1, 11)]
    assert texts(irssi, "bob") == [f"b-{n:02}" for n in range(1, 11)]
