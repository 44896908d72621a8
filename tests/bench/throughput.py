# SPDX-License-Identifier: GPL-3.0-or-later
"""Durable end-to-end messages a second between two daemons, beside what libsodium and SQLCipher alone allow.

Both sides of each figure run at once on the same machine: daemons, with stand-in and clients, in one; nothing but the
rows, or the cryptography, in the others. They take turns, so that what else the machine does weighs on all of them."""

import subprocess

from people import Person, befriend
from world import QUICK, BenchDaemon, StandIn, median, program

ROUNDS = 1 if QUICK else 5
MESSAGES = 2000 if QUICK else 10000  # a round
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
    return max(float(output.split()[0]) for output in outputs)


class Pair:
    """Alice and Bob on a daemon each, over the stand-in. Alice's client sends to Bob's."""

    def __init__(self, work):
        self.tor = StandIn(work / "tor")
        self.daemons = []
        try:
            self._start(work)
        except BaseException:
            self.stop()
            raise

    def _start(self, work):
        for name in ("alice", "bob"):
            self.daemons.append(BenchDaemon(work / name, tor=self.tor.config()).start())
        self.people = [Person(daemon, daemon.dir.name) for daemon in self.daemons]
        befriend(*self.people)
        for person in self.people:
            person.irc.close()
        pump(*self.people, MESSAGES // 10)  # warm

    def stop(self):
        for daemon in self.daemons:
            daemon.kill()
        self.tor.stop()

    def measure(self):
        """One round: what it did, in a dict."""
        commits = [d.commits() for d in self.daemons]
        cpu = [d.cpu_ns() for d in self.daemons]
        carried = self.tor.carried()
        seconds = pump(*self.people, MESSAGES)
        return {"seconds": seconds,
                "batches": [MESSAGES / max(1, d.commits() - before)
                            for d, before in zip(self.daemons, commits)],
                "cpu_us": [(d.cpu_ns() - before) / MESSAGES / 1e3 for d, before in zip(self.daemons, cpu)],
                "records": (self.tor.carried() - carried) / RECORD / MESSAGES}


def measure_alone(path, figures):
    """Adds the seconds for the same messages of libsodium, and of SQLCipher in the batches of the round."""
    figures["crypto"] = slowest(
        [[program("crypto_rate"), side, str(MESSAGES), str(SIZE), str(figures["records"])]
         for side in ("seal", "open")])
    figures["store"] = slowest(
        [[program("store_rate"), f"{path}-{side}.db", side, str(MESSAGES), str(SIZE), str(batch)]
         for side, batch in zip(("send", "receive"), figures["batches"])])
    figures["ratio"] = max(figures["crypto"], figures["store"]) / figures["seconds"]


def run(table, work):
    rounds = []
    pair = Pair(work)
    try:
        for i in range(ROUNDS):
            rounds.append(pair.measure())
            measure_alone(work / str(i), rounds[-1])
    finally:
        pair.stop()
    figures = {key: median([r[key] for r in rounds]) for key in rounds[0]}
    rate = {key: f"{MESSAGES / figures[key]:.0f}" for key in ("seconds", "crypto", "store")}
    table.row(f"messages a second, end to end, durable ({SIZE} bytes)", rate["seconds"])
    table.row("  libsodium alone, both sides at once", rate["crypto"])
    table.row("  SQLCipher alone, both sides at once, the same batches", rate["store"])
    table.row("  messages a commit: sender, receiver", "{:.1f}, {:.1f}".format(*figures["batches"]))
    table.row("  records a message, with acks", f"{figures['records']:.2f}")
    table.row("  CPU of the daemon a message: sender, receiver", "{:.0f}, {:.0f} us".format(*figures["cpu_us"]))
    table.row(f"throughput / that of the slower of the two alone (median of {ROUNDS})",
              f"{figures['ratio']:.2f}", "aim: 0.5")
