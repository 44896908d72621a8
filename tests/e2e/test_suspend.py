# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that sleeps, imitated: daemon and tor stand still under SIGSTOP, and go on as if nothing were."""

import os
import signal
import time

from people import Person, befriend
from traffic import Pair

BACK_S = 60      # it takes a second or two; a back-off of minutes is what it must not take
# The sleep lasts until the other side has missed a pong and the grace is over: more than what is late.
TIMERS = {"ping": 2000, "pong": 3000, "offline_grace": 1000, "late": 1500, "wake_pong": 3000}


def signal_all(person, number):
    """To the daemon and to its tors; these first, since a woken machine has all of them."""
    for pid in (*person.daemon.tors(), person.daemon.process.pid):
        os.kill(pid, number)


def test_a_suspended_side_is_shown_gone_and_back_soon_with_what_was_written_meanwhile(
        new_daemon, torrc, note):
    alice = Person(new_daemon("alice", torrc, timers=TIMERS), "alice")
    bob = Person(new_daemon("bob", torrc, timers=TIMERS), "bob")
    befriend(alice, bob)
    pair = Pair(alice, bob)
    pair.exchange(5)

    for sleeper, other in ((bob, alice), (alice, bob)):
        pair.fire(20)
        signal_all(sleeper, signal.SIGSTOP)
        asleep = time.monotonic()
        other.await_offline(sleeper)
        note(f"{sleeper.name} suspended: shown gone after {time.monotonic() - asleep:.1f} s")
        # The sleeper's client writes too: its lines lie in the socket until the daemon wakes.
        pair.fire(20)
        pair.said_by(other).fence()

        signal_all(sleeper, signal.SIGCONT)
        awake = time.monotonic()
        other.await_online(sleeper, BACK_S)
        pair.said_by(sleeper).fence()
        sleeper.await_online(other, BACK_S)
        pair.await_all()
        assert "woken after a sleep" in sleeper.daemon.log()
        note(f"{sleeper.name} woken: all that was written is there after {time.monotonic() - awake:.1f} s")

    pair.check()
