# SPDX-License-Identifier: GPL-3.0-or-later
"""Relays that look on: when each cell of each circuit came, and from which side.

CELL_STATS events count cells by the second, which is too coarse for whoever looks for a pattern within one. With the
domain "circ" at debug level a relay logs the circuit and the channel of every cell that it takes, to the millisecond:
all that a hostile relay could write down, since cells are of one size and sealed. No privileges are needed."""

import datetime
import re

from control import Control

CELL = re.compile(r"^(\w{3} \d\d \d\d:\d\d:\d\d\.\d{3}) \[debug\] circuit_get_by_circid_channel_impl\(\): .*"
                  r"returning circuit (\w+) for circ_id \d+, channel ID (\d+)")


class Tape:
    """What one node of a TorNet writes down."""

    def __init__(self, node):
        self._node = node
        self._path = node.dir / "cells"

    def start(self):
        self._set_log(f'Log="[circ]debug file {self._path}"')

    def stop(self):
        """{circuit: [(time, channel)]}"""
        self._set_log()
        circuits = {}
        year = datetime.datetime.now().year
        for line in self._path.read_text(encoding="ascii", errors="replace").splitlines():
            match = CELL.match(line)
            if match:
                when = datetime.datetime.strptime(f"{year} {match[1]}", "%Y %b %d %H:%M:%S.%f").timestamp()
                circuits.setdefault(match[2], []).append((when, match[3]))
        self._path.unlink()
        return circuits

    def _set_log(self, more=""):
        with Control(self._node.dir / "control") as control:
            control.ask(f'SETCONF LogTimeGranularity=1 Log="notice file {self._node.dir}/log" {more}')


class Observer:
    """Watches some nodes while the `with` lasts."""

    def __init__(self, nodes):
        self._tapes = [Tape(node) for node in nodes]
        self._circuits = []

    def __enter__(self):
        for tape in self._tapes:
            tape.start()
        return self

    def __exit__(self, *_):
        for tape in self._tapes:
            self._circuits += tape.stop().values()

    def windows(self, spans):
        """The cells of the circuit that stood all the time and carried most, cut into (begin, end) of time: for each of
        them [(seconds since begin, side)], side 0 being the one that spoke first."""
        cut = [[[(when, side) for when, side in cells if begin <= when < end] for begin, end in spans]
               for cells in self._circuits]
        best = max(cut, key=lambda windows: (sum(map(bool, windows)), sum(map(len, windows))), default=[])
        first = next((window[0][1] for window in best if window), None)
        return [[(when - begin, int(side != first)) for when, side in window]
                for window, (begin, _) in zip(best, spans)]
