# SPDX-License-Identifier: GPL-3.0-or-later
"""A tor that no daemon has started: one that a daemon attaches to, or a stranger's, with which she looks around."""

import re
import socket
import subprocess
import time

from control import Control
from daemon import POLL_S, START_S
from tornet import die_with_parent, find_tool

TORRC = """\
DataDirectory {dir}/data
ControlSocket {dir}/control
CookieAuthentication 1
SocksPort unix:{dir}/socks OnionTrafficOnly ExtendedErrors IsolateSOCKSAuth
Log notice file {dir}/log
"""
PORT = 6697
BOOTSTRAP_S = 120   # it takes two
DIAL_S = 150        # tor itself gives up after 120
FETCH_S = 60


class OtherTor:
    """Its life is not the daemon's."""

    def __init__(self, directory, torrc):
        self.dir = directory
        self.dir.mkdir(mode=0o700)
        (self.dir / "torrc").write_text(torrc.read_text() + TORRC.format(dir=self.dir))
        self._cookie = self.dir / "data" / "control_auth_cookie"
        self.process = None
        self._dials = 0

    def start(self):
        """Returns when its control socket is there."""
        self.process = subprocess.Popen([find_tool("tor"), "--quiet", "-f", str(self.dir / "torrc")],
                                        stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        self._await(lambda: (self.dir / "control").exists() and self._has_cookie(), "makes no control socket")
        return self

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        self.start()
        try:
            with self.control() as control:
                self._await(lambda: "PROGRESS=100" in control.ask("GETINFO status/bootstrap-phase")[0],
                            "does not bootstrap", BOOTSTRAP_S)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def _await(self, condition, what, timeout_s=START_S):
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert self.process.poll() is None, "the other tor ended"
            assert time.monotonic() < deadline, f"the other tor {what}"
            time.sleep(POLL_S)

    def _has_cookie(self):
        return self._cookie.exists() and self._cookie.stat().st_size > 0

    def control(self):
        return Control(self.dir / "control", self._cookie)

    def forget(self):
        """As a tor that never looked: no descriptors, no memory of introduction points and directories."""
        with self.control() as control:
            control.ask("SIGNAL NEWNYM")

    def dial(self, address):
        """SOCKS's reply to a dial of <address>.onion, and the connection where that was 0."""
        self._dials += 1
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(DIAL_S)
        try:
            sock.connect(str(self.dir / "socks"))
            name = b"%d" % self._dials
            sock.sendall(b"\5\1\2")
            assert self._read(sock, 2) == b"\5\2"
            sock.sendall(b"\1" + bytes([len(name)]) + name + b"\1x")
            assert self._read(sock, 2) == b"\1\0"
            host = f"{address}.onion".encode()
            sock.sendall(b"\5\1\0\3" + bytes([len(host)]) + host + PORT.to_bytes(2, "big"))
            _, reply, _, kind = self._read(sock, 4)
            self._read(sock, {1: 4, 4: 16}[kind] + 2)
        except BaseException:
            sock.close()
            raise
        if reply == 0:
            sock.settimeout(None)
            return reply, sock
        sock.close()
        return reply, None

    @staticmethod
    def _read(sock, count):
        data = b""
        while len(data) < count:
            more = sock.recv(count - len(data))
            assert more, "the other tor closed a SOCKS connection without a reply"
            data += more
        return data

    def fetch(self, address):
        """What the directories hold for an address: the descriptor, or None."""
        with self.control() as control:
            control.ask("SETEVENTS HS_DESC HS_DESC_CONTENT")
            control.ask(f"HSFETCH {address}")
            # Empty where the look-up failed; tor says so once for each directory that it asked.
            text = control.await_event(rf"(?s)^HS_DESC_CONTENT {address} (\S+ \S+)\n(.*)", FETCH_S)[2].strip()
        return text if re.search(r"^hs-descriptor ", text, re.M) else None
