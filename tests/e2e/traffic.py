# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbered lines between two people, and the proof that each arrived once and in order."""

import time

from people import TOR_S, await_fenced

AUDIT = "audit"      # a client that is away all the time; at the end it is shown everything at once
ASK_AGAIN_S = 0.2


class Talker:
    """Sends numbered lines, each with a PING behind it, and keeps those whose PONG came: they are what
    the daemon has accepted. A line that died with the daemon unanswered is never said again."""

    def __init__(self, person, other):
        self.person, self.other = person, other
        self.number, self.accepted = 0, set()

    def fire(self, count):
        """Lines without waiting for anything."""
        for _ in range(count):
            self.number += 1
            self.person.irc.say(self.other.name, f"{self.person.name}-{self.number}")
            self.person.irc.send(f"PING said-{self.number}")

    def fence(self):
        """Until all of them are accepted."""
        self.person.irc.fence()
        self.collect(self.person.irc)

    def burst(self, count):
        """One at a time."""
        for _ in range(count):
            self.fire(1)
            self.fence()

    def collect(self, irc):
        for line in list(irc.lines):
            if line.command == "PONG" and line.text.startswith("said-"):
                self.accepted.add(int(line.text[len("said-"):]))


class Listener:
    """What the clients of a person were shown from another."""

    def __init__(self, person, other):
        self.person, self.other = person, other
        self.clients = [person.irc]
        person.attach(AUDIT, auto_pong=False).close()

    def numbers(self, irc):
        return [int(text.rpartition("-")[2]) for text in irc.messages(source=self.other.name)]

    def reattach(self):
        self.clients.append(self.person.reattach())

    def await_number(self, number):
        """Until the client that is attached now is shown that line, or a later one."""
        self.person.irc.wait_for(
            lambda _: any(n >= number for n in self.numbers(self.person.irc)), TOR_S,
            f"{self.other.name}-{number}")

    def replay(self, last):
        """What the client is shown that has been away since the beginning."""
        irc = self.person.attach(AUDIT)
        self.person.irc, attached = irc, self.person.irc
        self.await_number(last)
        self.person.irc = attached
        irc.fence()
        shown = self.numbers(irc)
        irc.close()
        return shown


class Stream:
    """One direction: its talker, and the listener at the other end."""

    def __init__(self, source, target):
        self.talker, self.listener = Talker(source, target), Listener(target, source)

    def await_all(self):
        """What was said last comes last, so its arrival is the event."""
        self.listener.await_number(max(self.talker.accepted))

    def check(self, lost=()):
        """Nothing missing but what a test knows to be lost, nothing twice, nothing out of order:
        by every live client, and by the replay, which is returned."""
        self.await_all()
        await_fenced(self.listener.person.irc)
        replay = self.listener.replay(max(self.talker.accepted))
        for shown in [replay] + [self.listener.numbers(irc) for irc in self.listener.clients]:
            assert len(shown) == len(set(shown)), f"doubled: {doubled(shown)}"
            assert shown == sorted(shown), f"reordered: {shown}"
            assert set(shown) <= set(range(1, self.talker.number + 1)), "never said"
        missing = self.talker.accepted - set(replay) - set(lost)
        assert not missing, f"lost: {sorted(missing)}"
        await_empty_queue(self.talker.person.irc, self.talker.other.name)
        return replay


def doubled(numbers):
    return sorted(n for n in set(numbers) if numbers.count(n) > 1)


def await_empty_queue(irc, nick):
    """Acks come over Tor, and no line tells of them where nothing had to wait: asks until it is so."""
    deadline = time.monotonic() + TOR_S
    while True:
        irc.send(f"WHOIS {nick}")
        if any(line.command == "320" and "queue: empty" in line.text for line in irc.fence()):
            return
        assert time.monotonic() < deadline, f"the queue to {nick} never drains"
        time.sleep(ASK_AGAIN_S)


class Pair:
    """Two contacts and both directions between them."""

    def __init__(self, alice, bob):
        self.people = (alice, bob)
        self.streams = (Stream(alice, bob), Stream(bob, alice))

    def fire(self, count):
        for stream in self.streams:
            stream.talker.fire(count)

    def fence(self):
        for stream in self.streams:
            stream.talker.fence()

    def exchange(self, count):
        """Lines in both directions, until all of them have arrived."""
        self.fire(count)
        self.fence()
        self.await_all()

    def await_all(self):
        for stream in self.streams:
            stream.await_all()

    def settle(self):
        """Until everything is acked, and fenced by the clients."""
        for stream in self.streams:
            await_empty_queue(stream.talker.person.irc, stream.talker.other.name)
            await_fenced(stream.listener.person.irc)

    def attach(self, person):
        """The person's daemon was ended and started again, and its client comes back."""
        person.irc.expect_close()
        self.said_by(person).collect(person.irc)
        self.heard_by(person).reattach()

    def said_by(self, person):
        return next(s.talker for s in self.streams if s.talker.person is person)

    def heard_by(self, person):
        return next(s.listener for s in self.streams if s.listener.person is person)

    def check(self):
        for stream in self.streams:
            stream.check()
