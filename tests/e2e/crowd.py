# SPDX-License-Identifier: GPL-3.0-or-later
"""Many clients at once in one thread, which log in by SCRAM-SHA-256 (RFC 7677): that costs no password hash each."""

import base64
import hashlib
import hmac
import os
import selectors
import socket
import time

READ = 65536
STEP_S = 0.2


class Key:
    """An account's password, and what SCRAM makes of it: once, since the salt stays the same."""

    def __init__(self, account, password):
        self.account, self.password = account, password
        self.made = {}

    def client_key(self, salt, iterations):
        if (salt, iterations) not in self.made:
            salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), salt, iterations)
            self.made[salt, iterations] = hmac.digest(salted, b"Client Key", "sha256")
        return self.made[salt, iterations]


class Member:
    """One client. All that it was sent is in `got`; what it has to say waits in `out` until the socket takes it."""

    def __init__(self, crowd, address, rcvbuf=None):
        self.crowd, self.got, self.out, self.at = crowd, bytearray(), b"", 0
        self.messages = 0  # PRIVMSGs that have come
        self.closed, self.deaf, self.key = False, False, None
        self.socket = socket.socket()
        if rcvbuf:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.socket.connect(address)
        self.socket.setblocking(False)
        crowd.selector.register(self.socket, selectors.EVENT_READ, self)

    def send(self, *lines):
        self.send_bytes("".join(line + "\r\n" for line in lines).encode())

    def send_bytes(self, data):
        self.out += data
        self._write()

    def attach(self, key):
        """Logs in to the account of the key."""
        self.key = key
        self.send("CAP REQ :sasl", f"NICK {key.account}", "USER x 0 * :x", "AUTHENTICATE SCRAM-SHA-256")

    def be_deaf(self, deaf):
        """Reads nothing any more, or again."""
        self.deaf = deaf
        self._watch()

    def has(self, words):
        return words in self.got

    def close(self):
        if not self.closed:
            self.closed = True
            self.crowd.selector.unregister(self.socket)
        self.socket.close()

    # ---- events ----

    def _watch(self):
        if not self.closed:
            wanted = (0 if self.deaf else selectors.EVENT_READ) | (selectors.EVENT_WRITE if self.out else 0)
            # A selector has none that waits for nothing: a deaf one waits for room that it always has.
            self.crowd.selector.modify(self.socket, wanted or selectors.EVENT_WRITE, self)

    def _write(self):
        try:
            self.out = self.out[self.socket.send(self.out):] if self.out else b""
        except BlockingIOError:
            pass
        except OSError:
            self.out = b""
        self._watch()

    def on_event(self, mask):
        if mask & selectors.EVENT_WRITE:
            self._write()
        if mask & selectors.EVENT_READ and not self.deaf:
            self._read()

    def _read(self):
        try:
            data = self.socket.recv(READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.crowd.selector.unregister(self.socket)
            self.closed = True
            return
        self.got += data
        end = self.got.rfind(b"\n") + 1
        new = bytes(self.got[self.at:end])
        self.at = max(self.at, end)
        self.messages += new.count(b" PRIVMSG ")
        if b"PING :" in new or (self.key and b"AUTHENTICATE " in new) or b" 903 " in new:
            for line in new.split(b"\r\n"):
                self._on_line(line)

    def _on_line(self, line):
        if line.startswith(b"PING :"):
            self.send_bytes(b"PONG " + line[5:] + b"\r\n")
        elif line.startswith(b"AUTHENTICATE "):
            self._authenticate(line[13:])
        elif b" 903 " in line:
            self.send("CAP END")

    def _authenticate(self, challenge):
        if challenge == b"+":
            self.first = f"n={self.key.account},r={os.urandom(12).hex()}"
            answer = f"n,,{self.first}"
        elif base64.b64decode(challenge).startswith(b"v="):
            self.send("AUTHENTICATE +")
            return
        else:
            answer = self._proof(base64.b64decode(challenge).decode())
        self.send("AUTHENTICATE " + base64.b64encode(answer.encode()).decode())

    def _proof(self, challenge):
        """RFC 5802 section 3."""
        words = dict(word.split("=", 1) for word in challenge.split(","))
        client_key = self.key.client_key(base64.b64decode(words["s"]), int(words["i"]))
        final = f"c={base64.b64encode(b'n,,').decode()},r={words['r']}"
        signature = hmac.digest(hashlib.sha256(client_key).digest(), f"{self.first},{challenge},{final}".encode(),
                                "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        return f"{final},p={base64.b64encode(proof).decode()}"


class Crowd:
    """Its members are served while somebody waits for something."""

    def __init__(self, address):
        self.address = address
        self.selector = selectors.DefaultSelector()
        self.members = []

    def join(self, **options):
        member = Member(self, self.address, **options)
        self.members.append(member)
        return member

    def until(self, done, what, timeout_s=60):
        deadline = time.monotonic() + timeout_s
        while not done():
            assert time.monotonic() < deadline, f"{timeout_s} s passed while waiting for {what}"
            for key, mask in self.selector.select(STEP_S):
                key.data.on_event(mask)

    def attach(self, key, count, at_once=25):
        """So many clients of one account, which have all that comes with a login."""
        new = []
        while len(new) < count:
            some = [self.join() for _ in range(min(at_once, count - len(new)))]
            for member in some:
                member.attach(key)
            self.until(lambda: all(member.has(b" 366 ") for member in some), f"clients of {key.account}")
            new += some
        return new

    def close(self):
        for member in self.members:
            member.close()
        self.selector.close()
