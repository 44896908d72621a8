# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody finds out who knows only the address: with the door closed not even whether its owner is there."""

import statistics
import time

from othertor import OtherTor
from people import TOR_S, Person, await_true, invitation_of

TIMES = 6
ATTEMPTS = 3    # at a comparison of them
CLASS = 4       # times that differ by less are of one class: machines are busier now than then


class Stranger:
    """Asks and dials again and again."""

    def __init__(self, tor, address):
        self.tor, self.address = tor, address

    def look(self):
        """(what the directories hold, SOCKS's reply to a dial, how long these took), each TIMES times."""
        found, replies, seconds = [], [], []
        for _ in range(TIMES):
            begin = time.monotonic()
            found.append(self.tor.fetch(self.address))
            fetched = time.monotonic()
            reply, connection = self.tor.dial(self.address)
            seconds.append((fetched - begin, time.monotonic() - fetched))
            replies.append(reply)
            if connection:
                connection.close()
        return found, replies, [statistics.median(each) for each in zip(*seconds)]


def of_one_class(times, others):
    return all(a < CLASS * b and b < CLASS * a for a, b in zip(times, others))


def await_published(person):
    with person.daemon.tor_control(person.name) as control:
        control.ask("SETEVENTS HS_DESC")
        person.irc.command("door open")
        control.await_event(f"HS_DESC UPLOADED {person.address}", TOR_S)


def await_gone(control, address):
    """Until tor keeps no introduction point for it."""
    control.ask("SETEVENTS CIRC_MINOR CIRC")
    deadline = time.monotonic() + TOR_S
    while any(circuit["PURPOSE"] == "HS_SERVICE_INTRO" and circuit["REND_QUERY"] == address
              for circuit in control.circuits()):
        control.await_event("CIRC", deadline - time.monotonic())


def test_a_closed_door_does_not_tell_online_from_offline(new_daemon, work, torrc, note):
    # The door is closed before tor is there: nothing has ever been published of it.
    bob = Person(new_daemon("bob"), "bob")
    bob.irc.command("door closed")
    bob.irc.expect(r"NOTICE bob :The door is closed")
    invitation = invitation_of(bob)
    bob.daemon.stop()
    bob.daemon.write_config(torrc)
    bob.daemon.start()
    bob.reattach()
    alice = Person(new_daemon("alice", torrc), "alice")
    alice.irc.command(f"add bob {invitation}")
    alice.await_online(bob)

    with OtherTor(work / "m", torrc) as tor:
        mallory = Stranger(tor, bob.address)
        for _ in range(ATTEMPTS):
            alice.await_online(bob)
            online = mallory.look()
            assert online[0] == [None] * TIMES and len(set(online[1])) == 1 and 0 not in online[1]
            bob.daemon.stop()
            alice.await_offline(bob)
            offline = mallory.look()
            assert offline[:2] == online[:2]
            note(f"closed: reply {online[1][0]:#x}; look-up and dial in {online[2]} s online, {offline[2]} s offline")
            bob.daemon.start()
            bob.reattach()
            if of_one_class(online[2], offline[2]):
                break
        assert of_one_class(online[2], offline[2])

        # She does look where there is something to see: each look-up finds it, once all directories have it.
        await_published(bob)
        looks = []

        def always_finds_it():
            looks.append(mallory.look())
            return None not in looks[-1][0] and 0 in looks[-1][1]

        await_true(always_finds_it, "each look-up to find the open door")
        note(f"open: replies {looks[-1][1]}, at the {len(looks)}. look")

        # Closed again, the service is gone: what the directories still hold leads nowhere, whether he is there or not.
        bob.irc.command("door closed")
        with bob.daemon.tor_control("bob") as control:
            await_gone(control, bob.address)
