# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay in the middle of a standing link counts cells: with constant cover it can't tell talk from silence."""

import os
import random
import time

from classifier import Verdict
from observer import Observer
from people import Person, befriend, talk

SLOT_S = 0.06
WINDOW_S = 8 * SLOT_S
WINDOWS = int(os.environ.get("COVER_WINDOWS", "24")) // 4 * 4
ODDS = 0.002        # that windows which don't differ seem to
ATTEMPTS = 6        # at a recording: Tor breaks a circuit now and then, and a busy machine stands still
# Without pings, so that what a link without cover carries is talk alone.
TIMERS = {"cover_slot": round(1000 * SLOT_S), "cover_light": round(1000 * SLOT_S), "ping": 60000, "pong": 60000}


def set_cover(people, cover):
    for person in people:
        person.irc.command(f"set cover {cover}")
        person.irc.expect(rf"NOTICE {person.name} :cover is {cover} now")


def entries(net, person):
    """The relays next to her on circuits that are links."""
    with person.daemon.tor_control(person.name) as control:
        names = {circuit["path"][0] for circuit in control.circuits()
                 if circuit.get("HS_STATE", "").endswith("_JOINED")}
    return [net.node(name) for name in names]


def talk_for_a_window(people):
    """Lines and answers, one after the other."""
    end = time.monotonic() + WINDOW_S
    while time.monotonic() < end:
        talk(*people, f"{time.monotonic()} " + "x" * random.randrange(300))


def record(people, kinds):
    """Windows of talk (True) and silence, one after the other: the (begin, end) of each."""
    spans = []
    for talking in kinds:
        begin = time.time()
        if talking:
            talk_for_a_window(people)
        else:
            time.sleep(WINDOW_S)
        spans.append((begin, begin + WINDOW_S))
    return spans


def recording(net, people, kinds, has_cells):
    """The cells of each window; of a link that stood all the time, as the windows that must have some tell."""
    for _ in range(ATTEMPTS):
        with Observer(entries(net, people[0])) as observer:
            spans = record(people, kinds)
        windows = observer.windows(spans)
        if windows and all(window for window, expected in zip(windows, has_cells) if expected):
            return windows
    raise AssertionError("no link stood through a recording")


def shuffled(count):
    """As many windows of each kind among those that the classifier learns from, every other, as among the rest."""
    halves = [[True, False] * (count // 4) for _ in range(2)]
    for half in halves:
        random.shuffle(half)
    return [kind for pair in zip(*halves) for kind in pair]


def judge_constant(net, people, note):
    kinds = shuffled(WINDOWS)
    verdict = Verdict(recording(net, people, kinds, [True] * WINDOWS), kinds, WINDOW_S, SLOT_S)
    note(f"cover constant: {verdict}")
    return verdict


def test_what_a_relay_sees_of_talk_and_silence(new_daemon, torrc, net, note):
    alice = Person(new_daemon("alice", torrc, timers=TIMERS), "alice")
    bob = Person(new_daemon("bob", torrc, timers=TIMERS), "bob")
    befriend(alice, bob)
    people = (alice, bob)

    # Without cover anybody can tell, and so can this classifier, unless the machine is so busy that nobody can talk.
    kinds = shuffled(12)
    for _ in range(ATTEMPTS):
        bare = recording(net, people, kinds, kinds)
        off = Verdict(bare, kinds, WINDOW_S, SLOT_S)
        note(f"cover off: {off}")
        if off.accuracy == 1:
            break
    assert off.accuracy == 1
    silent = max(len(window) for window, talking in zip(bare, kinds) if not talking)

    # With light cover a silent link carries records too, at random times: a window may happen to have few.
    set_cover(people, "light")
    for _ in range(ATTEMPTS):
        light = recording(net, people, [False] * 4, [True] * 4)
        cells = [len(window) for window in light]
        note(f"cover light: {cells} cells in silent windows; without cover {silent} at most")
        if min(cells) > silent:
            break
    assert min(cells) > silent

    # With constant cover nobody can. By chance it seems so now and then, but hardly twice.
    set_cover(people, "constant")
    assert any(judge_constant(net, people, note).chance > ODDS for _ in range(2))
