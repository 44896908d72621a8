# SPDX-License-Identifier: GPL-3.0-or-later
"""Two accounts on one daemon talk to a third on another, and see nothing of each other."""

from people import Person, befriend


def test_two_accounts_on_one_daemon_talk_to_a_third(new_daemon, torrc):
    home, away = new_daemon("home", torrc), new_daemon("away", torrc)
    alice, carol = Person(home, "alice"), Person(home, "carol")
    bob = Person(away, "bob")
    assert len({alice.address, bob.address, carol.address}) == 3
    befriend(alice, bob)
    befriend(carol, bob)

    alice.irc.say("bob", "alice to bob")
    carol.irc.say("bob", "carol to bob")
    bob.irc.say("alice", "bob to alice")
    bob.irc.say("carol", "bob to carol")
    bob.await_message(alice, "alice to bob")
    bob.await_message(carol, "carol to bob")
    alice.await_message(bob, "bob to alice")
    carol.await_message(bob, "bob to carol")
    assert bob.irc.messages(source="alice") == ["alice to bob"]
    assert bob.irc.messages(source="carol") == ["carol to bob"]
    assert alice.irc.messages() == ["bob to alice"]
    assert carol.irc.messages() == ["bob to carol"]

    # Each has a tor of its own; one more is the spare for the next registration.
    assert len(home.tors()) == 3

    # What the daemon says to Alice never tells that Carol is there.
    for question in ("WHOIS carol", "WHO carol", "WHO *", "ISON carol", "USERHOST carol", "LUSERS",
                     "NAMES &contacts", "PRIVMSG carol :are you there?", "WHOWAS carol"):
        alice.irc.send(question)
    answers = [line.raw for line in alice.irc.fence()]
    said = [raw for raw in answers if "carol" in raw]
    assert all(" 401 " in raw or " 318 " in raw or " 315 " in raw or " 406 " in raw or " 369 " in raw
               for raw in said), said
    assert any(" 401 alice carol " in raw for raw in said)
    assert not any(line.nick == "carol" for line in alice.irc.lines)


def test_accounts_of_one_daemon_reach_each_other_only_through_tor(new_daemon, torrc):
    home = new_daemon("home", torrc)
    alice, bob = Person(home, "alice"), Person(home, "bob")
    befriend(alice, bob)
    alice.irc.say("bob", "neighbours")
    bob.await_message(alice, "neighbours")
