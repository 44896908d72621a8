# SPDX-License-Identifier: GPL-3.0-or-later
"""The IRC side, held against ngIRCd, BitlBee and a bare relay in the same run, with one load generator (ircload.c).

Registrations, the CPU of the server for a line, and how long an answer takes at 200 lines a second. What is stored is
held against the bare transactions of SQLCipher (store_rate.c), in the batches that the daemon made, plus what ngIRCd
takes to hand a line on. Servers take turns, so that what else the machine does weighs on all of them."""

import subprocess

from people import Person
from servers import start_bitlbee, start_ngircd, start_relay
from world import QUICK, BenchDaemon, median, program

ROUNDS = 1 if QUICK else 3
REGISTRATIONS = 200 if QUICK else 2000
SLOW_REGISTRATIONS = 100 if QUICK else 500  # of those whose backlog holds ten
LINES = 2000 if QUICK else 20000
ALONE = 500 if QUICK else 5000  # one at a time
PACED = 100 if QUICK else 600
RATE = 200
WINDOW = 256
SIZE = 80  # of the text that ircload says
# Who talks to whom; elsewhere it is Carol to Dave.
PEOPLE = {"allium": ("alice@a/alice-password", "alice@b/alice-password")}

NO_LIMITS = "flood_rate = 0\nstranger_rate = 0\n"


class Ours(BenchDaemon):
    """Alice has clients, and messages wait for Bob. Nothing limits how fast a client may talk. Each round has a new
    one: what a client had missed in the round before would be sent to it while something else is measured."""

    name = "allium"

    def __init__(self, directory):
        super().__init__(directory, irc=NO_LIMITS)
        self.start()
        alice, bob = Person(self, "alice"), Person(self, "bob")
        alice.irc.command(f"add bob {bob.address}")
        alice.irc.fence()
        alice.irc.quit()
        bob.irc.quit()


def load(server, *args):
    """What ircload prints, and the nanoseconds of CPU and the commits that the server took meanwhile."""
    with subprocess.Popen([program("ircload"), args[0], str(server.port), *map(str, args[1:])],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == "ready\n"
        commits = server.commits() if isinstance(server, Ours) else 0
        before = server.cpu_ns()
        running.stdin.write("go\n")
        running.stdin.flush()
        figures = [float(word) for word in running.stdout.readline().split()]
        cpu = server.cpu_ns() - before
        commits = (server.commits() if isinstance(server, Ours) else 0) - commits
    assert running.returncode == 0 and figures, (server.name, args)
    return figures, cpu, commits


def registrations(server, at_once):
    count = SLOW_REGISTRATIONS if server.name in ("ngIRCd", "BitlBee") and at_once > 10 else REGISTRATIONS
    return count / load(server, "register", count, at_once)[0][0]


def talk(server, kind, *logins):
    """CPU of a line in batches and one at a time, in us; p50 at RATE, in us; lines a commit in batches."""
    _, batched, commits = load(server, "talk", kind, LINES, WINDOW, 0, *logins)
    _, alone, _ = load(server, "talk", kind, ALONE, 1, 0, *logins)
    paced, _, _ = load(server, "talk", kind, PACED, WINDOW, RATE, *logins)
    return {"batched": batched / LINES / 1e3, "alone": alone / ALONE / 1e3, "p50": paced[1],
            "batch": LINES / max(1, commits)}


def bare(path, kind, batch):
    """The same of SQLCipher's transactions and nothing else."""
    def rate(messages, *how):
        done = subprocess.run([program("store_rate"), f"{path}-{len(how)}-{how[0]:.0f}.db", kind, str(messages),
                               str(SIZE), *map(str, how)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              check=True, text=True)
        _, cpu, p50 = map(float, done.stdout.split())
        return cpu / messages * 1e6, p50
    return {"batched": rate(LINES, batch)[0], "alone": rate(ALONE, 1)[0], "p50": rate(PACED, 1, RATE)[1]}


def one_round(servers, path):
    """{(what, of whom): figures}"""
    found = {}
    for server in servers:
        for at_once in (4, 64):
            found[f"register {at_once}", server.name] = {"rate": registrations(server, at_once)}
        # Of what is pipelined, BitlBee loses lines now and then; and who is there is alone.
        if server.name != "BitlBee":
            found["ping", server.name] = talk(server, "ping", "carol")
            found["relayed", server.name] = talk(server, "self", *PEOPLE.get(server.name, ("carol", "dave")))
    ours = servers[0]
    found["tag", "allium"] = talk(ours, "tag", *PEOPLE["allium"])
    found["queued", "allium"] = talk(ours, "301:bob", PEOPLE["allium"][0])
    for what, kind in (("relayed", "note"), ("queued", "queue")):
        found[what, "bare"] = bare(path / kind, kind, found[what, "allium"]["batch"])
    return found


class Figures:
    """Medians over the rounds."""

    def __init__(self, rounds):
        self.rounds = rounds

    def get(self, what, who, key):
        values = [r[what, who][key] for r in self.rounds if (what, who) in r]
        return median(values) if values else None

    def ratio(self, what, key, over, times=1.0):
        """Of ours to the sum of what others take; "-" where one of them is not there."""
        parts = [self.get(w, who, key) for w, who in over]
        if None in parts:
            return "-"
        return f"{self.get(what, 'allium', key) / (times * sum(parts)):.2f}"


def show(table, figures, names):
    def row(what, key, title, form):
        values = [figures.get(what, name, key) for name in names]
        table.row(f"  {title}: {', '.join(names)}", ", ".join("-" if v is None else form.format(v) for v in values))

    for at_once in (4, 64):
        row(f"register {at_once}", "rate", f"registrations a second, {at_once} at once", "{:.0f}")
        table.row(f"registrations / ngIRCd's, {at_once} at once",
                  figures.ratio(f"register {at_once}", "rate", [(f"register {at_once}", "ngIRCd")]), "aim: 1.0, more is better")
    for what, title in (("ping", "PING"), ("relayed", "PRIVMSG, stored by us alone")):
        row(what, "batched", f"us of CPU, {title}, in batches", "{:.2f}")
        row(what, "alone", f"us of CPU, {title}, one at a time", "{:.1f}")
        row(what, "p50", f"p50 in us, {title}, {RATE} a second", "{:.0f}")
    ngircd = ("relayed", "ngIRCd")
    for key, title in (("batched", "CPU in batches"), ("alone", "CPU one at a time")):
        table.row(f"PING / ngIRCd's PING, {title}", figures.ratio("ping", key, [("ping", "ngIRCd")]), "aim: 1.0")
    table.row("TAGMSG / ngIRCd's PRIVMSG, CPU in batches",
              f"{figures.get('tag', 'allium', 'batched'):.2f} us, "
              + ("-" if figures.get(*ngircd, 'batched') is None else
                 f"{figures.get('tag', 'allium', 'batched') / figures.get(*ngircd, 'batched'):.2f}"), "aim: 1.0")
    table.row("PING / the relay's, p50", figures.ratio("ping", "p50", [("ping", "relay")]), "aim: 1.15")
    for what, title in (("relayed", "a note to oneself"), ("queued", "a message that waits")):
        for key, name in (("batched", "CPU in batches"), ("alone", "CPU one at a time"), ("p50", "p50")):
            table.row(f"  {title}, {name}: ours, bare transactions",
                      f"{figures.get(what, 'allium', key):.1f}, {figures.get(what, 'bare', key):.1f} us")
            table.row(f"{title} / (bare transactions + ngIRCd's), {name}",
                      figures.ratio(what, key, [(what, "bare"), ngircd]), "aim: 1.5")


def run(table, work):
    servers = []
    ours = None
    try:
        for start in (start_relay, start_ngircd, start_bitlbee):
            server = start(work)
            if server is not None:
                servers.append(server)
        names = [Ours.name] + [server.name for server in servers]
        for other in ("ngIRCd", "BitlBee"):
            if other not in names:
                print(f"{other} is not installed: no ratio to it (apt-get install {other.lower()})")
        rounds = []
        for i in range(ROUNDS):
            path = work / str(i)
            path.mkdir()
            ours = Ours(path / "allium")
            rounds.append(one_round([ours] + servers, path))
            ours.kill()
            ours = None
        show(table, Figures(rounds), names)
    finally:
        for server in servers:
            server.stop()
        if ours is not None:
            ours.kill()
