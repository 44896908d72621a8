# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that people use, as they come from Debian: each logs in, talks, goes, comes back. Tor is off."""

import re

import pytest

from daemon import free_ports
from people import Person
from realclients import Catgirl, Display, Hexchat, Irssi, IrssiTls, Weechat, WeechatTls

IN_TERMINAL = (Irssi, IrssiTls, Weechat, WeechatTls, Catgirl)


@pytest.fixture
def household(new_daemon):
    """Alice and Bob on one daemon, each with a raw client."""
    port = free_ports(1)[0]
    daemon = new_daemon("house", irc=f"household = on\nlisten = tls:127.0.0.1:{port}")
    daemon.tls_port = port
    alice, bob = Person(daemon, "alice"), Person(daemon, "bob")
    alice.await_online(bob)
    bob.await_online(alice)
    return alice, bob


@pytest.fixture
def open_client(work, tmux):
    """Opens a client of a person under a name of its own, and sees to its end."""
    made, displays = [], []

    def make(kind, person):
        if kind is Hexchat:
            displays.append(Display())
            where = displays[-1]
        else:
            where = tmux
        name = kind.__name__.lower()
        made.append(kind(where, work / name, person.daemon, f"{person.name}@{name}", person.password))
        made[-1].open()
        return made[-1]

    yield make
    for client in made:
        if isinstance(client, Hexchat) and client.process:
            client.kill()
    for display in displays:
        display.stop()


def numbers(text, word):
    """The n of each word-n that stands in a line that is shown, in order."""
    return [int(n) for n in re.findall(rf"\b{word}-(\d+)\b", text)]


@pytest.mark.parametrize("kind", [*IN_TERMINAL, Hexchat])
def test_a_client_talks_goes_and_gets_once_what_it_has_missed(household, open_client, kind):
    alice, bob = household
    client = open_client(kind, bob)
    client.say("allium", "help set")
    client.wait(r"set \[name \[value\]\]")
    client.say("alice", "said-1")
    alice.await_message(bob, "said-1")
    alice.irc.say("bob", "heard-1 grüße")
    client.wait(r"heard-1 grüße")
    bob.irc.say("alice", "elsewhere-1")
    client.wait(client.shown(client.own_in("alice"), "bob", "elsewhere-1"))
    client.close()

    for n in range(2, 20):
        alice.irc.say("bob", f"heard-{n}")
    bob.irc.say("alice", "elsewhere-2")
    alice.irc.fence()
    bob.irc.fence()
    alice.daemon.kill()
    alice.daemon.start()
    client.open()
    alice.reattach()
    client.wait(client.shown(client.own_in("alice"), "bob", "elsewhere-2"))
    client.say("alice", "said-2")
    alice.await_message(bob, "said-2")
    client.close()

    # By now it has answered the PING behind what was replayed, so that nothing of it is told again.
    alice.irc.say("bob", "heard-20")
    alice.irc.fence()
    client.open()
    client.wait(client.shown("alice", "alice", "heard-20"))
    once = list(range(1, 21))
    assert numbers(client.text(), "heard") in (once, [1, *once])
    # With echo-message its own words may lie behind the fence that it left unanswered: they come again then, once.
    said = numbers(client.text(), "said")
    assert set(said) == {1, 2} and max(said.count(n) for n in said) <= 2
    client.close()
