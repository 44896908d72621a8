# SPDX-License-Identifier: GPL-3.0-or-later
"""One alliumd under test: its configuration, process, log and tor children."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tornet"))
from control import Control  # noqa: E402
from tornet import die_with_parent, find_tool, free_ports  # noqa: E402

from ircclient import IrcClient  # noqa: E402

START_S = 30
STOP_S = 30
POLL_S = 0.02

SANITIZER = re.compile(r"ERROR: \w+Sanitizer|runtime error:|SUMMARY: \w+Sanitizer")

CONFIG = """\
[irc]
listen = 127.0.0.1:{port}
server_name = allium.test
{irc}
[tor]
{tor}
[storage]
state_dir = {state}
password_hash = {hash}
[log]
level = {level}
[timers]
{timers}
"""


class DaemonError(AssertionError):
    """The daemon did something that no test allows: died, hung, or tripped a sanitizer."""


def children_of(pid):
    """The pids whose parent is pid, with their command lines."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                found[int(entry.name)] = [w.decode(errors="replace") for w in words]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def born(pid):
    """When the process of this pid began, or None: one that ends soon leaves its number to another."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return None


def helper(name):
    """The path of a program that is built for these tests, beside the daemon under test."""
    found = next(pathlib.Path(os.environ["ALLIUMD"]).resolve().parent.glob(f"tests/*/{name}"), None)
    if found is None:
        raise DaemonError(f"{name} is not built: make check builds it")
    return str(found)


class Daemon:
    """`torrc` is the file of a private network's client lines; without it tor is off."""

    # Milliseconds: what takes a minute among people need not in a test.
    TIMERS = {"dial_min": 500, "dial_max": 3000, "dial_spread": 200, "offline_grace": 3000, "ping": 3000,
              "pong": 5000, "barrier": 300, "tor_restart": 200, "publish_spread": 0}
    LOG_LEVEL = "debug"
    pwhash = "interactive"

    def __init__(self, binary, directory, torrc=None, irc="", tor="", timers=None):
        self.binary = str(binary)
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.state = self.dir / "state"
        self.log_path = self.dir / "log"
        self.config = self.dir / "allium.conf"
        self.port = free_ports(1)[0]
        self.process = None
        self._log_start = 0
        self.write_config(torrc, irc, tor, timers)

    def write_config(self, torrc=None, irc="", tor="", timers=None):
        if not tor:
            tor = (f"mode = managed\nbinary = {find_tool('tor')}\ntorrc_extra = {torrc}"
                   if torrc else "mode = off")
        merged = "\n".join(f"{key} = {value}" for key, value in {**self.TIMERS, **(timers or {})}.items())
        self.config.write_text(CONFIG.format(port=self.port, irc=irc, tor=tor, state=self.state,
                                             hash=self.pwhash, level=self.LOG_LEVEL, timers=merged))

    @property
    def address(self):
        return ("127.0.0.1", self.port)

    def start(self):
        """Returns when the listener accepts."""
        environment = dict(os.environ)
        environment.setdefault("ASAN_OPTIONS", "detect_leaks=1:exitcode=99")
        environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
        self._log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "-c", str(self.config)], cwd=self.dir, env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)
        deadline = time.monotonic() + START_S
        while True:
            self.check()
            try:
                socket.create_connection(self.address, timeout=1).close()
                return self
            except OSError:
                if time.monotonic() > deadline:
                    raise DaemonError(f"alliumd does not listen\n{self.tail()}") from None
                time.sleep(POLL_S)

    def running(self):
        return self.process is not None and self.process.poll() is None

    def memory_kib(self, key="VmRSS"):
        """What /proc says of its memory."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1])
        raise KeyError(key)

    def check(self):
        """Raises if the daemon ended by itself or a sanitizer spoke."""
        if self.process is not None and self.process.poll() is not None:
            raise DaemonError(f"alliumd ended by itself with {self.process.returncode}\n{self.tail()}")
        self.check_log()

    def check_log(self):
        if SANITIZER.search(self.log()):
            raise DaemonError(f"a sanitizer report:\n{self.tail(80)}")

    def log(self):
        """What it has written to stderr in all its lives."""
        try:
            return self.log_path.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def tail(self, lines=40):
        return "\n".join(self.log().splitlines()[-lines:])

    def stop(self):
        """SIGTERM, and everything that must hold then: status 0, soon, no tor left behind."""
        self.check()
        tors = {pid: born(pid) for pid in self.tors()}
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise DaemonError(f"alliumd did not end on SIGTERM\n{self.tail()}") from None
        self.process = None
        self.check_log()
        if status != 0:
            raise DaemonError(f"alliumd ended with {status} on SIGTERM\n{self.tail()}")
        self._await_gone(tors)

    def kill(self):
        """SIGKILL: no last word, no flush."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def kill_with_tors(self):
        """SIGKILL, and until no tor of it writes to the state directory any more."""
        tors = {pid: born(pid) for pid in self.tors()}
        self.kill()
        self._await_gone(tors)

    def restart(self):
        self.stop()
        return self.start()

    def _await_gone(self, tors):
        """Until none of them is there: pids, with the time when each was born."""
        deadline = time.monotonic() + STOP_S
        while any(since is not None and born(pid) == since for pid, since in tors.items()):
            if time.monotonic() > deadline:
                raise DaemonError(f"tor outlived its daemon: {list(tors)}")
            time.sleep(POLL_S)

    def tors(self):
        """The pids of its tor children."""
        if not self.running():
            return []
        return [pid for pid, words in children_of(self.process.pid).items()
                if words and os.path.basename(words[0]) == "tor"]

    def account_dir(self, account):
        """Where an account's database, key file and managed tor are."""
        for line in (self.state / "index").read_text().splitlines():
            if line.split()[0] == account:
                return self.state / "accounts" / line.split()[1]
        raise DaemonError(f"no account {account}")

    def tor_control(self, account=None):
        """The control socket of an account's managed tor, or of the one that all share."""
        tor = (self.account_dir(account) if account else self.state) / "tor"
        return Control(tor / "control", tor / "data" / "control_auth_cookie")

    def pin(self):
        """The fingerprint of its certificate, as the banner shows it."""
        return re.findall(r"certificate's SHA-256: (\S+)", self.log())[-1]

    def connect(self, **options):
        """A raw client, connected, nothing sent."""
        return IrcClient(self.address, **options)

    def login(self, account, password, client=None, **options):
        """A raw client of an existing account, by PASS account[@client]:password."""
        name = f"{account}@{client}" if client else account
        irc = IrcClient(self.address, auto_pong=options.pop("auto_pong", True))
        return irc.login(account, password=f"{name}:{password}", **options)
