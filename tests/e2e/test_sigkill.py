# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGKILL at random moments under traffic: nothing accepted is lost, doubled or reordered.

SOAK_KILLS and SOAK_MESSAGES (each way) say how much; SEED repeats the choices of a run."""

import os
import random
import time

from people import Person, befriend
from traffic import Pair

KILLS = int(os.environ.get("SOAK_KILLS", 5))
MESSAGES = int(os.environ.get("SOAK_MESSAGES", 300))


def plan(rng, alice, bob):
    """Who is killed in each round: one, the other and both, in ever new order, KILLS in all."""
    rounds, kills = [], 0
    while kills < KILLS:
        turns = [[alice], [bob], [alice, bob]]
        rng.shuffle(turns)
        for victims in turns:
            if kills < KILLS:
                rounds.append(victims)
                kills += len(victims)
    return rounds


def reach_a_bad_moment(rng, pair, start, count):
    """Lines are in flight in both directions. Most often until one of them arrives; else some part
    of a second, which picks a moment of the start or of the dialling that nothing announces."""
    if rng.random() < 0.7:
        stream = rng.choice(pair.streams)
        stream.listener.await_number(start[stream] + rng.randrange(1, count))
    else:
        time.sleep(rng.uniform(0, 0.3))


def test_sigkill_under_traffic_loses_doubles_and_reorders_nothing(new_daemon, torrc, note):
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    print(f"SEED={seed}")
    rng = random.Random(seed)
    alice = Person(new_daemon("alice", torrc), "alice")
    bob = Person(new_daemon("bob", torrc), "bob")
    befriend(alice, bob)
    pair = Pair(alice, bob)
    rounds = plan(rng, alice, bob)
    count = -(-MESSAGES // len(rounds))

    for victims in rounds:
        start = {stream: stream.talker.number for stream in pair.streams}
        answered = rng.randrange(count // 3)
        for stream in pair.streams:
            stream.talker.burst(answered)
        pair.fire(count - answered)
        reach_a_bad_moment(rng, pair, start, count)
        for victim in victims:
            victim.daemon.kill()
        for victim in victims:
            victim.daemon.start()
            pair.attach(victim)
        pair.fence()

    pair.exchange(1)
    pair.check()
    note(f"{sum(map(len, rounds))} kills, {[len(s.talker.accepted) for s in pair.streams]} lines accepted")
