# SPDX-License-Identifier: GPL-3.0-or-later
"""Durable end-to-end messages a second between two daemons, beside what libsodium and SQLCipher alone allow.

All sides of each figure run at once on the same machine: daemons, stand-in and clients there; both sides of the rows,
or of the cryptography, here. So what a run is compared with had the cores to itself."""

import subprocess

from people import Person, befriend
from world import QUICK, BenchDaemon, StandIn, program

MESSAGES = 3000 if QUICK else 30000
SIZE = 100
RECORD = 468


def pump(alice, bob, messages):
    done = subprocess.run(
        [program("pump"), str(alice.daemon.port), f"alice@pump:{alice.password}", "bob",
         str(bob.daemon.port), f"bob@pump:{bob.password}", str(messages), str(SIZE)],
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=True, text=True)
    return float(done.stdout)


def slowest(commands):
    """Runs them at once; the seconds that the slowest says it took."""
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
               for command in commands]
    outputs = [process.communicate()[0] for process in running]
    assert all(process.returncode == 0 for process in running), commands
    return max(float(output) for output in outputs)


def measure(work):
    """Alice's client sends to Bob's. What the run did, in a dict."""
    tor = StandIn(work / "tor")
    daemons = [BenchDaemon(work / name, tor=tor.config()).start() for name in ("alice", "bob")]
    try:
        alice, bob = Person(daemons[0], "alice"), Person(daemons[1], "bob")
        befriend(alice, bob)
        alice.irc.close()
        bob.irc.close()
        pump(alice, bob, MESSAGES // 10)  # warm
        syncs = [d.syncs() for d in daemons]
        cpu = [d.cpu_s() for d in daemons]
        carried = tor.carried()
        seconds = pump(alice, bob, MESSAGES)
        return {"seconds": seconds,
                "batch": [MESSAGES / max(1, d.syncs() - before) for d, before in zip(daemons, syncs)],
                "cpu_us": [(d.cpu_s() - before) / MESSAGES * 1e6 for d, before in zip(daemons, cpu)],
                "records": (tor.carried() - carried) / RECORD / MESSAGES}
    finally:
        for daemon in daemons:
            daemon.kill()
        tor.stop()


def measure_alone(work, figures):
    """Seconds for the same messages: of libsodium, of SQLCipher in the batches of the run."""
    crypto = slowest([[program("crypto_rate"), side, str(MESSAGES), str(SIZE), str(figures["records"])]
                      for side in ("seal", "open")])
    store = slowest([[program("store_rate"), str(work / f"{side}.db"), side, str(MESSAGES), str(SIZE), str(batch)]
                     for side, batch in zip(("send", "receive"), figures["batch"])])
    return crypto, store


def run(table, work):
    figures = measure(work)
    crypto, store = measure_alone(work, figures)
    ours = MESSAGES / figures["seconds"]
    slower = MESSAGES / max(crypto, store)
    table.row(f"messages a second, end to end, durable ({SIZE} bytes)", f"{ours:.0f}")
    table.row("  libsodium alone, both sides at once", f"{MESSAGES / crypto:.0f}")
    table.row("  SQLCipher alone, both sides at once, the same batches", f"{MESSAGES / store:.0f}")
    table.row("  messages a sync of the disk: sender, receiver", "{:.1f}, {:.1f}".format(*figures["batch"]))
    table.row("  records a message, with acks", f"{figures['records']:.2f}")
    table.row("  CPU of the daemon a message: sender, receiver", "{:.0f}, {:.0f} us".format(*figures["cpu_us"]))
    table.row("throughput / that of the slower of the two alone", f"{ours / slower:.2f}", "aim: 0.5")
