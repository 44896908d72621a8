# SPDX-License-Identifier: GPL-3.0-or-later
"""Real irssi and WeeChat in a private tmux, driven by keys and read from the screen."""

import os
import re
import shutil
import subprocess
import time

from daemon import DaemonError, die_with_parent

WIDTH, HEIGHT = 200, 60
POLL_S = 0.1
TIMEOUT_S = 30

IRSSI_SERVER = """\
servers = ({{
  address = "127.0.0.1"; port = "{port}"; chatnet = "allium"; autoconnect = "yes"; use_tls = "no";
{password}
}});
"""

IRSSI = """\
{server}
chatnets = {{ allium = {{ type = "IRC"; nick = "{nick}"; username = "{nick}"; realname = "{nick}";
{sasl}
}}; }};
settings = {{
  core = {{ server_reconnect_time = "10s"; nick = "{nick}"; user_name = "{nick}"; }};
  "irc/core" = {{ cmd_queue_speed = "10msec"; }};
  "fe-common/core" = {{ autocreate_own_query = "no"; }};
}};
"""

WEECHAT = """\
[look]
server_buffer = independent
notice_as_pv = never
[server]
allium.addresses = "127.0.0.1/{port}"
allium.{tls} = off
allium.nicks = "{nick},{nick}_"
allium.username = "{nick}"
allium.realname = "{nick}"
allium.autoconnect = on
allium.autoreconnect = on
allium.autoreconnect_delay = 1
{login}
"""

WEECHAT_CORE = """\
[startup]
display_logo = off
display_version = off
[look]
paste_max_lines = -1
prefix_align_max = 12
prefix_suffix = "|"
[plugin]
autoload = "irc"
[bar]
nicklist.hidden = on
"""


def find_weechat():
    return shutil.which("weechat-curses") or shutil.which("weechat")


def weechat_major():
    version = subprocess.run([find_weechat(), "--version"], stdout=subprocess.PIPE, text=True,
                             check=True).stdout
    return int(version.split(".")[0])


def squeeze(text):
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


TMUX = """\
set -g default-terminal "screen-256color"
set -g remain-on-exit on
set -g status off
set -sg escape-time 0
"""


class Tmux:
    """A tmux server of its own, in the foreground so that it dies with us."""

    def __init__(self, directory, config=TMUX):
        self.dir = directory
        self.dir.mkdir(mode=0o700, parents=True)
        self.socket = self.dir / "tmux"
        config_path = self.dir / "tmux.conf"
        config_path.write_text(config)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("TMUX")}
        self.environment.update(LANG="C.UTF-8", LC_ALL="C.UTF-8", TERM="screen-256color",
                                HOME=str(self.dir), SHELL="/bin/sh")
        self.server = subprocess.Popen(
            ["tmux", "-u", "-S", str(self.socket), "-f", str(config_path), "-D"], env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent)
        deadline = time.monotonic() + TIMEOUT_S
        while not self.socket.exists():
            if self.server.poll() is not None or time.monotonic() > deadline:
                raise DaemonError("tmux does not start")
            time.sleep(0.02)

    def run(self, *arguments):
        done = subprocess.run(["tmux", "-u", "-S", str(self.socket), *arguments],
                              env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise DaemonError(f"tmux {arguments}: {done.stdout.decode(errors='replace')}")
        return done.stdout.decode(errors="replace")

    def attach(self, name):
        """Gives our terminal to a session until it ends or is left."""
        subprocess.run(["tmux", "-u", "-S", str(self.socket), "attach-session", "-t", name],
                       env={**self.environment, "TERM": os.environ.get("TERM", "xterm")}, check=False)

    def open(self, name, *argv):
        """A terminal of its own that runs argv."""
        self.run("new-session", "-d", "-s", name, "-x", str(WIDTH), "-y", str(HEIGHT), *argv)
        return Screen(self, name)

    def irssi(self, name, daemon, nick, password=None, sasl=None):
        """irssi that connects by itself; password is for PASS, sasl is (account, password). With
        neither, its settings hold no server, as after a /connect."""
        home = self.dir / name
        home.mkdir()
        server, login, connect = "", "", ["-c", "127.0.0.1", "-p", str(daemon.port)]
        if password or sasl:
            connect = []
            server = IRSSI_SERVER.format(
                port=daemon.port, password=f'  password = "{password}";' if password else "")
        if sasl:
            login = ('sasl_mechanism = "PLAIN"; '
                     f'sasl_username = "{sasl[0]}"; sasl_password = "{sasl[1]}";')
        (home / "config").write_text(IRSSI.format(server=server, nick=nick, sasl=login))
        return self.open(name, "irssi", "--home", str(home), *connect)

    def weechat(self, name, daemon, nick, password=None, sasl=None):
        """WeeChat likewise."""
        home = self.dir / name
        home.mkdir()
        login = ""
        if password:
            login = f'allium.password = "{password}"'
        if sasl:
            login = (f'allium.sasl_mechanism = plain\nallium.sasl_username = "{sasl[0]}"\n'
                     f'allium.sasl_password = "{sasl[1]}"')
        tls = "tls" if weechat_major() >= 4 else "ssl"
        (home / "irc.conf").write_text(WEECHAT.format(port=daemon.port, nick=nick, tls=tls,
                                                      login=login))
        (home / "weechat.conf").write_text(WEECHAT_CORE)
        return self.open(name, find_weechat(), "-d", str(home))

    def stop(self):
        if self.server.poll() is None:
            try:
                self.run("kill-server")
                self.server.wait(5)
            except (DaemonError, subprocess.TimeoutExpired):
                self.server.kill()
        self.server.wait()


class Screen:
    """One terminal."""

    def __init__(self, tmux, name):
        self.tmux, self.name = tmux, name

    def type(self, text):
        """The text and Enter."""
        self.tmux.run("send-keys", "-t", self.name, "-l", "--", text)
        self.key("Enter")

    def key(self, name):
        self.tmux.run("send-keys", "-t", self.name, name)

    def text(self):
        """What stands on the screen now."""
        return self.tmux.run("capture-pane", "-p", "-t", self.name)

    def wait(self, pattern, timeout_s=TIMEOUT_S):
        """Until the pattern (multi-line) is found on the screen; returns the match."""
        return self.wait_until(lambda text: re.search(pattern, text, re.MULTILINE), timeout_s,
                               f"/{pattern}/")

    def wait_until(self, found, timeout_s=TIMEOUT_S, what="a state of the screen"):
        deadline = time.monotonic() + timeout_s
        while True:
            text = self.text()
            result = found(text)
            if result:
                return result
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name}: {timeout_s} s passed while waiting for {what}; "
                                     f"the screen:\n{squeeze(text)}")
            time.sleep(POLL_S)
