#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two people on a private Tor network, side by side: Alice in irssi, Bob in WeeChat.

Started by contrib/run --demo. Everything runs on this machine, under one temporary directory; it ends, and
the directory goes, when both clients have quit, at C-b d, or at Ctrl-C before the clients are there.
"""

import pathlib
import shutil
import signal
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parent.parent / "tests"
sys.dont_write_bytecode = True
sys.path.insert(0, str(TESTS / "e2e"))
sys.path.insert(0, str(TESTS / "tornet"))

from daemon import Daemon  # noqa: E402
from people import Person, befriend  # noqa: E402
from terminal import Tmux  # noqa: E402
from tornet import TorNet, TorNetError  # noqa: E402

TMUX = """\
set -g default-terminal "screen-256color"
set -g mouse on
set -sg escape-time 0
set -g status-left ""
set -g status-right " C-b o: the other side   C-b d: end of the demo "
set -g status-right-length 60
set -g window-status-current-format " Alice in irssi | Bob in WeeChat, over a private Tor network "
"""


def say(text):
    try:
        print(text, flush=True)
    except OSError:
        pass        # the terminal is gone: what is left to do is to clean up


def demo(binary, directory, running):
    say("Starting a private Tor network on loopback (10 to 25 seconds) ...")
    net = TorNet(directory / "net")
    running.append(net)
    net.start()
    torrc = directory / "client.torrc"
    torrc.write_text(net.client_torrc)

    say("Starting two daemons, registering alice and bob ...")
    daemons = [Daemon(binary, directory / name, torrc) for name in ("alice", "bob")]
    running += daemons
    alice, bob = (Person(daemon.start(), daemon.dir.name) for daemon in daemons)
    say(f"  alice is {alice.address}.onion")
    say(f"  bob   is {bob.address}.onion")
    say("alice: add bob ...; bob: accept alice; waiting for their link ...")
    befriend(alice, bob)
    alice.irc.quit()
    bob.irc.quit()

    say("Starting irssi and WeeChat ...")
    tmux = Tmux(directory / "tmux", TMUX)
    running.append(tmux)
    irssi = tmux.irssi("irssi", daemons[0], "alice", password=f"alice:{alice.password}")
    weechat = tmux.weechat("weechat", daemons[1], "bob", password=f"bob:{bob.password}")
    irssi.wait(r"\[Act: .*2")
    irssi.type("/query bob")
    weechat.wait(r"MOTD|&contacts")     # WeeChat 4 stays in the server's buffer
    weechat.type("/query alice")
    tmux.run("join-pane", "-h", "-s", "weechat", "-t", "irssi")
    tmux.run("select-pane", "-t", "irssi:.0")
    tmux.attach("irssi")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: demo.py ALLIUMD")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        sys.exit("The demo needs a terminal.")

    def interrupt(_number, _frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="allium-demo-", dir="/tmp"))
    running = []
    try:
        demo(sys.argv[1], directory, running)
    except KeyboardInterrupt:
        say("")
    except (TorNetError, AssertionError) as error:
        sys.exit(f"The demo could not start: {error}")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        say("Cleaning up ...")
        for thing in reversed(running):
            thing.kill() if isinstance(thing, Daemon) else thing.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
