# SPDX-License-Identifier: GPL-3.0-or-later
"""Many strangers at one door, over Tor, as fast as their tor dials."""

import collections
import itertools
import os
import socket
import subprocess
import threading
import time

from daemon import POLL_S, helper

WORKERS = 16
GARBAGE = 64 * 1024
HELD = 24           # handshakes that are begun and held open
PAUSE_S = 0.2       # after a dial that failed: a loop of those is no flood of the door
KINDS = ("request", "request", "garbage", "stall")


class Flood:
    """From `with` to its end. `count` has what became of those who came through: an answer to a request, "garbage",
    "stalled", or "closed"."""

    def __init__(self, tor, address):
        self.tor, self.address = tor, address
        self.count = collections.Counter()
        self._kinds = itertools.cycle(KINDS)
        self._held = collections.deque()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(WORKERS)]

    def __enter__(self):
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *_):
        """Ends the strangers' tor too: it may be dialling."""
        self._over.set()
        self.tor.stop()
        for worker in self._workers:
            worker.join()
        while self._held:
            self._let_go(self._held.popleft())

    def _work(self):
        while not self._over.is_set():
            try:
                reply, connection = self.tor.dial(self.address)
            except (OSError, AssertionError):
                reply, connection = "failed", None
            with self._lock:
                kind = next(self._kinds)
            result = f"reply {reply}" if connection is None else self._visit(kind, connection)
            with self._lock:
                self.count[result] += 1
            if connection is None:
                self._over.wait(PAUSE_S)

    def _visit(self, kind, connection):
        if kind == "garbage":
            return self._throw_garbage(connection)
        process = subprocess.Popen([helper("stranger"), kind, self.address], stdin=connection, stdout=subprocess.PIPE)
        answer = process.stdout.readline().decode().strip()
        if answer == "stalled":
            with self._lock:
                self._held.append((process, connection))
                first = self._held.popleft() if len(self._held) > HELD else None
            if first:
                self._let_go(first)
        else:
            self._let_go((process, connection))
        return answer

    @staticmethod
    def _throw_garbage(connection):
        with connection:
            try:
                connection.sendall(os.urandom(GARBAGE))
                connection.recv(1)
            except OSError:
                pass
        return "garbage"

    @staticmethod
    def _let_go(visit):
        process, connection = visit
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        connection.close()
        process.stdout.close()
        process.wait()

    def total(self):
        """How many got as far as the door."""
        with self._lock:
            return sum(n for result, n in self.count.items() if not result.startswith("reply"))

    def await_total(self, total, timeout_s):
        deadline = time.monotonic() + timeout_s
        while self.total() < total:
            assert time.monotonic() < deadline, f"the flood is a trickle: {dict(self.count)}"
            time.sleep(POLL_S)
