# SPDX-License-Identifier: GPL-3.0-or-later
"""An old copy of a state directory is put back: what cannot be recovered is said in one line, and the
conversation goes on, with nothing twice and nothing more lost."""

import pathlib
import re
import shutil

from people import TOR_S, Person, befriend
from traffic import Pair

SET_UP_ANEW = re.compile(r"\bset up anew\b")
QUEUED = 3
LINES = 10


def put_back(person, copy):
    shutil.rmtree(person.daemon.state)
    shutil.move(copy, person.daemon.state)


def sockets(directory, names):
    """What a backup leaves out."""
    return [name for name in names if pathlib.Path(directory, name).is_socket()]


def copy_with_a_queue(pair, person, other):
    """A copy of the person's state in which lines wait that the other has long had when it comes back."""
    other.daemon.stop()
    person.await_offline(other)
    pair.said_by(person).fire(QUEUED)
    pair.said_by(person).fence()
    person.daemon.stop()
    copy = person.daemon.dir / "copy"
    shutil.copytree(person.daemon.state, copy, ignore=sockets)
    for each in pair.people:
        each.daemon.start()
        pair.attach(each)
    return copy


def news_of_a_new_session(person):
    """The lines that say so on its present connection."""
    return [line.text for line in person.irc.lines
            if line.command == "NOTICE" and SET_UP_ANEW.search(line.text)]


def test_a_restored_copy_costs_one_line_and_what_it_did_not_hold(new_daemon, torrc, note):
    alice = Person(new_daemon("alice", torrc), "alice")
    bob = Person(new_daemon("bob", torrc), "bob")
    befriend(alice, bob)
    pair = Pair(alice, bob)
    pair.exchange(LINES)
    lost = {alice: set(), bob: set()}

    for person, other in ((bob, alice), (alice, bob)):
        copy = copy_with_a_queue(pair, person, other)
        to_person = pair.said_by(other)
        held = to_person.number
        pair.exchange(LINES)
        pair.settle()
        lost[person] |= set(range(held + 1, to_person.number + 1))

        person.daemon.kill_with_tors()
        to_person.fire(LINES)
        to_person.fence()
        put_back(person, copy)
        person.daemon.start()
        pair.attach(person)
        pair.exchange(LINES)
        for each in pair.people:
            each.irc.wait_for(lambda lines: any(SET_UP_ANEW.search(line.text) for line in lines),
                              TOR_S, "the line about the new session")
        pair.settle()
        for each in pair.people:
            news = news_of_a_new_session(each)
            note(f"{person.name} restored, {each.name} is told: {news}")
            assert len(news) == 1
            # Of what was said to the restored side, that came after the copy, and was acked.
            assert re.search(rf"\b{LINES}\b", news[0])

    for stream in pair.streams:
        stream.check(lost=lost[stream.listener.person])
