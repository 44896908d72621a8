# SPDX-License-Identifier: GPL-3.0-or-later
"""tor dies under traffic, first at one end, then at the other: nothing is lost."""

import os
import signal
import time

from people import Person, befriend
from traffic import Pair

LINES = 40


def test_tor_killed_under_traffic_loses_doubles_and_reorders_nothing(new_daemon, torrc, note):
    alice = Person(new_daemon("alice", torrc), "alice")
    bob = Person(new_daemon("bob", torrc), "bob")
    befriend(alice, bob)
    pair = Pair(alice, bob)

    for victim in pair.people:
        pair.fire(LINES)
        # In the middle of the lines that come to the victim; as many are on their way from it.
        pair.heard_by(victim).await_number(pair.streams[0].talker.number - LINES // 2)
        killed = victim.daemon.tors()
        assert killed
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        died = time.monotonic()
        pair.fire(LINES)
        pair.fence()
        pair.await_all()
        note(f"{victim.name}'s tor killed: all that was under way is there after "
             f"{time.monotonic() - died:.1f} s")
        assert not set(killed) & set(victim.daemon.tors())

    pair.check()
