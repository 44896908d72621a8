# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that are killed while they are shown what they have missed: at random points (CLIENT_KILLS of them, 20; SEED),
in the middle of a line, before the answer to a fence, after it; and those that share a name, talk meanwhile, read
slowly, or ask for history themselves. Nothing is ever missed; what repeats lies behind the last fence that was
answered. Tor is off."""

import os
import random
import re
import socket
import struct

import pytest

from ircclient import TIMEOUT_S, Line
from people import Person, await_fenced

KILLS = int(os.environ.get("CLIENT_KILLS", 20))
SAID = re.compile(r"\bn-(\d+)$")
SAID_S = 120                    # 8000 lines take a second, and eight on a busy machine
READ = 700                      # bytes at a time, so that lines are cut anywhere
FLAVOURS = {
    "plain": (),
    "tags": ("message-tags", "server-time"),
    "echo": ("message-tags", "server-time", "echo-message", "labeled-response", "batch"),
}


class Killed(Exception):
    """The end of a life."""


class Writer:
    """Says n-1, n-2, ... to itself, for its other clients."""

    def __init__(self, person, before=""):
        self.person, self.before, self.said = person, before, 0

    def say(self, count):
        for _ in range(count):
            self.said += 1
            self.person.irc.say(self.person.name, f"{self.before}n-{self.said}")


class Victim:
    """A client of one name over its lives. It knows what it was shown, and which fences it has answered."""

    def __init__(self, writer, flavour, rng):
        self.writer, self.person, self.flavour, self.rng = writer, writer.person, flavour, rng
        self.seen = {}          # n: its msgid and time
        self.answered = {0}     # the last n before each PING that was answered
        self.cursor = 0         # where its last life began
        self.lives = 0
        self.calm = False       # does it live on until it has everything?

    def live(self, kill_after):
        """A life that ends after so many bytes, or at a PING, or at the fence behind the last line."""
        person = self.person
        caps = "".join(f"CAP REQ :{cap}\r\n" for cap in FLAVOURS[self.flavour])
        self.socket = socket.create_connection(person.daemon.address, timeout=TIMEOUT_S)
        self.send(f"{caps}PASS :{person.name}@{self.flavour}:{person.password}\r\nNICK {person.name}\r\n"
                  f"USER {person.name} 0 * :x\r\nCAP END\r\n")
        self.shown = []
        self.lives += 1
        try:
            self.read(kill_after)
        except Killed:
            pass
        if self.rng.random() < 0.5:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
        self.check()

    def send(self, text):
        self.socket.sendall(text.encode())

    def read(self, left):
        pending = b""
        while left > 0:
            try:
                data = self.socket.recv(min(left, self.rng.randint(1, READ)))
            except TimeoutError:
                raise AssertionError(f"nothing comes behind n-{max(self.shown, default=self.cursor)}, "
                                     f"though n-{self.writer.said} was said") from None
            assert data, f"the server closed the connection after {self.shown[-3:]}"
            left -= len(data)
            *lines, pending = (pending + data).split(b"\r\n")
            for line in lines:
                self.on_line(Line(line.decode()))

    def on_line(self, line):
        if line.command == "PING":
            self.on_fence(line.text)
        elif line.command == "JOIN" and self.writer.said == 0:
            raise Killed
        elif line.command == "PRIVMSG" and self.rng.random() < 0.05 and self.flavour != "echo":
            self.send(f"PRIVMSG {self.person.name} :{self.own_words()}\r\n")
        match = SAID.search(line.text)
        if line.command == "PRIVMSG" and match:
            self.on_said(int(match[1]), line.tags)
        assert self.own_words() not in line.text, "its own words come back"

    def own_words(self):
        """What it says in this life; what it said in an earlier one may be heard after its death only, as another's."""
        return f"own-{self.flavour}-{self.lives}-"

    def on_said(self, n, tags):
        what = (tags.get("msgid"), tags.get("time"))
        assert self.seen.setdefault(n, what) == what, f"n-{n} comes again with another id or time"
        assert (what[0] is not None) == (self.flavour != "plain")
        self.shown.append(n)

    def on_fence(self, token):
        """Lines may be on their way when the answer comes; they are not behind the fence."""
        before = self.shown[-1] if self.shown else self.cursor
        fate = 0.5 if self.calm else self.rng.random()
        if fate < 0.15:
            raise Killed
        if fate < 0.3:
            self.writer.say(self.rng.randint(1, 60))
            self.writer.person.irc.fence()
        self.send(f"PONG :{token}\r\n")
        self.answered.add(before)
        if before == self.writer.said or fate > 0.85 or 0.2 < fate < 0.3:
            raise Killed

    def check(self):
        if not self.shown:
            return
        begin = self.shown[0] - 1
        assert self.shown == list(range(begin + 1, self.shown[-1] + 1)), "not in order, not all, or twice in one life"
        assert begin in self.answered, f"began behind {begin}, which is no fence that was answered"
        assert begin >= self.cursor, f"went back from {self.cursor} to {begin}"
        self.cursor = begin


@pytest.fixture
def alice(new_daemon):
    return Person(new_daemon("alice"), "alice")


def test_a_client_that_is_killed_anywhere_misses_nothing_and_repeats_only_what_it_has_not_fenced(alice, note):
    seed = int(os.environ.get("SEED", random.randrange(1 << 24)))
    note(f"SEED={seed} CLIENT_KILLS={KILLS}")
    rng = random.Random(seed)
    writer = Writer(alice)
    victims = [Victim(writer, flavour, rng) for flavour in FLAVOURS]
    for victim in victims:
        victim.live(1 << 30)    # its cursor begins here
    for _ in range(KILLS):
        writer.say(rng.choice((0, 1, 10, 49, 50, 51, 120)))
        if rng.random() < 0.1:
            alice.irc.fence()
            alice.daemon.kill()
            alice.daemon.start()
            alice.reattach()
        writer.say(rng.randint(1, 20))
        victim = rng.choice(victims)
        victim.live(rng.choice((1 << 30, rng.randint(1, 4000 + 150 * (writer.said - victim.cursor)))))
    for victim in victims:
        victim.calm = True
        writer.say(1)           # so that something comes also to one that has had everything
        victim.live(1 << 30)
        assert set(victim.seen) == set(range(1, writer.said + 1))
    note(f"{writer.said} lines, {sum(victim.lives for victim in victims)} lives")


def said_to(irc):
    return [int(match[1]) for line in irc.lines if line.command == "PRIVMSG" and (match := SAID.search(line.text))]


def await_said(irc, n):
    irc.wait_for(lambda _: said_to(irc)[-1:] == [n], SAID_S, f"n-{n}")


def test_of_two_clients_of_one_name_each_gets_every_line_and_the_slower_one_says_what_comes_again(alice):
    writer = Writer(alice)
    quick, slow = alice.attach("twin"), alice.attach("twin", auto_pong=False)
    writer.say(70)
    for twin in (quick, slow):
        await_said(twin, 70)
        assert said_to(twin) == list(range(1, 71))
    await_fenced(quick)
    quick.close()
    slow.close()

    back = alice.attach("twin")
    await_said(back, 70)
    await_fenced(back)
    assert said_to(back) == list(range(1, 71))
    back.quit()
    writer.say(1)
    again = alice.attach("twin")
    await_said(again, 71)
    assert said_to(again) == [71]


def test_who_talks_while_it_is_shown_what_it_has_missed_is_not_told_its_own_words(alice):
    writer = Writer(alice)
    alice.attach("talker").quit()
    writer.say(200)
    alice.irc.fence()
    talker = alice.attach("talker", auto_pong=False)
    fence = talker.expect(r"PING :(\S+)$")[1]
    for n in range(100):
        talker.say("alice", f"own-{n}")
    talker.fence()
    talker.auto_pong = True
    talker.send(f"PONG :{fence}")
    await_said(talker, 200)
    await_fenced(talker)
    assert said_to(talker) == list(range(1, 201)) and not any("own-" in text for text in talker.messages())
    assert alice.irc.messages()[-1] == "own-99"


class Slow:
    """Logs in, reads up to its JOIN, and then only when it is told to."""

    def __init__(self, person):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(person.daemon.address)
        self.file = self.socket.makefile("rb")
        self.said = []
        self.send(f"PASS :{person.name}@slow:{person.password}", f"NICK {person.name}", f"USER {person.name} 0 * :x")
        while b" JOIN " not in self.file.readline():
            pass

    def send(self, *lines):
        self.socket.sendall("".join(line + "\r\n" for line in lines).encode())

    def read(self, last):
        while self.said[-1:] != [last]:
            line = Line(self.file.readline().decode().rstrip("\r\n"))
            if line.command == "PING":
                self.send(f"PONG :{line.text}")
            match = SAID.search(line.text)
            if line.command == "PRIVMSG" and match:
                self.said.append(int(match[1]))


def test_who_reads_slowly_gets_everything_later_and_others_at_once(alice):
    """Far more than fits into the buffers between: the rest comes from the store."""
    writer = Writer(alice, "garlic " * 50)
    quick, slow = alice.attach("quick"), Slow(alice)
    writer.say(8000)
    await_said(quick, 8000)
    slow.read(8000)
    assert said_to(quick) == slow.said == list(range(1, 8001))
    writer.say(1)
    slow.read(8001)
    assert slow.said[-2:] == [8000, 8001]


def test_who_asks_for_history_is_not_replayed_to_and_gets_the_same_lines(alice):
    caps = ("message-tags", "server-time", "batch", "draft/chathistory")
    writer = Writer(alice)
    login = {"password": f"alice@reader:{alice.password}", "caps": caps}
    reader = alice.daemon.connect().login("alice", **login)
    reader.expect(" JOIN :?&contacts")
    writer.say(3)
    await_said(reader, 3)
    await_fenced(reader)
    reader.close()

    writer.say(60)
    alice.irc.fence()
    reader = alice.daemon.connect().login("alice", **login)
    reader.expect(" JOIN :?&contacts")
    writer.say(1)
    await_said(reader, 64)
    assert said_to(reader) == [64]
    reader.send("CHATHISTORY LATEST alice * 100")
    reader.expect(r"BATCH \+\S+ chathistory alice")
    reader.expect(r"BATCH -")
    history = [line for line in reader.lines if "batch" in line.tags and line.command == "PRIVMSG"]
    assert [int(SAID.search(line.text)[1]) for line in history] == list(range(1, 65))
    live = next(line for line in reader.lines if line.command == "PRIVMSG" and "batch" not in line.tags)
    assert (live.tags["msgid"], live.tags["time"]) == (history[-1].tags["msgid"], history[-1].tags["time"])
