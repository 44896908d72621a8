# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins that work and logins that don't. Tor is off: nothing here leaves the machine."""

import pytest

from people import Person


@pytest.fixture
def alice(new_daemon):
    return Person(new_daemon("alice"), "alice")


def test_a_wrong_pass_is_464_and_error(alice):
    with alice.daemon.connect() as irc:
        irc.send("PASS :alice:not-her-password")
        irc.send("NICK alice")
        irc.send("USER alice 0 * :alice")
        irc.expect(r" 464 ")
        irc.expect(r"^ERROR ")
        irc.expect_close()
        assert not any(line.command == "001" for line in irc.lines)


def test_an_unknown_account_answers_like_a_wrong_password(alice):
    answers = []
    for account in ("alice", "nobody"):
        with alice.daemon.connect() as irc:
            irc.send(f"PASS :{account}:not-her-password")
            irc.send("NICK someone")
            irc.send("USER someone 0 * :someone")
            irc.expect_close()
            answers.append([line.raw for line in irc.lines])
    assert answers[0] == answers[1]


def test_identify_with_a_wrong_password_is_a_notice_and_opens_nothing(alice):
    with alice.daemon.connect() as irc:
        irc.login("someone")
        irc.command("identify alice not-her-password")
        irc.expect(r":allium!?\S* NOTICE someone :")
        irc.fence()
        assert not any(line.command == "JOIN" for line in irc.lines)
        irc.command(f"identify alice {alice.password}")
        irc.expect(r":someone!\S+ NICK :?alice")
        irc.expect(r":alice!\S+ JOIN :?&contacts")


def test_the_password_holds_across_a_restart_and_passwd_changes_it(alice):
    alice.daemon.restart()
    alice.reattach()
    alice.irc.command(f"passwd {alice.password} a-new-password")
    alice.irc.expect(r":allium!?\S* NOTICE alice :")
    alice.irc.fence()
    alice.daemon.kill()
    alice.daemon.start()
    with alice.daemon.connect() as irc:
        irc.send(f"PASS :alice:{alice.password}")
        irc.send("NICK alice")
        irc.send("USER alice 0 * :alice")
        irc.expect(r" 464 ")
    alice.password = "a-new-password"
    address = alice.address
    alice.reattach()
    assert alice._address() == address


def test_nothing_of_a_locked_account_is_on_disk_or_in_the_log(alice):
    """The canary: password, message text and full address occur in no file of the daemon."""
    alice.irc.say("alice", "canary-note-to-self")
    alice.irc.fence()
    alice.daemon.stop()
    secrets = [alice.password, "canary-note-to-self", alice.address]
    for path in alice.daemon.dir.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for secret in secrets:
                assert secret.encode() not in content, f"{secret} is in {path}"
