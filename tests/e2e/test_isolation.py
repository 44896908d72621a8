# SPDX-License-Identifier: GPL-3.0-or-later
"""share = on: two accounts in one tor process, both contacts of the same third person, share no circuit."""

import re

from people import Person, await_true, befriend_all, dial_again, talk
from tornet import find_tool

CIRCUIT = re.compile(r"^Circuit (?:to|from) .*: (.*)")
CONFIG = "mode = managed\nbinary = {tor}\ntorrc_extra = {torrc}\nshare = on"


def shown(person):
    """The paths of the circuits that `tor` tells this account of; they come together, once tor has answered."""
    before = len(person.irc.lines)
    person.irc.command("tor")
    person.irc.wait_for(lambda lines: any(CIRCUIT.search(line.text) for line in lines[before:]), what="a circuit")
    person.irc.fence()
    return [match[1].split() for match in (CIRCUIT.search(line.text) for line in person.irc.lines[before:]) if match]


def dialled(control, but):
    """The circuits that tor has made for dials, but to one address: {id: circuit}."""
    return {circuit["id"]: circuit for circuit in control.circuits()
            if circuit["PURPOSE"] == "HS_CLIENT_REND" and circuit.get("HS_STATE") == "HSCR_JOINED"
            and circuit["REND_QUERY"] != but}


def users(circuits):
    return {circuit["SOCKS_USERNAME"] for circuit in circuits.values()}


def services(control):
    """The onions that tor publishes."""
    return {circuit["REND_QUERY"] for circuit in control.circuits() if circuit["PURPOSE"] == "HS_SERVICE_INTRO"}


def test_accounts_that_share_a_tor_share_no_circuit(new_daemon, torrc):
    home = new_daemon("home", tor=CONFIG.format(tor=find_tool("tor"), torrc=torrc))
    alice, carol = Person(home, "alice"), Person(home, "carol")
    bob = Person(new_daemon("bob", torrc), "bob")
    befriend_all((alice, carol), bob)
    assert len(home.tors()) == 1

    # Bob has given each a key of its own for the same onion, of which tor keeps one at a time.
    for person in (alice, carol, alice, carol):
        dial_again(person, bob)
        talk(person, bob, f"with {person.name}")

    with home.tor_control() as control:
        circuits, published = dialled(control, bob.address), services(control)
        assert len(users(circuits)) == 2, circuits
        assert len({circuit["REND_QUERY"] for circuit in circuits.values()}) == 1, circuits
        streams = [line.removeprefix("stream-status=").split()[2] for line in control.ask("GETINFO stream-status")
                   if " SUCCEEDED " in line]
        assert len(streams) == len(set(streams)), streams
        paths = {person.name: shown(person) for person in (alice, carol)}

        # Alice goes: her services go with her, and Carol's links and keys stay.
        alice.irc.command("logout")
        bob.await_offline(alice)
        await_true(lambda: len(services(control)) == len(published) // 2, "Alice's services to be withdrawn")
        assert services(control) < published
        before = set(dialled(control, bob.address))
        dial_again(carol, bob)
        talk(carol, bob, "still here")
        after = {number: circuit for number, circuit in dialled(control, bob.address).items() if number not in before}

    # So one of the two names is Carol's, and each was shown a circuit of its own name.
    carols = users(after)
    assert len(carols) == 1 and carols < users(circuits)
    for person, names in ((alice, users(circuits) - carols), (carol, carols)):
        assert len(paths[person.name]) == 1
        assert paths[person.name][0] in [circuit["path"] for circuit in circuits.values()
                                         if circuit["SOCKS_USERNAME"] in names]
