# SPDX-License-Identifier: GPL-3.0-or-later
"""More contacts than one onion service has room for: they are spread over several, and all find their way.

Most of them are strangers who knock once, straight at the socket of the door, while no tor is there: each is answered
with a client key of its own. MANY of them; 400 fill the first service and begin a second."""

import concurrent.futures
import os
import socket
import subprocess

from controltap import ControlTap
from daemon import helper
from othertor import OtherTor
from people import Person, await_true, invitation_of, talk
from test_system_tor import make_targets

MANY = int(os.environ.get("MANY", "40"))
AT_ONCE = 16
CLIENTS_MAX, STEP = 320, 16
BATCH = 50
CONFIG = "mode = system\ncontrol = unix:{control}\nsocks = unix:{dir}/socks\ntarget_dir = {targets}"
# Of those nobody is dialled during the test.
TIMERS = {"dial_spread": 3600000, "dial_min": 3600000, "dial_max": 3600000}


def stranger(*words, connection=None):
    return subprocess.run([helper("stranger"), *words], stdin=connection, stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()


def knock(door, address, seed):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(door))
        return stranger("request", address, seed, connection=connection)


def add_strangers(person, seeds):
    """They are expected: who asks is accepted."""
    for number, seed in enumerate(seeds):
        person.irc.command(f"add friend{number} {stranger('address', seed)}")
        if number % BATCH == BATCH - 1:
            person.irc.fence()
    person.irc.fence()


def door_of(targets):
    """The socket of the door; those of private services have a number behind its name."""
    return min(targets.iterdir(), key=lambda path: len(path.name))


def test_many_contacts_are_spread_over_services(new_daemon, work, torrc, note):
    targets = make_targets(work)
    tor = OtherTor(work / "t", torrc)
    tap = ControlTap(work / "c", tor.dir / "control")
    config = CONFIG.format(control=tap.path, dir=tor.dir, targets=targets)
    away = new_daemon("away", torrc)
    alice, carol = Person(away, "alice"), Person(away, "carol")
    try:
        bob = Person(new_daemon("bob", tor=config, timers=TIMERS), "bob")
        first = invitation_of(bob)      # on the service that the strangers fill
        seeds = [f"{number:064x}" for number in range(1, MANY + 1)]
        add_strangers(bob, seeds)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda seed: knock(door_of(targets), bob.address, seed), seeds))
        assert answers == ["accepted"] * MANY

        tor.start()
        for person, invitation in ((alice, first), (carol, invitation_of(bob))):
            person.irc.command(f"add bob {invitation}")
            person.await_online(bob)
            bob.await_online(person)
            talk(person, bob, f"with {person.name}")
        contacts = MANY + 2
        private = []

        def all_published():
            private[:] = [clients for clients in list(tap.services.values()) if clients]
            return sum(private) >= contacts

        await_true(all_published, "all services to be published")
        note(f"{contacts} contacts: services with {private} client keys")
        assert len(private) == -(-contacts // CLIENTS_MAX)
        assert all(clients % STEP == 0 for clients in private) and tap.largest <= CLIENTS_MAX
    finally:
        tor.stop()
        tap.close()
