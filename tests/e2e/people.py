# SPDX-License-Identifier: GPL-3.0-or-later
"""Alice, Bob and the others: an account on a daemon, held by a raw client, and what people do."""

import re
import time

from ircclient import TIMEOUT_S

TOR_S = 200      # a first link; tor avoids an introduction point that failed once for two minutes
ASK_AGAIN_S = 0.5
REDIAL_S = 20
POLL_S = 0.02
ADDRESS = re.compile(r"\b([a-z2-7]{56})(?:\.onion)?\b")
DIALLED = re.compile(r"link \d+ opened, dialled, by link key")
TAGS = ("message-tags", "server-time")


class Person:
    """Registers a new account on the daemon, or logs in to one that it has, and stays attached with a
    client that sees tags."""

    def __init__(self, daemon, name, password=None, registered=False):
        self.daemon, self.name = daemon, name
        self.password = password or f"{name}-password"
        if registered:
            self.irc = self.attach()
        else:
            self.irc = daemon.connect().login(name, caps=TAGS)
            self.irc.command(f"register {self.password}")
        self.irc.expect(rf":{name}!\S+ JOIN :?&contacts")
        self.irc.fence()
        self.address = self._address()

    def _address(self):
        self.irc.command("address")
        for line in self.irc.fence():
            match = ADDRESS.search(line.text)
            if line.command == "NOTICE" and match:
                return match.group(1)
        raise AssertionError("`address` answered no onion address")

    def attach(self, client=None, **options):
        """Another connection of the same account."""
        return self.daemon.login(self.name, self.password, client, caps=TAGS, **options)

    def reattach(self, client=None, **options):
        """A new connection in place of the one that is gone."""
        self.irc = self.attach(client, **options)
        return self.irc

    def await_online(self, other, timeout_s=TOR_S):
        """Until the other is a member of &contacts."""
        await_online(self.irc, other.name, timeout_s)

    def await_offline(self, other, timeout_s=TOR_S):
        self.irc.wait_for(lambda lines: not is_online(lines, other.name), timeout_s,
                          f"{other.name} to go")

    def await_message(self, other, text, timeout_s=TOR_S):
        self.irc.wait_for(
            lambda lines: any(line.command == "PRIVMSG" and line.nick == other.name
                              and line.text == text for line in lines),
            timeout_s, f"{other.name}: {text}")


def is_online(lines, nick):
    """Whether the lines so far say that the nick is in &contacts."""
    online = False
    for line in lines:
        if line.nick == nick and line.command == "JOIN":
            online = True
        elif line.nick == nick and line.command in ("QUIT", "PART"):
            online = False
        elif line.command == "353":
            online = nick in re.findall(r"[^ @+!]+(?=!|\s|$)", line.text) or online
    return online


def await_online(irc, nick, timeout_s=TOR_S):
    irc.wait_for(lambda lines: is_online(lines, nick), timeout_s, f"{nick} to come")


def befriend(asker, other, text="hello"):
    """asker adds, the other sees the request, accepts; both are online to each other."""
    asker.irc.command(f"add {other.name} {other.address} {text}")
    other.irc.expect(rf"NOTICE {other.name} :.*\b{asker.name}\b.*", TOR_S)
    other.irc.command("requests")
    other.irc.expect(rf"NOTICE {other.name} :.*\b{asker.name}\b.*")
    other.irc.command(f"accept {asker.name}")
    asker.await_online(other)
    other.await_online(asker)


def await_fenced(irc, timeout_s=TIMEOUT_S):
    """Until the server has fenced what it sent live: a PING after the last message, answered."""
    def fenced(lines):
        commands = [line.command for line in lines]
        if "PRIVMSG" not in commands:
            return True
        last = len(commands) - 1 - commands[::-1].index("PRIVMSG")
        return "PING" in commands[last:]

    irc.wait_for(fenced, timeout_s, "the PING that fences the last message")
    irc.fence()


def asks(lines, nick):
    """Whether one of them says that the nick wants to be a contact."""
    return any(line.command == "NOTICE" and line.text.startswith(f"{nick} asks") for line in lines)


def await_asking(person, other):
    person.irc.wait_for(lambda lines: asks(lines, other.name), TOR_S, f"{other.name} to ask")


def befriend_all(askers, other):
    """The same for several at once."""
    for asker in askers:
        asker.irc.command(f"add {other.name} {other.address} hello")
    for asker in askers:
        await_asking(other, asker)
        other.irc.command(f"accept {asker.name}")
    for asker in askers:
        asker.await_online(other)
        other.await_online(asker)


def close_door(person, timeout_s=TOR_S):
    """Closes it, and waits until all contacts have been told of another place, so that the address is withdrawn."""
    person.irc.command("door closed")
    person.irc.expect(r"NOTICE \S+ :The door is closed")
    await_answer(person.irc, "door", r"^Your address is withdrawn", timeout_s)


def dial_again(person, other, meanwhile=None):
    """Until the person has a link that it has dialled itself, whatever stood before. A dial beside a link that stands
    is not repeated when it fails, and tor may miss a descriptor once: then it is asked for again. `meanwhile` is done
    once, as soon as it dials."""
    before = len(DIALLED.findall(person.daemon.log()))
    deadline = time.monotonic() + TOR_S
    while len(DIALLED.findall(person.daemon.log())) == before:
        assert time.monotonic() < deadline, f"waited in vain for {person.name} to dial"
        person.irc.command(f"retry {other.name}")
        if meanwhile:
            meanwhile()
            meanwhile = None
        again = time.monotonic() + REDIAL_S
        while len(DIALLED.findall(person.daemon.log())) == before and time.monotonic() < again:
            time.sleep(POLL_S)


def await_true(condition, what, timeout_s=TOR_S):
    """For what no line tells of."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(POLL_S)


def talk(person, other, text):
    """A line and its answer."""
    person.irc.say(other.name, text)
    other.await_message(person, text)
    other.irc.say(person.name, text)
    person.await_message(other, text)


def invitation_of(person):
    person.irc.command("invite")
    return person.irc.expect(r"NOTICE \S+ :(allium:[a-z2-7]+)$")[1]


def await_answer(irc, command, pattern, timeout_s=TOR_S):
    """Asks until a NOTICE answers so: what stands behind it changes without a line of its own."""
    deadline = time.monotonic() + timeout_s
    while True:
        irc.command(command)
        answer = "\n".join(line.text for line in irc.fence() if line.command == "NOTICE")
        if re.search(pattern, answer, re.M):
            return answer
        assert time.monotonic() < deadline, f"`{command}` still answers:\n{answer}"
        time.sleep(ASK_AGAIN_S)
