# SPDX-License-Identifier: GPL-3.0-or-later
"""household = on: the accounts of one daemon talk to each other, without Tor, and survive SIGKILL.

SEED repeats the choices of a run."""

import os
import random
import re

from people import Person, talk
from traffic import Pair

KILLS, MESSAGES = 6, 60
ALICE, BOB = "alice:alice-password", "bob:bob-password"
RECONNECT_S = 60


def said(screen, nick):
    """The marks (a-01, b-07) in the nick's lines, as irssi or WeeChat show them."""
    line = re.compile(rf"^[\d:]+ +(?:<.?{nick}>|[@+]?{nick} \|) .*?\b([ab]-\d\d)\b", re.MULTILINE)
    return line.findall(screen.text())


def test_irssi_and_weechat_of_one_household_talk_through_a_kill(new_daemon, tmux):
    home = new_daemon("home", irc="household = on")
    for name in ("alice", "bob"):
        Person(home, name).irc.quit()
    irssi = tmux.irssi("irssi", home, "alice", password=ALICE)
    weechat = tmux.weechat("weechat", home, "bob", password=BOB)
    irssi.wait(r"alice .*has changed host")
    weechat.type("/buffer irc.server.allium")
    weechat.wait(r"alice is of this household|Tor is switched off here")
    weechat.type("/query -server allium alice")
    irssi.type("/query bob")
    irssi.type("a-01")
    weechat.wait(r"a-01")
    weechat.type("b-01")
    irssi.wait(r"b-01")

    home.kill()
    home.start()
    irssi.type("/window 1")
    irssi.type("/clear")
    irssi.wait_until(lambda text: "has changed host" not in text, what="what was before to be cleared away")
    irssi.type(f"/connect 127.0.0.1 {home.port} {ALICE}")
    irssi.wait(r"alice .*has changed host", RECONNECT_S)
    irssi.type("/query bob")
    irssi.type("a-02")
    weechat.wait(r"a-02", RECONNECT_S)  # it waits until Bob's client comes back by itself and unlocks his account
    weechat.type("b-02")
    irssi.wait(r"b-02")
    # What a client had not fenced before the kill may repeat, once; nothing else does.
    assert said(weechat, "alice").count("a-01") in (1, 2) and said(weechat, "alice").count("a-02") == 1
    assert said(irssi, "bob").count("b-02") == 1


def test_sigkill_of_a_household_loses_doubles_and_reorders_nothing(new_daemon, note):
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    print(f"SEED={seed}")
    rng = random.Random(seed)
    home = new_daemon("home", irc="household = on")
    alice, bob = Person(home, "alice"), Person(home, "bob")
    alice.await_online(bob)
    bob.await_online(alice)
    pair = Pair(alice, bob)

    for _ in range(KILLS):
        stream = rng.choice(pair.streams)
        reached = stream.talker.number + rng.randrange(1, MESSAGES)
        pair.fire(MESSAGES)
        stream.listener.await_number(reached)
        home.kill()
        home.start()
        for person in pair.people:
            pair.attach(person)
        pair.fence()

    pair.exchange(1)
    pair.check()
    note(f"{KILLS} kills, {[len(s.talker.accepted) for s in pair.streams]} lines accepted")
    assert home.tors() == []


def test_one_tor_for_a_household_which_carries_what_they_say_when_it_is_none_any_more(new_daemon, torrc):
    home = new_daemon("home", torrc, irc="household = on")
    alice, bob = Person(home, "alice"), Person(home, "bob")
    talk(alice, bob, "in the house")
    assert len(home.tors()) == 1
    talk(alice, bob, "and once more")

    home.stop()
    home.write_config(torrc)
    home.start()
    alice.reattach()
    bob.reattach()
    alice.irc.command("info bob")
    assert not any("local link" in line.text for line in alice.irc.fence())
    talk(alice, bob, "from afar")
    assert len(home.tors()) == 3  # of each, and the spare
