# SPDX-License-Identifier: GPL-3.0-or-later
"""An invitation makes one contact, with the door closed too; used, forged or expired it is at best a request."""

import subprocess

from daemon import helper
from people import TOR_S, Person, asks, await_answer, await_asking, close_door, invitation_of, is_online


def altered(how, invitation):
    """As somebody would who knows how invitations are made: forge, or expire."""
    return subprocess.run([helper("stranger"), how, invitation], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()


def test_an_invitation_is_good_once_and_with_the_door_closed(new_daemon, torrc):
    bob = Person(new_daemon("bob", torrc), "bob")
    away = new_daemon("away", torrc)
    alice, carol, mallory = (Person(away, name) for name in ("alice", "carol", "mallory"))
    close_door(bob)
    invitation = invitation_of(bob)

    carol.irc.command(f"add bob {altered('expire', invitation)}")
    carol.irc.expect(r"NOTICE carol :That invitation has expired")
    carol.irc.command(f"add bob {invitation[:-1]}")
    carol.irc.expect(r"NOTICE carol :That invitation is damaged")
    mallory.irc.command(f"add bob {altered('forge', invitation)}")
    mallory.irc.expect(r"invitation is not valid any more", TOR_S)

    alice.irc.command(f"add bob {invitation}")
    alice.await_online(bob)
    bob.await_online(alice)
    alice.irc.say("bob", "you invited me")
    bob.await_message(alice, "you invited me")
    await_answer(bob.irc, "invite list", r"^No invitation waits")

    carol.irc.command(f"add bob {invitation}")
    carol.irc.expect(r"invitation is not valid any more", TOR_S)

    # At the closed door nobody can ask. Opened, it shows the request that is left of a bad invitation.
    await_answer(bob.irc, "requests", r"^Nobody asks")
    bob.irc.command("contacts")
    bob.irc.expect(r"NOTICE bob :1 contact:")
    assert not any(asks(bob.irc.lines, late.name) for late in (carol, mallory))
    bob.irc.command("door open")
    for late in (carol, mallory):
        await_asking(bob, late)
    assert not any(is_online(bob.irc.lines, late.name) for late in (carol, mallory))
