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
def net(top):
    """The run's private Tor network."""
    network = TorNet(top / "net")
    network.start()
    yield network
    network.stop()


@pytest.fixture(scope="session")
def torrc(top, net):
    """Its client lines, as a file for torrc_extra."""
    path = top / "client.torrc"
    path.write_text(net.client_torrc)
    return path


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
def note(request):
    """Says something about the run that is worth reading though nothing depends on it."""
    return lambda text: request.node.user_properties.append(("note", text))


@pytest.fixture
def tmux(work):
    server = Tmux(work / "tmux")
    yield server
    server.stop()


# ---- TAP ----

class Tap:
    """One line for every test, after its teardown; for a failed one, what pytest has to say."""

    def __init__(self, stream):
        self.stream, self.number, self.failures, self.seconds = stream, 0, [], 0

    def line(self, text):
        self.stream.write(text + "\n")
        self.stream.flush()

    def comment(self, text):
        for line in str(text).splitlines():
            self.line(f"# {line}")

    def pytest_collection_finish(self, session):
        self.line(f"1..{len(session.items)}")

    def pytest_collectreport(self, report):
        if report.failed:
            self.comment(report.longreprtext)

    def pytest_runtest_logreport(self, report):
        self.seconds += report.duration
        if report.failed:
            self.failures.append(report)
        if report.when != "teardown":
            return
        self.number += 1
        verdict = "not ok" if self.failures else "ok"
        self.line(f"{verdict} {self.number} - {re.sub(r'^.*/', '', report.nodeid)}")
        for failure in self.failures:
            self.comment(failure.longreprtext)
        for title, text in report.sections if self.failures else ():
            self.comment(f"---- {title}\n{text}")
        for _, text in report.user_properties:
            self.comment(text)
        self.comment(f"took {self.seconds:.1f} s")
        self.failures, self.seconds = [], 0

    def pytest_sessionfinish(self, exitstatus):
        if exitstatus not in (0, 1):
            self.line(f"Bail out! pytest ended with {int(exitstatus)}")


def pytest_configure(config):
    if "TAP_FD" in os.environ:
        config.pluginmanager.register(Tap(os.fdopen(int(os.environ["TAP_FD"]), "w")))
