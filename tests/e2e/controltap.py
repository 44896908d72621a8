# SPDX-License-Identifier: GPL-3.0-or-later
"""Listens in between a daemon and a tor's control socket: which onion services stand, and for how many clients."""

import re
import socket
import threading


class ControlTap:
    """`services` is {address: number of client keys}. Where there is no tor, nobody answers behind it either."""

    def __init__(self, path, behind):
        self.path, self.behind = path, behind
        self.services = {}
        self.largest = 0        # number of client keys that tor was ever told of for one service
        self._adding = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                daemon, _ = self._listener.accept()
            except OSError:
                return
            tor = socket.socket(socket.AF_UNIX)
            try:
                tor.connect(str(self.behind))
            except OSError:
                daemon.close()
                tor.close()
                continue
            self.services, self._adding = {}, []
            for source, target, on_line in ((daemon, tor, self._on_command), (tor, daemon, self._on_reply)):
                threading.Thread(target=self._pump, args=(source, target, on_line), daemon=True).start()

    @staticmethod
    def _pump(source, target, on_line):
        pending = b""
        try:
            while data := source.recv(65536):
                *lines, pending = (pending + data).split(b"\r\n")
                for line in lines:
                    on_line(line.decode(errors="replace"))
                target.sendall(data)
        except OSError:
            pass
        for sock in (source, target):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _on_command(self, line):
        if line.startswith("ADD_ONION "):
            self._adding.append(line.count(" ClientAuthV3="))
            self.largest = max(self.largest, self._adding[-1])
        elif line.startswith("DEL_ONION "):
            self.services.pop(line.split()[1], None)

    def _on_reply(self, line):
        match = re.match(r"250-ServiceID=(\w+)", line)
        if match:
            self.services[match[1]] = self._adding.pop(0)
        elif line.startswith(("512 ", "550 ", "551 ", "553 ")) and self._adding:
            self._adding.pop(0)
