# SPDX-License-Identifier: GPL-3.0-or-later
"""A bare echo behind an onion: what a round trip over the same network costs with nothing of ours in it."""

import os
import socket
import threading
import time

from tornet import Node, TorNetError, find_tool

SERVICE = """\
SocksPort 0
HiddenServiceDir {dir}/service
HiddenServicePort 6697 unix:{dir}/target
"""
CLIENT = "SocksPort unix:{dir}/socks OnionTrafficOnly\n"
COMMON = "DataDirectory {dir}\nLog notice file {dir}/log\n__OwningControllerProcess {owner}\n"
RECORD = 468
START_S = 200


def start_tor(directory, net, more):
    node = Node(find_tool("tor"), directory.name, directory)
    node.start(net.client_torrc + (COMMON + more).format(dir=directory, owner=os.getpid()))
    return node


def serve(listener):
    peer, _ = listener.accept()
    with peer:
        while True:
            data = peer.recv(65536)
            if not data:
                return
            peer.sendall(data)


def receive(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionError("the other side closed")
        data += more
    return data


def socks_connect(path, host):
    """Through tor's SOCKS socket (RFC 1928, no authentication); None if it could not yet."""
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.connect(str(path))
        sock.sendall(b"\5\1\0")
        receive(sock, 2)
        sock.sendall(b"\5\1\0\3" + bytes([len(host)]) + host.encode() + (6697).to_bytes(2, "big"))
        if receive(sock, 10)[1] == 0:
            return sock
    except OSError:
        pass
    sock.close()
    return None


class Echo:
    """One connection to an echo; trip() takes the seconds of a record there and back."""

    def __init__(self, directory, net):
        directory.mkdir()
        self.tors = [start_tor(directory / "s", net, SERVICE), start_tor(directory / "c", net, CLIENT)]
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(directory / "s" / "target"))
        self.listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()
        self.dir = directory
        self.sock = None
        self._connect()

    def _serve(self):
        while True:
            try:
                serve(self.listener)
            except OSError:
                return

    def _connect(self):
        deadline = time.monotonic() + START_S
        hostname = self.dir / "s" / "service" / "hostname"
        while self.sock is None:
            if time.monotonic() > deadline:
                raise TorNetError("the echo can't be reached")
            time.sleep(0.5)
            if hostname.exists() and (self.dir / "c" / "socks").exists():
                self.sock = socks_connect(self.dir / "c" / "socks", hostname.read_text().strip())

    def _trip(self):
        start = time.monotonic()
        self.sock.sendall(bytes(RECORD))
        receive(self.sock, RECORD)
        return time.monotonic() - start

    def trip(self):
        """Tor breaks a circuit now and then: then over another one."""
        while True:
            try:
                return self._trip()
            except OSError:
                self.sock.close()
                self.sock = None
                self._connect()
                self._trip()

    def stop(self):
        self.listener.close()
        if self.sock:
            self.sock.close()
        for tor in self.tors:
            tor.stop()
