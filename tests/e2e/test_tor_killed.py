# SPDX-License-Identifier: GPL-3.0-or-later
"""tor dies under traffic, first at one end, then at the other: its side is told, and nothing is lost."""

import os
import re
import signal
import time

from people import TOR_S, Person, befriend
from traffic import Pair

LINES = 40
TIMERS = {"tor_restart": 1000}      # long enough to be told of


def kill_tors(person):
    killed = person.daemon.tors()
    assert killed
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    return killed


def await_told(irc, since, pattern):
    """One of the lines after the first `since`; their order is nobody's promise."""
    irc.wait_for(lambda lines: any(re.search(pattern, line.raw) for line in lines[since:]), TOR_S,
                 f"/{pattern}/")


def test_tor_killed_under_traffic_loses_doubles_and_reorders_nothing(new_daemon, torrc, note):
    alice = Person(new_daemon("alice", torrc, timers=TIMERS), "alice")
    bob = Person(new_daemon("bob", torrc, timers=TIMERS), "bob")
    befriend(alice, bob)
    pair = Pair(alice, bob)

    for victim, other in ((alice, bob), (bob, alice)):
        victim.await_online(other)      # or nobody could be shown to go
        pair.fire(LINES)
        # In the middle of the lines that come to the victim; as many are on their way from it.
        pair.heard_by(victim).await_number(pair.said_by(other).number - LINES // 2)
        before = len(victim.irc.lines)
        killed = kill_tors(victim)
        died = time.monotonic()
        await_told(victim.irc, before, r"NOTICE \S+ :Tor is down")
        await_told(victim.irc, before, rf":{other.name}!\S+ QUIT :your own Tor")
        pair.fire(LINES)
        await_told(victim.irc, before, rf" 301 {victim.name} {other.name} :offline since .*\bqueued")
        pair.fence()
        pair.await_all()
        note(f"{victim.name}'s tor killed: all that was under way is there after "
             f"{time.monotonic() - died:.1f} s")
        victim.await_online(other)
        assert not set(killed) & set(victim.daemon.tors())

    pair.check()
