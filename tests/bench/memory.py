# SPDX-License-Identifier: GPL-3.0-or-later
"""An account with many contacts and lines: what unlocking it takes beside the password hash, and how much memory; and
the memory of clients that are attached and idle.

The hash is measured by the login to another, empty account of the same daemon, in turn with the full one."""

import subprocess
import time

from crowd import Crowd, Key
from ircclient import IrcClient
from people import Person
from world import QUICK, BenchDaemon, StandIn, median, program

CONTACTS = 200 if QUICK else 10000
LINES = 10000 if QUICK else 1000000
TIMES = 3 if QUICK else 5
LONG_S = 120
CLIENTS = 100 if QUICK else 1000


def account_dir(daemon, name):
    for line in (daemon.state / "index").read_text().splitlines():
        if line.split()[0] == name:
            return daemon.state / "accounts" / line.split()[1]
    raise AssertionError(f"no account {name}")


def unlock_s(daemon, name):
    """From the password until everything that a login brings has come; then the account is locked again."""
    irc = IrcClient(daemon.address)
    start = time.monotonic()
    irc.login(name, password=f"{name}:{name}-password", timeout_s=LONG_S)
    irc.fence(LONG_S)
    took = time.monotonic() - start
    irc.command("logout")
    irc.expect(r"NOTICE \S+ :", LONG_S)
    irc.fence(LONG_S)
    irc.close()
    return took


def prepare(daemon):
    for name in ("alice", "bob"):
        Person(daemon.start() if not daemon.running() else daemon, name).irc.quit()
    daemon.stop()
    subprocess.run([program("fill_store"), str(account_dir(daemon, "alice")), "alice-password", str(CONTACTS),
                    str(LINES)], check=True, stdin=subprocess.DEVNULL)
    daemon.start()


def dialled(daemon):
    """Alice logged in, and time for a first dial to everybody: the most that the daemon holds, without a hash."""
    alice = daemon.login("alice", "alice-password", timeout_s=LONG_S)
    alice.fence(LONG_S)
    at_once = daemon.memory_kib()
    highest = at_once
    end = time.monotonic() + (2 if QUICK else 12)
    while time.monotonic() < end:
        highest = max(highest, daemon.memory_kib())
        time.sleep(0.1)
    alice.fence(LONG_S)
    alice.close()
    return at_once, highest


def idle_clients(table, work):
    """Of one account, over plain TCP; the first ones have made room for what all of them share."""
    daemon = BenchDaemon(work / "idle").start()
    crowd = Crowd(daemon.address)
    try:
        alice = Person(daemon, "alice")
        key = Key(alice.name, alice.password)
        crowd.attach(key, 50)
        before = daemon.memory_kib()
        crowd.attach(key, CLIENTS)
        alice.irc.fence()
        table.row(f"resident, for each of {CLIENTS} idle clients of one account",
                  f"{(daemon.memory_kib() - before) / CLIENTS:.2f} KB", "aim: 4 KB")
    finally:
        crowd.close()
        daemon.kill()


def run(table, work):
    idle_clients(table, work)
    many_contacts(table, work)


def many_contacts(table, work):
    tor = StandIn(work / "tor")
    daemon = BenchDaemon(work / "d", tor=tor.config())
    try:
        prepare(daemon)
        empty_kib = daemon.memory_kib()
        pairs = [(unlock_s(daemon, "bob"), unlock_s(daemon, "alice")) for _ in range(TIMES)]
        at_once, highest = dialled(daemon)
        empty, full = (median(times) for times in zip(*pairs))
        table.row(f"login to an empty account: the password hash and little else ({TIMES} times)",
                  f"{empty:.3f} s")
        table.row(f"login with {CONTACTS} contacts, {LINES} lines: seconds more", f"{full - empty:.3f} s",
                  "aim: 1 s")
        table.row("  resident: before any login, after it", f"{empty_kib / 1024:.1f}, {at_once / 1024:.1f} MB",
                  "aim: 64 MB")
        table.row("  resident, the most while everybody is dialled", f"{highest / 1024:.1f} MB", "aim: 64 MB")
    finally:
        daemon.kill()
        tor.stop()
