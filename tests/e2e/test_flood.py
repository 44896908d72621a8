# SPDX-License-Identifier: GPL-3.0-or-later
"""Strangers flood a door with requests, half handshakes and garbage, while its owner talks to a contact.

First straight at the door's socket, as if Tor let everybody through at once. A flood takes the machine's time wherever
it goes to, so it is measured against one of the same kind at somebody else's door. Then over Tor, where both tors and
all relays are busy with it as well: there the talk has to go on."""

import collections
import os
import socket
import statistics
import time

from flood import Flood
from othertor import OtherTor
from people import TOR_S, Person, befriend, invitation_of
from traffic import Pair

TRIPS = 16
OVER_TOR = int(os.environ.get("FLOOD", "6"))      # that come before it is measured; as many come meanwhile
STRAIGHT = 10 * OVER_TOR
SLOWER_MAX = 10
ATTEMPTS = 3        # at a comparison: the machine may have more to do during one flood than during the other


def trip_s(pair):
    """A line and its answer."""
    start = time.monotonic()
    for stream in pair.streams:
        stream.talker.fire(1)
        stream.listener.await_number(stream.talker.number)
    return time.monotonic() - start


def flooded(pair, dial, person, strangers, note):
    """What such a trip takes, while the person's door is flooded; and how many were answered what."""
    with Flood(dial, person.address) as flood:
        flood.await_total(strangers, TOR_S)
        times = [trip_s(pair) for _ in range(TRIPS)]
        flood.await_total(2 * strangers, TOR_S)
    took = statistics.median(times)
    note(f"flood of {person.name}'s door: {dict(flood.count)}; a line and its answer in {1000 * took:.0f} ms, "
         f"{1000 * max(times):.0f} ms at most")
    return took, flood.count


def straight_to(person):
    door = person.daemon.account_dir(person.name) / "peer"

    def dial():
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(door))
        return 0, connection
    return dial


def test_a_flood_of_strangers_delays_no_contact(new_daemon, work, torrc, note):
    bob = Person(new_daemon("bob", torrc), "bob")
    away = new_daemon("away", torrc)
    alice, carol = Person(away, "alice"), Person(away, "carol")
    befriend(alice, bob)
    pair = Pair(alice, bob)
    pair.exchange(5)

    asked = collections.Counter()
    for _ in range(ATTEMPTS):
        aside, own = (flooded(pair, straight_to(person), person, STRAIGHT, note) for person in (carol, bob))
        asked += own[1]
        if own[0] < SLOWER_MAX * aside[0]:
            break
    assert own[0] < SLOWER_MAX * aside[0]
    with OtherTor(work / "m", torrc) as tor:
        asked += flooded(pair, lambda: tor.dial(bob.address), bob, OVER_TOR, note)[1]
    pair.check()

    # No more than some requests are kept, and that there is room for none does not concern who was invited.
    assert 0 < asked["pending"] < asked["refused"]
    carol.irc.command(f"add bob {invitation_of(bob)}")
    carol.await_online(bob)
