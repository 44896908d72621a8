# SPDX-License-Identifier: GPL-3.0-or-later
"""A raw IRC client: sends lines, keeps every line that arrives, waits for the one it expects."""

import base64
import re
import socket
import threading
import time

TIMEOUT_S = 45


class Line:
    """One line from the server, taken apart (modern-irc "Message Format")."""

    def __init__(self, raw):
        self.raw = raw
        self.tags, self.source, self.params = {}, "", []
        rest = raw
        if rest.startswith("@"):
            tags, _, rest = rest[1:].partition(" ")
            for tag in tags.split(";"):
                key, _, value = tag.partition("=")
                self.tags[key] = value
        rest = rest.lstrip(" ")
        if rest.startswith(":"):
            self.source, _, rest = rest[1:].partition(" ")
        head, colon, trailing = rest.partition(" :")
        words = head.split()
        self.command = words[0].upper() if words else ""
        self.params = words[1:] + ([trailing] if colon else [])

    @property
    def nick(self):
        return self.source.partition("!")[0]

    @property
    def text(self):
        return self.params[-1] if self.params else ""

    def __repr__(self):
        return self.raw


class IrcClient:
    """Connects at once. Lines are read on a thread, so a PING is answered even while a test does
    something else; with auto_pong=False none is, which is how a client dies before the fence."""

    def __init__(self, address, auto_pong=True, family=None):
        self.auto_pong = auto_pong
        self.lines = []
        self.closed = False
        self._seen = 0
        self._fences = 0
        self._changed = threading.Condition()
        family = family or (socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self._socket = socket.socket(family)
        self._socket.settimeout(TIMEOUT_S)
        self._socket.connect(address)
        self._socket.settimeout(None)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _read(self):
        pending = b""
        while True:
            try:
                data = self._socket.recv(65536)
            except OSError:
                data = b""
            if not data:
                break
            *whole, pending = (pending + data).split(b"\n")
            for raw in whole:
                self._on_line(raw.rstrip(b"\r").decode("utf-8", "surrogateescape"))
        self._shut()
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def _shut(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _on_line(self, raw):
        line = Line(raw)
        if line.command == "PING" and self.auto_pong:
            self._try_send(f"PONG :{line.text}")
        with self._changed:
            self.lines.append(line)
            self._changed.notify_all()

    def _try_send(self, text):
        try:
            self.send(text)
        except OSError:
            pass

    def send(self, text):
        self.send_bytes(text.encode("utf-8", "surrogateescape") + b"\r\n")

    def send_bytes(self, data):
        self._socket.sendall(data)

    def say(self, target, text):
        self.send(f"PRIVMSG {target} :{text}")

    def command(self, text):
        """A command line to the service nick."""
        self.say("allium", text)

    def wait(self, found, timeout_s, what):
        """found() is called under the lock at every change, until it gives something true."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while True:
                result = found()
                if result:
                    return result
                left = deadline - time.monotonic()
                if self.closed or left <= 0:
                    why = "the connection closed" if self.closed else f"{timeout_s} s passed"
                    recent = "\n  ".join(line.raw for line in self.lines[-25:])
                    raise AssertionError(f"{why} while waiting for {what}; last lines:\n  {recent}")
                self._changed.wait(left)

    def expect(self, pattern, timeout_s=TIMEOUT_S):
        """The first line after the last expected one that the pattern is found in. Returns the
        match; what lies between stays in self.lines and is not looked at again."""
        regex = re.compile(pattern)

        def found():
            for index in range(self._seen, len(self.lines)):
                match = regex.search(self.lines[index].raw)
                if match:
                    self._seen = index + 1
                    return match
            return None

        return self.wait(found, timeout_s, f"/{pattern}/")

    def expect_close(self, timeout_s=TIMEOUT_S):
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not self.closed:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError("the server kept the connection open")
                self._changed.wait(left)

    def wait_for(self, predicate, timeout_s=TIMEOUT_S, what="a state"):
        """Waits until predicate(list of all lines) is true, whatever has been expected before."""
        return self.wait(lambda: predicate(self.lines), timeout_s, what)

    def fence(self, timeout_s=TIMEOUT_S):
        """Returns once the server has answered everything sent so far: the lines since the last
        expected one, which then count as seen."""
        self._fences += 1
        token = f"fence-{self._fences}"
        start = self._seen
        self.send(f"PING {token}")
        self.expect(rf"PONG \S+ :?{token}$", timeout_s)
        with self._changed:
            return self.lines[start:self._seen - 1]

    def messages(self, source=None, target=None):
        """The texts of all PRIVMSGs that have arrived so far, in order."""
        with self._changed:
            return [line.text for line in self.lines if line.command == "PRIVMSG"
                    and (source is None or line.nick == source)
                    and (target is None or line.params[0] == target)]

    def login(self, nick, password=None, caps=(), sasl=None, timeout_s=TIMEOUT_S):
        """Registers: PASS with `password` as it stands, SASL PLAIN with sasl=(account, password).
        Returns at the end of the MOTD."""
        if caps or sasl:
            wanted = list(caps) + (["sasl"] if sasl and "sasl" not in caps else [])
            self.send("CAP LS 302")
            self.expect(r"CAP \S+ LS :", timeout_s)
            self.send("CAP REQ :" + " ".join(wanted))
            self.expect(r"CAP \S+ ACK ", timeout_s)
        if password:
            self.send(f"PASS :{password}")
        self.send(f"NICK {nick}")
        self.send(f"USER {nick} 0 * :{nick}")
        if sasl:
            self.authenticate(*sasl)
            self.expect(r" 903 ", timeout_s)
        if caps or sasl:
            self.send("CAP END")
        self.expect(r"^(?:@\S+ )?:\S+ (?:376|422) ", timeout_s)
        return self

    def authenticate(self, account, password):
        """SASL PLAIN with whatever answer comes."""
        self.send("AUTHENTICATE PLAIN")
        self.expect(r"^AUTHENTICATE \+|:\S+ AUTHENTICATE \+")
        payload = base64.b64encode(f"\0{account}\0{password}".encode()).decode()
        while True:
            chunk, payload = payload[:400], payload[400:]
            self.send("AUTHENTICATE " + (chunk or "+"))
            if len(chunk) < 400:
                return

    def close(self):
        """Drops the connection without a word, as a dying client does."""
        self._shut()
        self._reader.join(TIMEOUT_S)
        self._socket.close()

    def quit(self):
        self._try_send("QUIT :bye")
        self.expect_close()
        self.close()
