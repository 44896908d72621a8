# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers that ours is held against: ngIRCd and BitlBee where Debian's packages are installed, and a bare relay."""

import pathlib
import shutil
import socket
import subprocess
import time

from tornet import die_with_parent, free_ports
from world import program

NGIRCD = """\
[Global]
Name = bench.test
Info = bench
Listen = 127.0.0.1
Ports = {port}
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxPenaltyTime = 0
[Options]
DNS = no
Ident = no
PAM = no
"""
BITLBEE = "[settings]\nRunMode = Daemon\nDaemonInterface = 127.0.0.1\nDaemonPort = {port}\nConfigDir = {dir}\n"
START_S = 10


def find(name):
    return shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


class Server:
    """A running server on a port of loopback. Its own limits on how fast a client may talk are off."""

    def __init__(self, name, directory, command, **options):
        self.name = name
        self.process = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        self.port = options["port"]
        deadline = time.monotonic() + START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.stop()
                    raise RuntimeError(f"{name} does not start") from None
                time.sleep(0.02)

    def cpu_ns(self):
        return int(pathlib.Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0])

    def stop(self):
        self.process.kill()
        self.process.wait()


def start_relay(directory):
    port = free_ports(1)[0]
    return Server("relay", directory, [program("relay"), str(port)], port=port)


def start_ngircd(directory):
    """None where it is not installed."""
    binary, port = find("ngircd"), free_ports(1)[0]
    if binary is None:
        return None
    config = directory / "ngircd.conf"
    config.write_text(NGIRCD.format(port=port))
    return Server("ngIRCd", directory, [binary, "-n", "-f", str(config)], port=port)


def start_bitlbee(directory):
    """None where it is not installed."""
    binary, port = find("bitlbee"), free_ports(1)[0]
    if binary is None:
        return None
    config = directory / "bitlbee.conf"
    config.write_text(BITLBEE.format(port=port, dir=directory))
    return Server("BitlBee", directory, [binary, "-D", "-n", "-c", str(config), "-p", str(port), "-i", "127.0.0.1"],
                  port=port)
