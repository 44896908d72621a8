# SPDX-License-Identifier: GPL-3.0-or-later
"""A tor's control socket (control-spec): questions and their answers, events, circuits."""

import re
import socket
import time

ANSWER_S = 30


class Refused(Exception):
    """tor answered something else than 250."""


class Control:
    """`cookie` is the file that proves who asks; without one the socket's directory is all that guards it."""

    def __init__(self, path, cookie=None):
        self.events = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._pending = b""
        proof = cookie.read_bytes().hex() if cookie else ""
        self.ask(f"AUTHENTICATE {proof}".strip())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def _line(self, deadline):
        while b"\r\n" not in self._pending:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            data = self._socket.recv(65536)
            if not data:
                raise Refused("tor closed the control connection")
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\r\n")
        return line.decode(errors="replace")

    def _reply(self, deadline):
        """One reply or event: its code and its lines, data ("+") among them."""
        lines = []
        while True:
            line = self._line(deadline)
            lines.append(line[4:])
            if line[3:4] == "+":
                data = self._line(deadline)
                while data != ".":
                    lines.append(data[1:] if data.startswith("..") else data)
                    data = self._line(deadline)
            if line[3:4] == " ":
                return line[:3], lines

    def ask(self, command):
        """The lines of the answer, without the last one's OK. Events that come first are kept."""
        self._socket.sendall(command.encode() + b"\r\n")
        deadline = time.monotonic() + ANSWER_S
        while True:
            code, lines = self._reply(deadline)
            if code == "650":
                self.events.append("\n".join(lines))
                continue
            if code not in ("250", "251"):
                raise Refused(f"{command.split()[0]}: {code} {' '.join(lines)}")
            return lines[:-1] if len(lines) > 1 else lines

    def await_event(self, pattern, timeout_s=ANSWER_S):
        """The first event, of those kept and those to come, that matches; it and all before it are gone then."""
        regex, deadline = re.compile(pattern), time.monotonic() + timeout_s
        while True:
            while self.events:
                match = regex.search(self.events.pop(0))
                if match:
                    return match
            code, lines = self._reply(deadline)
            if code == "650":
                self.events.append("\n".join(lines))

    def circuits(self):
        """What GETINFO circuit-status tells: [{"id": ..., "path": [nicknames], "PURPOSE": ..., ...}]."""
        found = []
        for line in self.ask("GETINFO circuit-status"):
            words = line.removeprefix("circuit-status=").split()
            if len(words) < 3 or words[1] != "BUILT":
                continue
            circuit = dict(re.findall(r'(\w+)=("[^"]*"|\S+)', " ".join(words[3:])))
            circuit = {key: value.strip('"') for key, value in circuit.items()}
            circuit["id"] = words[0]
            circuit["path"] = [hop.partition("~")[2] for hop in words[2].split(",")]
            found.append(circuit)
        return found
