# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody is blocked: her old locator leads nowhere, and the others follow to where the blocker is found now."""

from people import TOR_S, Person, await_answer, befriend_all, close_door, dial_again, is_online
from traffic import Pair

LINES = 10
SHUT_OUT = r"the last try failed: published"


def introduced(control):
    """The onions that a tor publishes."""
    return {circuit["REND_QUERY"] for circuit in control.circuits() if circuit["PURPOSE"] == "HS_SERVICE_INTRO"}


def test_who_is_blocked_stays_outside_and_the_others_follow(new_daemon, torrc):
    bob = Person(new_daemon("bob", torrc), "bob")
    away = new_daemon("away", torrc)
    mallory, carol, dave = (Person(away, name) for name in ("mallory", "carol", "dave"))
    befriend_all((mallory, carol, dave), bob)
    close_door(bob)
    for person in (mallory, carol, dave):
        dial_again(person, bob)
    dave.irc.command("logout")
    bob.await_offline(dave)
    bob.irc.say("dave", "while you were away")
    pair = Pair(bob, carol)
    pair.exchange(LINES)

    with bob.daemon.tor_control("bob") as control:
        control.ask("SETEVENTS HS_DESC CIRC")
        old, = introduced(control)
        pair.fire(LINES)
        bob.irc.command("block mallory")
        bob.irc.expect(r"NOTICE bob :mallory can't reach you any more")
        pair.fire(LINES)
        mallory.await_offline(bob)
        bob.irc.say("mallory", "can you hear me?")
        control.await_event(f"HS_DESC UPLOADED {old}", TOR_S)

        # Still published for Dave, it lets her in no more, and does not tell her whether Bob is there.
        mallory.irc.command("retry bob")
        await_answer(mallory.irc, "info bob", SHUT_OUT)
        pair.fire(LINES)
        pair.fence()
        pair.await_all()

        # Dave comes, hears what he has missed, and is told of the new place; then the old one is given up.
        dave.reattach()
        dave.await_message(bob, "while you were away")
        while old in introduced(control):
            control.await_event("CIRC", TOR_S)
    for person in (carol, dave):
        dial_again(person, bob)
    mallory.irc.command("retry bob")
    await_answer(mallory.irc, "info bob", r"the last try failed")
    assert not is_online(mallory.irc.lines, "bob")
    assert mallory.irc.messages(source="bob") == []
    pair.check()
