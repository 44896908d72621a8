# SPDX-License-Identifier: GPL-3.0-or-later
"""A line to the peer's client and an answer back, over a private Tor network, beside a bare echo behind an onion there
and the commits that lie in the way; and how many cells a line and its ack take, as the relays count them."""

import socket
import time

from cells import CellCounter
from echo import Echo
from people import Person, befriend
from throughput import slowest
from tornet import TorNet
from world import QUICK, BenchDaemon, median, program

TRIPS = 10 if QUICK else 200
BLOCKS, LINES = (2, 10) if QUICK else (5, 40)  # a circuit may break; not in most blocks
TEXT = "x" * 280  # with the number before it, a line of 300 bytes at most
PAUSE_S = 0.1     # in which a line arrives and is acked, so that the next has a cell of its own
COMMITS = 200
PATIENCE_S = 200  # until a link whose circuit broke is replaced


class Plain:
    """A client on a blocking socket: no thread whose waking would be measured too."""

    def __init__(self, person, name):
        self.sock = socket.create_connection(person.daemon.address, timeout=PATIENCE_S)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.sock.makefile("rb")
        self.send(f"PASS {person.name}@{name}:{person.password}\r\nNICK {person.name}\r\n"
                  f"USER x 0 * :x\r\nPING ready")
        self.await_line(lambda words: words[1:2] == [b"PONG"])

    def send(self, text):
        self.sock.sendall(text.encode() + b"\r\n")

    def await_line(self, wanted):
        for line in self.lines:
            words = line.split()
            if words[0] == b"PING":
                self.sock.sendall(b"PONG " + words[1] + b"\r\n")
            elif wanted(words):
                return
        raise ConnectionError("the daemon closed the connection")

    def await_text(self, number):
        self.await_line(lambda words: words[1] == b"PRIVMSG" and words[3] == b":%d" % number)


def trip(alice, bob, number):
    start = time.monotonic()
    alice.send(f"PRIVMSG bob :{number} {TEXT}")
    bob.await_text(number)
    bob.send(f"PRIVMSG alice :{number} {TEXT}")
    alice.await_text(number)
    return time.monotonic() - start


def commits_s(work):
    """What the four commits in the way of a line and its answer cost: each is accepted, and received. With the same
    rows, by SQLCipher alone, while nothing else runs."""
    cost = 0
    for side in ("send", "receive"):
        cost += 2 * slowest([[program("store_rate"), str(work / f"{side}.db"), side, str(COMMITS), "300", "1"]])
    return cost / COMMITS


def busiest(counter, before):
    """The cells a line of the circuits that have carried a block: (more, fewer) by direction, for each relay."""
    found = [both for both in counter.since(before).values() if min(both) >= LINES // 2]
    return sorted((max(both) / LINES, min(both) / LINES) for both in found)


def count_block(counter, alice, bob, first):
    before = counter.snapshot()
    for number in range(first, first + LINES):
        alice.send(f"PRIVMSG bob :{number} {TEXT}")
        bob.await_text(number)
        time.sleep(PAUSE_S)
    time.sleep(3)  # relays tell once a second
    return busiest(counter, before)


def count_cells(net, alice, bob):
    """Of each block what the relay in the middle of the order has counted; of these the one in the middle."""
    counter = CellCounter(net)
    try:
        time.sleep(2)
        blocks = [count_block(counter, alice, bob, 100000 + i * LINES) for i in range(BLOCKS)]
    finally:
        counter.stop()
    return [median(block) for block in blocks if block]


def measure(net, daemons, work):
    people = [Person(daemon, daemon.dir.name) for daemon in daemons]
    befriend(*people)
    for person in people:
        person.irc.close()
    alice, bob = (Plain(person, "plain") for person in people)
    echo = Echo(work / "e", net)
    try:
        for i in range(5):  # warm
            trip(alice, bob, 200000 + i)
            echo.trip()
        syncs = sum(daemon.syncs() for daemon in daemons)
        ours, bare = [], []
        for i in range(TRIPS):
            ours.append(trip(alice, bob, i))
            bare.append(echo.trip())
        syncs = sum(daemon.syncs() for daemon in daemons) - syncs
        return ours, bare, syncs / TRIPS, count_cells(net, alice, bob)
    finally:
        echo.stop()


def run(table, work):
    net = TorNet(work / "net")
    daemons = []
    try:
        net.start()
        torrc = work / "client.torrc"
        torrc.write_text(net.client_torrc)
        for name in ("alice", "bob"):
            daemons.append(BenchDaemon(work / name, torrc).start())
        ours, bare, syncs, cells = measure(net, daemons, work)
    finally:
        for daemon in daemons:
            daemon.kill()
        net.stop()
    commits = commits_s(work)
    slowest_trip, ours, bare = max(ours), median(ours), median(bare)
    table.row(f"round trip of a line and its answer, p50 of {TRIPS}", f"{1000 * ours:.1f} ms")
    table.row("  the slowest", f"{1000 * slowest_trip:.0f} ms")
    table.row("  of a bare echo, in turn with it", f"{1000 * bare:.1f} ms")
    table.row("  four commits, by SQLCipher alone", f"{1000 * commits:.1f} ms")
    table.row("  syncs of the disk a round trip, of both, acks included", f"{syncs:.1f}")
    table.row("what is left of a round trip", f"{1000 * (ours - bare - commits):.1f} ms", "aim: 5 ms")
    if not cells:
        table.row("no relay has seen the lines' circuit", "-")
        return
    more, fewer = median(cells)
    table.row("cells a line of 300 bytes and its ack, one way and the other, at a relay",
              f"{more:.2f}, {fewer:.2f}", "aim: 1, 1")
