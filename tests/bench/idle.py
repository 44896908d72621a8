# SPDX-License-Identifier: GPL-3.0-or-later
"""What an idle account with many contacts online takes of a core. The contacts are accounts of one other daemon."""

import time

from people import Person, is_online
from world import QUICK, BenchDaemon, StandIn

CONTACTS = 5 if QUICK else 100
SECONDS = 5 if QUICK else 60
ONLINE_S = 300


def meet(alice, others):
    """Each adds the other, which is acceptance. Their clients then leave; the accounts stay unlocked."""
    for other in others:
        alice.irc.command(f"add {other.name} {other.address}")
        other.irc.command(f"add alice {alice.address}")
    names = [other.name for other in others]
    alice.irc.wait_for(lambda lines: all(is_online(lines, name) for name in names), ONLINE_S,
                       f"all of {len(names)} contacts to be online")
    for other in others:
        other.irc.quit()


def make_others(daemon):
    others = []
    for i in range(CONTACTS):
        others.append(Person(daemon, f"friend{i}"))
    return others


def run(table, work):
    tor = StandIn(work / "tor")
    daemons = [BenchDaemon(work / name, tor=tor.config(), irc=f"accounts_max = {CONTACTS + 1}").start()
               for name in ("alice", "others")]
    try:
        alice = Person(daemons[0], "alice")
        meet(alice, make_others(daemons[1]))
        time.sleep(1 if QUICK else 10)  # what follows a first meeting is over
        syncs, cpu_ns, carried, start = (daemons[0].syncs(), daemons[0].cpu_ns(), tor.carried(),
                                         time.monotonic())
        time.sleep(SECONDS)
        wall = time.monotonic() - start
        share = (daemons[0].cpu_ns() - cpu_ns) / 1e9 / wall
        records = (tor.carried() - carried) / 468 / wall
        alice.irc.fence()
        online = sum(is_online(alice.irc.lines, f"friend{i}") for i in range(CONTACTS))
        table.row(f"an idle daemon, {online} contacts online, {wall:.0f} s: of a core", f"{100 * share:.3f} %",
                  "aim: 0.1 %")
        table.row("  records a second, both ways; syncs of the disk",
                  f"{records:.1f}, {daemons[0].syncs() - syncs}")
        table.row("  resident", f"{daemons[0].memory_kib() / 1024:.1f} MB")
    finally:
        for daemon in daemons:
            daemon.kill()
        tor.stop()
