# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand clients that talk, and among them one that does not listen, one that talks rubbish, and one that never
finishes its registration: everybody else gets every line, once and in order. Tor is off."""

import random
import re

import pytest

from crowd import Crowd, Key
from people import Person

ACCOUNTS = [f"user{i}" for i in range(10)]
CLIENTS = 99  # of each, beside the one that made the account
LINES = 2     # that each of them says
LONG = 2000   # lines that are said to who does not listen
RUBBISH = 1 << 20
SAID = re.compile(rb" PRIVMSG \S+ :said (\d+) (\d+)")


@pytest.fixture
def daemon(new_daemon):
    return new_daemon("d", irc=f"accounts_max = {len(ACCOUNTS) + 2}", timers={"registration": 10000})


@pytest.fixture
def crowd(daemon):
    crowd = Crowd(daemon.address)
    yield crowd
    crowd.close()


def heard(member):
    """[(who, number)] in the order of arrival."""
    return [(int(who), int(number)) for who, number in SAID.findall(bytes(member.got))]


def said_to(members, me):
    return {(who, number) for who in range(len(members)) if members[who] is not me for number in range(LINES)}


def make_accounts(daemon):
    """Each keeps the client that made it, which unlocks it for the others."""
    return [Person(daemon, name) for name in ACCOUNTS + ["mallory"]]


def talk_rubbish(crowd):
    member = crowd.join()
    member.send_bytes(random.Random(1).randbytes(RUBBISH))
    return member


def talk_to_the_deaf(crowd, key):
    """One says more than the other one's buffers hold, of which it reads nothing."""
    talker, = crowd.attach(key, 1)
    deaf = crowd.join(rcvbuf=4096)
    deaf.attach(key)
    crowd.until(lambda: deaf.has(b" 366 "), "who will be deaf")
    deaf.be_deaf(True)
    for number in range(LONG):
        talker.send(f"PRIVMSG {key.account} :said 0 {number} {'x' * 400}")
    return talker, deaf


def everybody_talks(crowd, rooms):
    for number in range(LINES):
        for room in rooms:
            for who, member in enumerate(room):
                member.send(f"PRIVMSG {member.key.account} :said {who} {number}")
    crowd.until(lambda: all(member.messages >= (len(room) - 1) * LINES for room in rooms for member in room),
                "everybody to hear everybody")


def test_a_thousand_clients_and_three_that_misbehave(daemon, crowd, note):
    people = make_accounts(daemon)
    keys = [Key(person.name, person.password) for person in people]
    unfinished = crowd.join()
    unfinished.send("NICK nobody", "CAP LS 302")
    talker, deaf = talk_to_the_deaf(crowd, keys.pop())
    rubbish = talk_rubbish(crowd)
    before = daemon.memory_kib()
    rooms = [crowd.attach(key, CLIENTS) for key in keys]
    after = daemon.memory_kib()

    everybody_talks(crowd, rooms)
    for room in rooms:
        for me in room:
            lines = heard(me)
            assert len(lines) == len(set(lines)) and set(lines) == said_to(room, me)
            for who in range(len(room)):
                assert [number for other, number in lines if other == who] == ([] if room[who] is me else [0, 1])

    crowd.until(lambda: unfinished.closed, "the end of who never registers")
    assert unfinished.has(b"ERROR :Registration timed out")
    talker.send("PING :all")
    crowd.until(lambda: talker.has(b":all"), "what was said to the deaf to be accepted")
    assert deaf.messages < LONG // 2
    deaf.be_deaf(False)
    crowd.until(lambda: deaf.messages >= LONG, "what the deaf has missed")
    assert heard(deaf) == [(0, number) for number in range(LONG)]
    assert not deaf.closed
    crowd.until(lambda: rubbish.closed or not rubbish.out, "the end of the rubbish")
    for person in people:
        person.irc.fence()
    note(f"{(after - before) / (len(rooms) * CLIENTS):.2f} KiB a client")
