# SPDX-License-Identifier: GPL-3.0-or-later
"""What the parts of the benchmark share: programs, the stand-in for tor, daemons, what /proc says of them."""

import os
import pathlib
import socket
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tornet"))
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.dont_write_bytecode = True

from daemon import Daemon  # noqa: E402
from tornet import die_with_parent  # noqa: E402

QUICK = os.environ.get("BENCH_QUICK", "0") not in ("", "0")
TICK = os.sysconf("SC_CLK_TCK")

def build_dir():
    return pathlib.Path(os.environ.get("top_builddir", "."))


def program(name):
    """The path of a program of tests/bench."""
    return str((build_dir() / "tests" / "bench" / name).resolve())


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


class BenchDaemon(Daemon):
    """A daemon as people run it, whose syncs of the disk are counted; only the wait before publishing is left out."""

    TIMERS = {"publish_spread": 0}
    LOG_LEVEL = "info"

    def __init__(self, directory, torrc=None, irc="", tor="", pwhash="interactive"):
        self.pwhash = pwhash
        super().__init__(os.environ["ALLIUMD"], directory, torrc, irc=irc, tor=tor)

    def start(self):
        os.environ["SYNCS"] = str(self.dir / "syncs")
        os.environ["LD_PRELOAD"] = program("count_syncs.so")
        try:
            return super().start()
        finally:
            del os.environ["LD_PRELOAD"], os.environ["SYNCS"]

    def syncs(self):
        """How often it has synced the disk: once for each commit, and for checkpoints."""
        return self._counts()[0]

    def commits(self):
        """The same without checkpoints, each of which syncs the log and the database."""
        syncs, checkpoints = self._counts()
        return syncs - 2 * checkpoints

    def _counts(self):
        return struct.unpack("QQ", (self.dir / "syncs").read_bytes())

    def cpu_s(self):
        """CPU time of the daemon itself, of user and system."""
        fields = self._stat()
        return (int(fields[11]) + int(fields[12])) / TICK

    def _stat(self):
        return pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()

    def cpu_ns(self):
        """The same to the nanosecond, of the main thread, where the work is."""
        return int(pathlib.Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0])


class StandIn:
    """tests/bench/fake_tor: see there what it is not."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir()
        self.targets = self.dir / "targets"
        self.targets.mkdir()
        self.targets.chmod(0o710)
        self.process = subprocess.Popen([program("fake_tor"), str(self.dir)], stdout=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        assert self.process.stdout.readline() == b"ready\n"

    def config(self):
        return (f"mode = system\ncontrol = unix:{self.dir}/control\nsocks = unix:{self.dir}/socks\n"
                f"target_dir = {self.targets}")

    def carried(self):
        """Bytes between dials and onions so far."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.dir / "control"))
            control.sendall(b"GETINFO traffic/read\r\n")
            answer = b""
            while b"250 OK\r\n" not in answer:
                answer += control.recv(4096)
        return int(answer.partition(b"=")[2].split()[0])

    def stop(self):
        self.process.kill()
        self.process.wait()


class Table:
    """The figures, printed as they come and once more at the end."""

    def __init__(self):
        self.rows = []

    def row(self, what, figure, aim=""):
        self.rows.append((what, str(figure), aim))
        print(f"{what:<66} {figure:>16}   {aim}", flush=True)
