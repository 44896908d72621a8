# SPDX-License-Identifier: GPL-3.0-or-later
"""Strangers flood a door with requests, half handshakes and garbage, while its owner talks to a contact."""

import os
import statistics
import time

from flood import Flood
from othertor import OtherTor
from people import TOR_S, Person, befriend
from traffic import Pair

TRIPS = 20
STRANGERS = int(os.environ.get("FLOOD", "25"))     # that come through before it is measured; as many meanwhile
SLOWER_MAX = 4      # than under a flood of the same kind on somebody else's door


def trip_s(pair):
    """A line and its answer."""
    start = time.monotonic()
    for stream in pair.streams:
        stream.talker.fire(1)
        stream.listener.await_number(stream.talker.number)
    return time.monotonic() - start


def flooded_trips(pair, tor, address, note, what):
    with tor, Flood(tor, address) as flood:
        flood.await_total(STRANGERS, TOR_S)
        times = [trip_s(pair) for _ in range(TRIPS)]
        flood.await_total(2 * STRANGERS, TOR_S)
        took = statistics.median(times)
        note(f"flood of {what}: {dict(flood.count)}; a line and its answer in {1000 * took:.0f} ms, "
             f"{1000 * max(times):.0f} ms at most")
    return took


def test_a_flood_of_strangers_delays_no_contact(new_daemon, work, torrc, note):
    bob = Person(new_daemon("bob", torrc), "bob")
    away = new_daemon("away", torrc)
    alice, carol = Person(away, "alice"), Person(away, "carol")
    befriend(alice, bob)
    pair = Pair(alice, bob)
    pair.exchange(5)

    aside = flooded_trips(pair, OtherTor(work / "m", torrc), carol.address, note, "somebody else's door")
    own = flooded_trips(pair, OtherTor(work / "n", torrc), bob.address, note, "the own door")
    assert own < SLOWER_MAX * aside
    pair.check()
