# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay that looks on: when each cell of each circuit came, and from which side.

CELL_STATS events count cells by the second, which is too coarse for whoever looks for a pattern within one. With the
domain "circ" at debug level a relay logs the circuit and the channel of every cell that it takes, to the millisecond:
all that a hostile relay could write down, since cells are of one size and sealed. No privileges are needed."""

import datetime
import re
import time

from control import Control

CELL = re.compile(r"^(\w{3} \d\d \d\d:\d\d:\d\d\.\d{3}) \[debug\] circuit_get_by_circid_channel_impl\(\): .*"
                  r"returning circuit (\w+) for circ_id \d+, channel ID (\d+)")
POLL_S = 0.02


class Observer:
    """Watches one node of a TorNet from start() to stop()."""

    def __init__(self, node):
        self.node = node
        self.path = node.dir / "cells"
        self._control = Control(node.dir / "control")
        self._circuits = {}
        self._year = datetime.datetime.now().year

    def __enter__(self):
        self._log(f'Log="[circ]debug file {self.path}"')
        self._file = open(self.path, encoding="ascii", errors="replace")
        self._pending = ""
        return self

    def __exit__(self, *_):
        self._log()
        self._control.close()
        self._file.close()
        self.path.unlink()

    def _log(self, more=""):
        self._control.ask(f'SETCONF LogTimeGranularity=1 Log="notice file {self.node.dir}/log" {more}')

    def _read(self):
        *lines, self._pending = (self._pending + self._file.read()).split("\n")
        for line in lines:
            match = CELL.match(line)
            if match:
                when = datetime.datetime.strptime(f"{self._year} {match[1]}", "%Y %b %d %H:%M:%S.%f").timestamp()
                self._circuits.setdefault(match[2], []).append((when, match[3]))

    def circuit(self, spans):
        """The cells of the circuit that stood all the time and carried most: [(time, side)], side 0 the one that
        spoke first. `spans` are (begin, end); what has a cell in more of them stood longer."""
        self._read()

        def rank(cells):
            return (sum(any(begin <= when < end for when, _ in cells) for begin, end in spans),
                    sum(spans[0][0] <= when < spans[-1][1] for when, _ in cells))

        cells = max(self._circuits.values(), key=rank, default=[])
        return [(when, int(side != cells[0][1])) for when, side in cells]

    def await_cells(self, count, span_s, timeout_s):
        """Until one circuit has carried that many within the last span_s; its cells."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._read()
            now = time.time()
            for cells in self._circuits.values():
                recent = [when for when, _ in cells if when > now - span_s]
                if len(recent) >= count:
                    return recent
            assert time.monotonic() < deadline, f"no circuit carries {count} cells within {span_s} s"
            time.sleep(POLL_S)
