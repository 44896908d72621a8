# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that are programs: a bot that negotiates whatever IRCv3 it finds (Limnoria), and a library of another
language (Perl's Net::Async::IRC). Tor is off."""

import os
import pathlib
import re
import subprocess
import time

import pytest

from daemon import POLL_S, die_with_parent
from people import Person

TIMEOUT_S = 30
LIBRARY = pathlib.Path(__file__).resolve().parent / "library.pl"

LIMNORIA = """\
supybot.nick: bob
supybot.ident: bob
supybot.user: bob
supybot.networks: allium
supybot.networks.allium.servers: 127.0.0.1:{port}
supybot.networks.allium.ssl: False
supybot.networks.allium.sasl.username: bob@bot
supybot.networks.allium.sasl.password: {password}
supybot.networks.allium.sasl.mechanisms: plain
supybot.protocols.irc.throttleTime: 0.0
supybot.reply.withNotice: False
supybot.reply.withNoticeWhenPrivate: False
supybot.log.stdout: True
supybot.log.stdout.level: DEBUG
supybot.directories.log: {directory}/logs
supybot.directories.data: {directory}/data
supybot.directories.data.tmp: {directory}/data/tmp
supybot.directories.data.web: {directory}/data/web
supybot.directories.conf: {directory}/conf
supybot.directories.backup: {directory}/backup
supybot.directories.plugins: {directory}/plugins
supybot.plugins: Misc Owner Utilities User Config
supybot.plugins.Misc: True
supybot.plugins.Owner: True
supybot.plugins.Utilities: True
"""


class Program:
    """A program whose output is read."""

    def __init__(self, directory, *argv):
        directory.mkdir(exist_ok=True)
        self.path = directory / "output"
        with open(self.path, "ab") as output:
            self.process = subprocess.Popen(argv, cwd=directory, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=subprocess.STDOUT, preexec_fn=die_with_parent,
                                            env={**os.environ, "HOME": str(directory), "LC_ALL": "C.UTF-8"})

    def text(self):
        return self.path.read_text(errors="replace")

    def wait(self, pattern):
        deadline = time.monotonic() + TIMEOUT_S
        while not re.search(pattern, self.text(), re.M):
            assert self.process.poll() is None and time.monotonic() < deadline, \
                f"waited in vain for /{pattern}/:\n{self.text()}"
            time.sleep(POLL_S)

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def run(work):
    made = []

    def start(name, *argv):
        made.append(Program(work / name, *argv))
        return made[-1]

    yield start
    for program in made:
        program.kill()


@pytest.fixture
def alice(new_daemon):
    return Person(new_daemon("alice"), "alice")


def test_a_library_of_another_language_negotiates_talks_and_gets_once_what_it_has_missed(alice, run):
    command = ["perl", str(LIBRARY), str(alice.daemon.port), "alice", f"alice@perl:{alice.password}",
               "message-tags", "server-time", "away-notify", "account-tag", "batch", "no-such-capability"]
    client = run("perl", *command)
    client.wait(r"^HAS account-tag away-notify batch message-tags server-time$")
    client.wait(r"^GOT allium alice at a time: Usage: set \[name \[value\]\]$")
    alice.irc.say("alice", "answer grüße-1")
    alice.irc.expect(r":alice!\S+ PRIVMSG alice :grüße-1$")
    client.kill()

    for n in range(2, 30):
        alice.irc.say("alice", f"missed-{n}")
    alice.irc.say("alice", "answer grüße-2")
    alice.irc.fence()
    client = run("perl", *command)
    alice.irc.expect(r":alice!\S+ PRIVMSG alice :grüße-2$")
    missed = re.findall(r"^GOT alice alice at a time: missed-(\d+)$", client.text(), re.M)
    assert missed == [str(n) for n in range(2, 30)]


def test_a_bot_that_negotiates_all_it_knows_answers_what_it_is_told(new_daemon, run, work):
    daemon = new_daemon("house", irc="household = on")
    alice, bob = Person(daemon, "alice"), Person(daemon, "bob")
    directory = work / "bot"
    directory.mkdir()
    (directory / "bot.conf").write_text(LIMNORIA.format(port=daemon.port, password=bob.password, directory=directory))
    root = ["--allow-root"] if os.geteuid() == 0 else []
    bot = run("bot", "supybot", *root, str(directory / "bot.conf"))
    bot.wait(r"Join to &contacts on allium synced")
    for capability in ("echo-message", "labeled-response", "batch"):
        assert re.search(rf"CAP REQ .*\b{capability}\b", bot.text())
    alice.await_online(bob)
    for n in range(3):
        alice.irc.say("bob", f"echo answer-{n} grüße")
        alice.await_message(bob, f"answer-{n} grüße")
        bob.irc.expect(rf":bob!\S+ PRIVMSG alice :answer-{n} grüße$")
    assert alice.irc.messages("bob") == [f"answer-{n} grüße" for n in range(3)]
    assert not re.search(r"^(ERROR|CRITICAL) (?!.*(Exact error|resetting to empty))", bot.text(), re.M)
