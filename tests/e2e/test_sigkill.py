# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGKILL at random moments under traffic: nothing accepted is lost, doubled or reordered."""

import os
import random
import time

from people import TOR_S, Person, await_fenced, befriend

ROUNDS = 6
LINES = 15


class Talker:
    """Sends numbered lines and keeps count of those that the daemon has surely accepted: those that
    a later PONG stands behind. A line that died with the daemon is never sent again."""

    def __init__(self, person, other):
        self.person, self.other = person, other
        self.number, self.pending, self.accepted = 0, [], []

    def fire(self, count):
        """Lines without waiting for anything."""
        for _ in range(count):
            self.number += 1
            self.pending.append(self.number)
            self.person.irc.say(self.other.name, f"{self.person.name}-{self.number}")

    def fence(self):
        """What is pending is accepted once the PONG is here."""
        self.person.irc.fence()
        self.accepted += self.pending
        self.pending = []

    def burst(self, count):
        for _ in range(count):
            self.fire(1)
            self.fence()

    def restart(self):
        """The daemon was killed: whatever is pending may have been accepted, or not."""
        self.pending = []


class Listener:
    """All that the clients of a person were ever shown from another, by message id."""

    def __init__(self, person, other):
        self.person, self.other = person, other
        self.clients = [person.irc]

    def messages(self):
        seen = {}
        for irc in self.clients:
            for line in list(irc.lines):
                if line.command == "PRIVMSG" and line.nick == self.other.name:
                    seen.setdefault(line.tags["msgid"], line.text)
        return list(seen.values())

    def numbers(self):
        return [int(text.rpartition("-")[2]) for text in self.messages()]

    def reattach(self):
        self.clients.append(self.person.reattach())


def await_arrival(listener, talker):
    """Every accepted line is there. What was accepted last comes last, so its arrival is the event."""
    listener.person.await_message(listener.other, f"{talker.person.name}-{talker.accepted[-1]}",
                                  2 * TOR_S)
    lost = set(talker.accepted) - set(listener.numbers())
    assert not lost, f"lost: {sorted(lost)}"


def test_sigkill_under_traffic_loses_doubles_and_reorders_nothing(new_daemon, torrc):
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    print(f"SEED={seed}")
    rng = random.Random(seed)
    alice = Person(new_daemon("alice", torrc), "alice")
    bob = Person(new_daemon("bob", torrc), "bob")
    befriend(alice, bob)
    talkers = [Talker(alice, bob), Talker(bob, alice)]
    listeners = [Listener(bob, alice), Listener(alice, bob)]

    for _ in range(ROUNDS):
        for talker in talkers:
            talker.burst(rng.randrange(LINES))
            talker.fire(LINES)
        # Lines are in flight in both directions: a moment of their way is picked, not waited for.
        time.sleep(rng.uniform(0, 0.3))
        victims = rng.choice([[alice], [bob], [alice, bob]])
        for victim in victims:
            victim.daemon.kill()
        for victim in victims:
            victim.daemon.start()
            next(one for one in listeners if one.person is victim).reattach()
            next(one for one in talkers if one.person is victim).restart()
        for talker in talkers:
            talker.fence()

    for talker in talkers:
        talker.burst(1)
    for listener, talker in zip(listeners, talkers):
        await_arrival(listener, talker)
        await_fenced(listener.person.irc)
        numbers = listener.numbers()
        assert len(numbers) == len(set(numbers)), "doubled"
        assert numbers == sorted(numbers), "reordered"
