# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong is said in words, and ends well: offline peers, dead tors, wrong addresses."""

from people import TOR_S, Person, await_answer, befriend, is_online

MISTYPED = "a" * 55 + "d"      # 56 digits of base32 that are no address: version and checksum are wrong


def test_an_offline_peer_gives_301_with_the_count_and_the_queue_drains_with_one_notice(
        new_daemon, torrc):
    alice = Person(new_daemon("alice", torrc), "alice")
    bob = Person(new_daemon("bob", torrc), "bob")
    befriend(alice, bob)
    bob.daemon.stop()
    alice.await_offline(bob)

    alice.irc.say("bob", "first")
    alice.irc.expect(r" 301 alice bob :offline since .*\b1 message\b")
    alice.irc.say("bob", "second")
    alice.irc.expect(r" 301 alice bob :offline since .*\b2 messages\b")

    bob.daemon.start()
    bob.reattach()
    alice.await_online(bob)
    bob.await_message(alice, "second")
    assert bob.irc.messages(source="alice") == ["first", "second"]
    alice.irc.expect(r"NOTICE alice :.*2 messages to bob delivered", TOR_S)
    alice.irc.fence()
    assert sum("to bob delivered" in line.text for line in alice.irc.lines) == 1


def test_a_wrong_address_is_refused_in_words_and_adds_nobody(new_daemon, torrc):
    alice = Person(new_daemon("alice", torrc), "alice")
    for wrong in (MISTYPED, alice.address[:-1], alice.address, "bob", ""):
        alice.irc.command(f"add bob {wrong}")
        notices = [line for line in alice.irc.fence() if line.command == "NOTICE"]
        assert notices, f"no answer to: add bob {wrong}"
    alice.irc.say("bob", "anybody?")
    alice.irc.expect(r" 401 alice bob ")


def test_an_address_where_nobody_is_says_why_it_cannot_be_reached(new_daemon, torrc):
    alice = Person(new_daemon("alice", torrc), "alice")
    nobody = Person(new_daemon("gone", torrc), "gone")
    nobody.daemon.stop()
    alice.irc.command(f"add gone {nobody.address} hello?")

    await_answer(alice.irc, "info gone", r"the last try failed: \w")
    assert not is_online(alice.irc.lines, "gone")


def test_a_tor_that_cannot_be_started_is_one_clear_line_and_clients_are_served(new_daemon):
    daemon = new_daemon("alice", tor="mode = managed\nbinary = /nonexistent/tor")
    alice = Person(daemon, "alice")
    alice.irc.send("TOPIC &contacts")
    alice.irc.expect(r" 332 alice &contacts :.*[Tt]or")
    assert "/nonexistent/tor" in daemon.log()
