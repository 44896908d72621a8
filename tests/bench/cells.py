# SPDX-License-Identifier: GPL-3.0-or-later
"""The relays of a private Tor network tell what cells they carry (control-spec, CELL_STATS)."""

import re
import socket
import threading

CIRCUIT = re.compile(r"\b((?:In|Out)bound(?:Queue|Conn)=\d+)")
REMOVED = re.compile(r"\b(In|Out)boundRemoved=(\S+)")
RELAYED = re.compile(r"\brelay:(\d+)")


class CellCounter:
    """Relay cells by circuit of each relay: {circuit: [towards its origin, away from it]}."""

    def __init__(self, net):
        self.lock = threading.Lock()
        self.counts = {}
        self.sockets = []
        for node in net.nodes():
            control = socket.socket(socket.AF_UNIX)
            control.connect(str(node.dir / "control"))
            control.sendall(b"AUTHENTICATE\r\nSETCONF TestingEnableCellStatsEvent=1\r\n"
                            b"SETEVENTS CELL_STATS\r\n")
            self.sockets.append(control)
            threading.Thread(target=self._read, args=(node.name, control), daemon=True).start()

    def _read(self, name, control):
        with control.makefile(errors="replace") as lines:
            for line in lines:
                if line.startswith("650 CELL_STATS "):
                    self._count(name, line)

    def _count(self, name, line):
        circuit = (name, *CIRCUIT.findall(line))
        with self.lock:
            both = self.counts.setdefault(circuit, [0, 0])
            for direction, commands in REMOVED.findall(line):
                cells = RELAYED.search(commands)
                both[direction == "Out"] += int(cells.group(1)) if cells else 0

    def snapshot(self):
        with self.lock:
            return {circuit: tuple(both) for circuit, both in self.counts.items()}

    def since(self, before):
        """What each circuit has carried since that snapshot."""
        return {circuit: (both[0] - before.get(circuit, (0, 0))[0], both[1] - before.get(circuit, (0, 0))[1])
                for circuit, both in self.snapshot().items()}

    def stop(self):
        for control in self.sockets:
            try:
                control.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
