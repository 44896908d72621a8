# SPDX-License-Identifier: GPL-3.0-or-later
"""State directories that a daemon without a ratchet has left (old_state/make): they open, and all goes on."""

import pathlib
import tarfile

from people import Person
from traffic import Pair

STATE = pathlib.Path(__file__).resolve().parent / "old_state" / "state.tar.xz"
HISTORY = 20      # as in old_state/make: lines each way that had arrived,
QUEUED = 5        # and lines each way that had not left
LINES = 10


def test_old_state_opens_its_queue_is_delivered_and_the_conversation_goes_on(new_daemon, work, torrc):
    with tarfile.open(STATE) as tar:
        tar.extractall(work)
    alice = Person(new_daemon("alice", torrc), "alice", registered=True)
    bob = Person(new_daemon("bob", torrc), "bob", registered=True)
    pair = Pair(alice, bob)
    for stream in pair.streams:
        stream.talker.number = HISTORY + QUEUED
        stream.talker.accepted = set(range(HISTORY + 1, HISTORY + QUEUED + 1))

    pair.await_all()
    alice.await_online(bob)
    bob.await_online(alice)
    pair.exchange(LINES)
    for stream in pair.streams:
        assert stream.check() == list(range(1, stream.talker.number + 1))
