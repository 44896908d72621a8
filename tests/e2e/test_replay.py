# SPDX-License-Identifier: GPL-3.0-or-later
"""Never missed by a client: what arrives while it is away, or what it had not yet fenced, comes again."""

import pytest

from people import TOR_S, Person, await_fenced, befriend


@pytest.fixture
def friends(new_daemon, torrc):
    alice = Person(new_daemon("alice", torrc), "alice")
    bob = Person(new_daemon("bob", torrc), "bob")
    befriend(alice, bob)
    return alice, bob


def from_alice(lines):
    return [line for line in lines if line.command == "PRIVMSG" and line.nick == "alice"]


def await_texts(irc, texts, timeout_s=TOR_S):
    """Until the last of them is there; then nothing but them, in order, once."""
    irc.wait_for(lambda lines: any(line.text == texts[-1] for line in from_alice(lines)),
                 timeout_s, texts[-1])
    irc.fence()
    assert [line.text for line in from_alice(irc.lines)] == texts


def test_a_client_that_was_away_gets_what_it_missed_once_and_after_the_join(friends):
    alice, bob = friends
    bob.irc.quit()
    watch = bob.attach("watch")
    sent = [f"while-away-{n}" for n in range(60)]
    for text in sent:
        alice.irc.say("bob", text)
    await_texts(watch, sent)

    back = bob.attach()
    await_texts(back, sent)
    names = [(line.command, line.nick) for line in back.lines]
    assert names.index(("JOIN", "bob")) < names.index(("PRIVMSG", "alice"))
    assert all("time" in line.tags for line in from_alice(back.lines))
    await_fenced(back)
    back.quit()

    again = bob.attach()
    await_fenced(again)
    again.fence()
    assert from_alice(again.lines) == []


def test_messages_to_an_account_without_any_client_wait_in_its_store(friends):
    alice, bob = friends
    await_fenced(bob.irc)
    bob.irc.quit()
    sent = [f"nobody-home-{n}" for n in range(5)]
    for text in sent:
        alice.irc.say("bob", text)
    alice.irc.fence()
    await_texts(bob.attach(), sent)


def test_what_a_client_had_not_fenced_repeats_with_the_same_id_and_time(friends):
    alice, bob = friends
    await_fenced(bob.irc)
    bob.irc.quit()
    deaf = bob.attach(auto_pong=False)
    alice.irc.say("bob", "unfenced")
    await_texts(deaf, ["unfenced"])
    deaf.close()

    back = bob.attach()
    await_texts(back, ["unfenced"])
    first, second = from_alice(deaf.lines)[0], from_alice(back.lines)[0]
    assert first.tags["msgid"] == second.tags["msgid"]
    assert first.tags["time"] == second.tags["time"]
