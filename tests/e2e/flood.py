# SPDX-License-Identifier: GPL-3.0-or-later
"""Many strangers at one door, as fast as they get there."""

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
    """From `with` to its end. dial() gives a reply and, if that is 0, a connection; OSError or AssertionError when it
    can't. `count` has what became of those who came through: an answer to a request, "garbage", "stalled", "closed"."""

    def __init__(self, dial, address):
        self.dial, self.address = dial, address
        self.count = collections.Counter()
        self._kinds = itertools.cycle(KINDS)
        self._open = set()
        self._held = collections.deque()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(WORKERS)]

    def __enter__(self):
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *_):
        """Cuts all visits short. Dials that are under way are not waited for: what they lead to is closed."""
        with self._lock:
            self._over.set()
            for connection in self._open:
                shut(connection)
            held, self._held = self._held, collections.deque()
        for visit in held:
            self._let_go(*visit)

    def _work(self):
        while not self._over.is_set():
            try:
                reply, connection = self.dial()
            except (OSError, AssertionError):
                reply, connection = "failed", None
            result = f"reply {reply}"
            if connection is None:
                self._over.wait(PAUSE_S)
            else:
                result = self._enter(connection)
            with self._lock:
                if not self._over.is_set():
                    self.count[result] += 1

    def _enter(self, connection):
        with self._lock:
            kind = next(self._kinds)
            self._open.add(connection)
            if self._over.is_set():
                shut(connection)
        if kind == "garbage":
            return self._throw_garbage(connection)
        process = subprocess.Popen([helper("stranger"), kind, self.address], stdin=connection, stdout=subprocess.PIPE)
        answer = process.stdout.readline().decode().strip()
        if answer == "stalled":
            self._hold(connection, process)
        else:
            self._let_go(connection, process)
        return answer

    def _hold(self, *visit):
        """Until so many more have come."""
        with self._lock:
            self._held.append(visit)
            first = self._held.popleft() if len(self._held) > HELD or self._over.is_set() else None
        if first:
            self._let_go(*first)

    def _throw_garbage(self, connection):
        try:
            connection.sendall(os.urandom(GARBAGE))
            connection.recv(1)
        except OSError:
            pass
        self._let_go(connection)
        return "garbage"

    def _let_go(self, connection, process=None):
        shut(connection)
        with self._lock:
            self._open.discard(connection)
        connection.close()
        if process:
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


def shut(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
