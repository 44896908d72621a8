# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who has seen windows of cells, is told of half of them what they were, and guesses the other half.

A window is a list of (time, side), seconds since its beginning. The classifier is the best that a single feature and a
threshold can do, which is what such recordings allow: the features are what the literature on traffic analysis counts.
What it scores by luck is found by giving it the same windows with their names shuffled."""

import random
import statistics

BURST_S = 0.02      # cells closer than this came together
SHUFFLES = 999


def gaps(times):
    return [later - earlier for earlier, later in zip(times, times[1:])]


def spread(values):
    return statistics.pstdev(values) if len(values) > 1 else 0.0


def autocorrelation(values, lag):
    """Of a series with itself, `lag` later: 1 where it repeats, 0 where it doesn't."""
    mean, variance = (statistics.fmean(values), statistics.pvariance(values)) if len(values) > lag else (0, 0)
    if variance == 0:
        return 0.0
    return statistics.fmean((a - mean) * (b - mean) for a, b in zip(values, values[lag:])) / variance


def largest_burst(times):
    """How many cells one burst held: what would be the size of a message, if cells had none."""
    largest = length = min(1, len(times))
    for gap in gaps(times):
        length = length + 1 if gap < BURST_S else 1
        largest = max(largest, length)
    return largest


def of_times(times, window_s, slot_s):
    """Features of one side's cells, or of both sides' together."""
    apart = gaps(times)
    slots = [0] * max(1, round(window_s / slot_s))
    for when in times:
        slots[min(len(slots) - 1, int(when / slot_s))] += 1
    return {
        "cells": len(times),
        "most in a slot": max(slots),
        "fewest in a slot": min(slots),
        "spread of slots": spread(slots),
        "autocorrelation of slots": autocorrelation(slots, 1),
        "shortest gap": min(apart, default=window_s),
        "longest gap": max(apart, default=window_s),
        "mean gap": statistics.fmean(apart) if apart else window_s,
        "median gap": statistics.median(apart) if apart else window_s,
        "spread of gaps": spread(apart),
        "autocorrelation of gaps": autocorrelation(apart, 1),
        "largest burst": largest_burst(times),
    }


def answers(cells, side):
    """How long after each cell of a side the next of the other side came."""
    found = []
    for index, (when, who) in enumerate(cells):
        after = next((later for later, other in cells[index + 1:] if other != side), None)
        if who == side and after is not None:
            found.append(after - when)
    return found


def features(cells, window_s, slot_s):
    """{name: number} of a window."""
    found = {}
    for name, times in (("either side", [when for when, _ in cells]),
                        ("side 0", [when for when, side in cells if side == 0]),
                        ("side 1", [when for when, side in cells if side == 1])):
        found.update({f"{feature}, {name}": value for feature, value in of_times(times, window_s, slot_s).items()})
    for side in (0, 1):
        delays = answers(cells, side)
        found[f"mean answer to side {side}"] = statistics.fmean(delays) if delays else window_s
        found[f"spread of answers to side {side}"] = spread(delays)
    return found


class Stumps:
    """All rules of the kind "this feature is above that threshold", over some samples."""

    def __init__(self, samples):
        # For each feature the samples in its order, each with the threshold that fits behind it, if one does.
        self._orders = []
        for feature in range(len(samples[0])):
            order = sorted(range(len(samples)), key=lambda i, f=feature: samples[i][f])
            values = [samples[i][feature] for i in order]
            between = [(low + high) / 2 if low < high else None for low, high in zip(values, values[1:])]
            self._orders.append(list(zip(order, between + values[-1:])))

    def best(self, names):
        """(score, feature, threshold, sign) of the rule that is right about most of them."""
        best = (0.0, 0, 0.0, 1)
        total, yes = len(names), sum(names)
        for feature, order in enumerate(self._orders):
            right = yes     # a threshold below all: "above" is always said
            for index, threshold in order:
                right += -1 if names[index] else 1
                if threshold is not None and max(right, total - right) > best[0] * total:
                    sign = 1 if 2 * right >= total else -1
                    best = (max(right, total - right) / total, feature, threshold, sign)
        return best


def guesses(rule, sample):
    _, feature, threshold, sign = rule
    return (sample[feature] > threshold) == (sign == 1)


class Verdict:
    """`accuracy` on windows whose names it was not told, of the rule learnt from the others; `chance`: how often
    names that mean nothing let a rule fit all the windows as well as the true ones do."""

    def __init__(self, windows, talking, window_s, slot_s):
        rows = [features(cells, window_s, slot_s) for cells in windows]
        columns = list(rows[0])
        samples = [tuple(row[column] for column in columns) for row in rows]
        rule = Stumps(samples[0::2]).best(talking[0::2])
        tested = list(zip(samples[1::2], talking[1::2]))
        self.rule = columns[rule[1]]
        self.accuracy = statistics.fmean(guesses(rule, sample) == name for sample, name in tested)
        self.chance = self._chance(samples, talking)

    @staticmethod
    def _chance(samples, talking):
        stumps, names = Stumps(samples), list(talking)
        fit = stumps.best(names)[0]
        shuffler = random.Random(1)
        as_good = 0
        for _ in range(SHUFFLES):
            shuffler.shuffle(names)
            as_good += stumps.best(names)[0] >= fit
        return (as_good + 1) / (SHUFFLES + 1)

    def __str__(self):
        return (f"right about {self.accuracy:.0%} by the {self.rule}; names that mean nothing fit as well in "
                f"{self.chance:.2%}")
