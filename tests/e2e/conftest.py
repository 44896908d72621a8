# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the end-to-end tests, and TAP for automake (one line a test, on the descriptor TAP_FD)."""

import os
import pathlib
import re
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tornet"))

from daemon import Daemon  # noqa: E402
from terminal import Tmux  # noqa: E402
from tornet import TorNet  # noqa: E402


@pytest.fixture(scope="session")
def top():
    """A short directory for everything of this run: Unix socket paths must fit in 107 bytes."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="allium-", dir="/tmp"))
    yield directory
    if os.environ.get("KEEP"):
        print(f"kept: {directory}", file=sys.stderr)
    else:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def torrc(top):
    """The client lines of the run's private Tor network, as a file for torrc_extra."""
    net = TorNet(top / "net")
    net.start()
    path = top / "client.torrc"
    path.write_text(net.client_torrc)
    yield path
    net.stop()


@pytest.fixture
def work(top):
    """A directory for one test."""
    return pathlib.Path(tempfile.mkdtemp(prefix="", dir=top))


@pytest.fixture
def new_daemon(work, request):
    """Makes daemons by name. Each must still run properly, or have been stopped, at the end."""
    made = []
    binary = os.environ["ALLIUMD"]

    def make(name, torrc=None, **options):
        daemon = Daemon(binary, work / name, torrc, **options)
        made.append(daemon)
        return daemon.start()

    yield make
    try:
        for daemon in made:
            if daemon.process is not None:
                daemon.stop()
            daemon.check_log()
    finally:
        for daemon in made:
            daemon.kill()
            request.node.add_report_section("teardown", f"log of {daemon.dir.name}", daemon.tail(60))


@pytest.fixture
def tmux(work):
    server = Tmux(work / "tmux")
    yield server
    server.stop()


# ---- TAP ----

class Tap:
    """Reports every test once: at its first failing phase, or after the last one."""

    def __init__(self, stream):
        self.stream, self.number, self.failed = stream, 0, set()

    def line(self, text):
        self.stream.write(text + "\n")
        self.stream.flush()

    def plan(self, count):
        self.line(f"1..{count}")

    def report(self, report):
        name = re.sub(r"^.*/", "", report.nodeid)
        if report.failed and report.nodeid not in self.failed:
            self.failed.add(report.nodeid)
            self.number += 1
            self.line(f"not ok {self.number} - {name}")
            for text in str(report.longreprtext).splitlines():
                self.line(f"# {text}")
        elif report.when == "teardown" and report.nodeid not in self.failed:
            self.number += 1
            self.line(f"ok {self.number} - {name}")


def pytest_configure(config):
    descriptor = os.environ.get("TAP_FD")
    config.tap = Tap(os.fdopen(int(descriptor), "w")) if descriptor else None


def pytest_collection_finish(session):
    if session.config.tap and not session.config.option.collectonly:
        session.config.tap.plan(len(session.items))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    outcome.get_result().config = item.config


def pytest_runtest_logreport(report):
    if report.config.tap:
        report.config.tap.report(report)
