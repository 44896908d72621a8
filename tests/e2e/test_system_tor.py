# SPDX-License-Identifier: GPL-3.0-or-later
"""mode = system: a tor that runs already, reached through its Unix control socket."""

from othertor import OtherTor
from people import Person, await_answer, befriend

CONFIG = "mode = system\ncontrol = unix:{dir}/control\nsocks = unix:{dir}/socks\ntarget_dir = {targets}"


def make_targets(work, mode=0o710):
    targets = work / "targets"
    targets.mkdir()
    targets.chmod(mode)
    return targets


def test_two_accounts_talk_through_a_tor_that_runs_already(new_daemon, work, torrc):
    tor = OtherTor(work / "t", torrc).start()
    try:
        config = CONFIG.format(dir=tor.dir, targets=make_targets(work))
        alice = Person(new_daemon("alice", tor=config), "alice")
        assert alice.daemon.tors() == []
        bob = Person(new_daemon("bob", torrc), "bob")
        befriend(alice, bob)
        alice.irc.say("bob", "from the system's tor")
        bob.await_message(alice, "from the system's tor")
        bob.irc.say("alice", "to it")
        alice.await_message(bob, "to it")
        await_answer(alice.irc, "tor", r"\b0\.\d+\.\d+\.\d+\b")

        # It is restarted by its owner: the daemon attaches again and publishes again.
        tor.stop()
        alice.await_offline(bob)
        tor.start()
        alice.await_online(bob)
        bob.await_online(alice)
        bob.irc.say("alice", "again")
        alice.await_message(bob, "again")
    finally:
        tor.stop()


def test_a_control_socket_that_is_not_there_is_told_and_waited_for(new_daemon, work, torrc):
    tor = OtherTor(work / "t", torrc)
    config = CONFIG.format(dir=tor.dir, targets=make_targets(work))
    alice = Person(new_daemon("alice", tor=config), "alice")
    assert f"{tor.dir}/control" in alice.daemon.log()
    tor.start()
    try:
        await_answer(alice.irc, "tor", r"\b0\.\d+\.\d+\.\d+\b")
    finally:
        tor.stop()


def test_a_target_directory_that_is_open_to_all_is_refused_in_words(new_daemon, work, torrc):
    config = CONFIG.format(dir=work / "t", targets=make_targets(work, 0o755))
    alice = Person(new_daemon("alice", tor=config), "alice")
    assert "must be mode 0710" in alice.daemon.log()
