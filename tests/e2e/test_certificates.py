# SPDX-License-Identifier: GPL-3.0-or-later
"""SASL EXTERNAL: clients that log in by their TLS certificates. Tor is off."""

import base64
import hashlib
import re
import ssl

import pytest

from daemon import free_ports
from people import Person
from test_tls import converse, make_certificate

WELCOME = ["NICK someone", "USER someone 0 * :s", "CAP END"]


@pytest.fixture
def alice(new_daemon):
    port = free_ports(1)[0]
    daemon = new_daemon("alice", irc=f"listen = tls:127.0.0.1:{port}", timers={"guess": 1})
    daemon.tls_port = port
    return Person(daemon, "alice")


class Holder:
    """Who holds the key of a certificate."""

    def __init__(self, directory, name):
        directory = directory / name
        directory.mkdir()
        self.fingerprint = hashlib.sha256(make_certificate(directory, name)).hexdigest()
        self.context = ssl._create_unverified_context()
        self.context.load_cert_chain(directory / "cert.pem", directory / "key.pem")

    def external(self, daemon, until, authzid="", nick="someone"):
        message = base64.b64encode(authzid.encode()).decode() or "+"
        lines = ["CAP LS 302", "CAP REQ :sasl", f"NICK {nick}", "AUTHENTICATE EXTERNAL", f"AUTHENTICATE {message}",
                 "USER someone 0 * :s", "CAP END"]
        return converse(daemon, lines, until, self.context)[0]


@pytest.fixture
def laptop(work):
    return Holder(work, "laptop")


def add(person, holder):
    """The account's owner adds the certificate on a connection that shows it."""
    converse(person.daemon, [f"PASS :{person.name}:{person.password}", *WELCOME, "PRIVMSG allium :cert add"],
             r"NOTICE \S+ :Who holds that certificate can log in", holder.context)


def refused(text):
    assert " 904 " in text and " 900 " not in text and " JOIN " not in text, text
    return re.findall(r":allium!\S+ NOTICE \S+ :If nothing else is wrong:.*", text)


def test_external_is_offered_to_who_shows_a_certificate(alice, laptop):
    got = converse(alice.daemon, ["CAP LS 302", *WELCOME], " 001 ", laptop.context)[0]
    assert re.search(r"[ :]sasl=PLAIN,SCRAM-SHA-256,EXTERNAL[ \r]", got)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        laptop.context.minimum_version = laptop.context.maximum_version = version
        assert "EXTERNAL" in converse(alice.daemon, ["CAP LS 302", *WELCOME], " 001 ", laptop.context)[0]
    got = converse(alice.daemon, ["CAP LS 302", "CAP REQ :sasl", "AUTHENTICATE EXTERNAL", *WELCOME], " 001 ")[0]
    assert re.search(r"[ :]sasl=PLAIN,SCRAM-SHA-256[ \r]", got)
    assert re.search(r" 908 \S+ PLAIN,SCRAM-SHA-256 :.*\r\n\S+ 904 ", got)


def test_a_certificate_logs_in_while_the_account_is_unlocked(alice, laptop, work):
    nobody = refused(laptop.external(alice.daemon, " 001 "))
    assert len(nobody) == 1
    add(alice, laptop)
    got = laptop.external(alice.daemon, r":alice!\S+ JOIN &contacts")
    assert re.search(r" 900 someone \S+ alice :.*\r\n\S+ 903 ", got)
    assert re.search(r":alice!\S+ JOIN &contacts", laptop.external(alice.daemon, " JOIN ", authzid="ALICE"))

    assert refused(Holder(work, "other").external(alice.daemon, " 001 ")) == nobody
    for authzid in ("bob", "bob@laptop", "alice\0", "alice@no such name"):
        refused(laptop.external(alice.daemon, " 001 ", authzid=authzid))

    alice.daemon.restart()
    assert refused(laptop.external(alice.daemon, " 001 ")) == nobody
    assert refused(laptop.external(alice.daemon, " 001 ", authzid="alice")) == nobody
    alice.reattach()
    laptop.external(alice.daemon, r":alice!\S+ JOIN &contacts")

    alice.irc.command(f"cert del {laptop.fingerprint}")
    alice.irc.fence()
    assert refused(laptop.external(alice.daemon, " 001 ", authzid="alice")) == nobody


def test_the_client_names_itself(alice, laptop):
    """What alice@laptop missed is its own: it isn't shown again, and the default client's is another one's."""
    add(alice, laptop)
    laptop.external(alice.daemon, r"JOIN &contacts", authzid="alice@laptop")
    alice.irc.say("alice", "a note to my other clients")
    alice.irc.fence()
    got = laptop.external(alice.daemon, "a note to my other clients", authzid="alice@laptop")
    assert " 903 " in got


def test_nobody_is_drawn_into_another_ones_account(alice, laptop):
    """Mallory adds Alice's certificate, which is no secret, to her own account, while Alice's is locked."""
    add(alice, laptop)
    mallory = Person(alice.daemon, "mallory")
    mallory.irc.command(f"cert add {laptop.fingerprint}")
    mallory.irc.fence()
    laptop.external(alice.daemon, r" 900 \S+ \S+ alice ")
    alice.irc.command("logout")
    alice.irc.expect(" 901 ")
    refused(laptop.external(alice.daemon, " 001 "))
    laptop.external(alice.daemon, r" 900 \S+ \S+ mallory ", authzid="mallory")


def test_of_two_accounts_the_nick_decides(alice, laptop):
    bob = Person(alice.daemon, "bob")
    add(alice, laptop)
    add(bob, laptop)
    refused(laptop.external(alice.daemon, " 001 ", nick="carol"))
    laptop.external(alice.daemon, r" 900 \S+ \S+ bob ", nick="bob")
    laptop.external(alice.daemon, r" 900 \S+ \S+ alice ", nick="Alice")
    laptop.external(alice.daemon, r" 900 \S+ \S+ alice ", nick="bob", authzid="alice")
