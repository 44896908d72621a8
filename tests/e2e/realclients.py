# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that people use, each set up as its manual says, driven by its own keys and read from the logs that it
writes: what is in them, it has shown.  They share one interface, so that a story can be told with each."""

import os
import pathlib
import re
import signal
import subprocess
import time

from daemon import POLL_S, DaemonError, die_with_parent
from terminal import find_weechat, weechat_major

TIMEOUT_S = 60
END_S = 60


class RealClient:
    """Of alice: `account` is what she logs in with, alice@client.  A subclass has launch(), say(), leave()."""

    def __init__(self, directory, daemon, account, password):
        self.dir, self.daemon = pathlib.Path(directory), daemon
        self.account, self.password = account, password
        self.nick = account.partition("@")[0]
        self.dir.mkdir(parents=True)
        self.logs = self.dir / "logs"

    def text(self):
        """All that it has logged, each line behind the name of its conversation."""
        return "".join(f"{self.conversation(path)}: {line}\n" for path in sorted(self.logs.rglob("*"))
                       if path.is_file() for line in path.read_text(errors="replace").splitlines())

    @staticmethod
    def conversation(path):
        return path.stem.rpartition(".")[2]

    def shown(self, conversation, nick, text):
        """A pattern for a line that stands in a conversation, said by the nick: what text() gives for it."""
        return rf"^{conversation}: .*{self.SAID.format(nick=nick)}{text}"

    def own_in(self, nick):
        """The conversation in which it shows what another client of its account has said to the nick."""
        return nick

    def wait(self, pattern, times=1):
        """Until the pattern has been shown so often."""
        self.wait_until(lambda: len(re.findall(pattern, self.text(), re.M)) >= times, f"/{pattern}/")

    def wait_until(self, condition, what):
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"{type(self).__name__} waited in vain for {what}; its logs:\n"
                                     f"{self.text()}\n{self.screen_text()}")
            time.sleep(POLL_S)

    def open(self):
        """Starts it; returns when it is in &contacts, once more than before."""
        before = len(re.findall(self.JOINED, self.text(), re.M))
        self.launch()
        self.wait(self.JOINED, before + 1)

    def close(self):
        """Leaves as a person does, and waits for its end."""
        self.leave()
        self.await_end()


class TerminalClient(RealClient):
    def __init__(self, tmux, directory, *rest):
        super().__init__(directory, *rest)
        self.tmux, self.screen, self.run = tmux, None, 0

    def start(self, *argv):
        self.run += 1
        self.screen = self.tmux.open(f"{self.dir.name}-{self.run}", *argv)

    def screen_text(self):
        return self.screen.text() if self.screen else ""

    def kill(self):
        os.kill(int(self.screen.tmux.run("display", "-p", "-t", self.screen.name, "#{pane_pid}")), signal.SIGKILL)
        self.await_end()

    def await_end(self):
        name = self.screen.name
        self.wait_until(lambda: self.tmux.run("display", "-p", "-t", name, "#{pane_dead}").strip() == "1",
                        "its end")

    def leave(self):
        self.screen.type("/quit")


IRSSI = """\
servers = ({{ address = "127.0.0.1"; port = "{port}"; chatnet = "allium"; autoconnect = "yes";
  password = "{account}:{password}"; use_tls = "{tls}"; {pin} }});
chatnets = {{ allium = {{ type = "IRC"; nick = "{nick}"; username = "{nick}"; }}; }};
settings = {{
  "irc/core" = {{ cmd_queue_speed = "10msec"; }};
  "fe-common/core" = {{ autolog = "yes"; autolog_path = "{logs}/$0.log"; autolog_level = "ALL"; }};
}};
"""


class Irssi(TerminalClient):
    TLS = False
    SAID = r"<.?{nick}> "
    JOINED = r"-!- Irssi: &contacts: Total of \d+ nicks"

    def launch(self):
        port = self.daemon.tls_port if self.TLS else self.daemon.port
        pin = f'tls_verify = "no"; tls_pinned_cert = "{self.daemon.pin()}";' if self.TLS else ""
        (self.dir / "config").write_text(IRSSI.format(
            port=port, account=self.account, password=self.password, tls="yes" if self.TLS else "no", pin=pin,
            nick=self.nick, logs=self.logs))
        self.start("irssi", "--home", str(self.dir))

    def say(self, target, text):
        self.screen.type(f"/msg {target} {text}")


class IrssiTls(Irssi):
    TLS = True


WEECHAT = """\
[server]
allium.addresses = "127.0.0.1/{port}"
allium.{tls} = {on}
{pin}
allium.nicks = "{nick}"
allium.autoconnect = on
allium.sasl_mechanism = plain
allium.sasl_username = "{account}"
allium.sasl_password = "{password}"
"""
WEECHAT_CORE = '[startup]\ndisplay_logo = off\ndisplay_version = off\n[plugin]\nautoload = "irc,logger"\n'
WEECHAT_LOGGER = '[file]\npath = "{logs}"\nflush_delay = 0\nmask = "$name.log"\n'


class Weechat(TerminalClient):
    TLS = False
    SAID = r"\t{nick}\t"
    JOINED = r"Channel &contacts: \d+ nicks?"

    def launch(self):
        name = "tls" if weechat_major() >= 4 else "ssl"
        pin = f'allium.{name}_fingerprint = "{self.daemon.pin().replace(":", "")}"' if self.TLS else ""
        (self.dir / "irc.conf").write_text(WEECHAT.format(
            port=self.daemon.tls_port if self.TLS else self.daemon.port, tls=name, on="on" if self.TLS else "off",
            pin=pin, nick=self.nick, account=self.account, password=self.password))
        (self.dir / "weechat.conf").write_text(WEECHAT_CORE)
        (self.dir / "logger.conf").write_text(WEECHAT_LOGGER.format(logs=self.logs))
        self.start(find_weechat(), "-d", str(self.dir))

    def say(self, target, text):
        self.screen.type(f"/msg {target} {text}")


class WeechatTls(Weechat):
    TLS = True


class Catgirl(TerminalClient):
    """Speaks nothing but TLS; takes the certificate that it is told to trust."""

    SAID = r"<{nick}> "
    JOINED = r"\S+ arrives in &contacts"

    def launch(self):
        self.logs.mkdir(exist_ok=True)
        trust = self.dir / "trust.pem"
        with open(trust, "wb") as out:
            subprocess.run(["catgirl", "-o", "-h", "127.0.0.1", "-p", str(self.daemon.tls_port)], check=True,
                           stdout=out, stdin=subprocess.DEVNULL, timeout=TIMEOUT_S)
        self.start("env", f"XDG_DATA_HOME={self.logs}", "catgirl", "-l", "-t", str(trust), "-h", "127.0.0.1",
                   "-p", str(self.daemon.tls_port), "-n", self.nick, "-u", self.nick,
                   "-a", f"{self.account}:{self.password}")

    @staticmethod
    def conversation(path):
        return path.parent.name

    def say(self, target, text):
        self.screen.type(f"/query {target}")
        self.screen.type(text)


HEXCHAT = """\
irc_nick1 = {nick}
irc_user_name = {nick}
irc_real_name = {nick}
gui_slist_skip = 1
gui_join_dialog = 0
irc_logging = 1
irc_log_mask = %c.log
"""
HEXCHAT_SERVERS = """\
v=2.16.1

N=allium
L=6
E=UTF-8 (Unicode)
F=25
D=0
I={nick}
U={account}
P={password}
S=127.0.0.1/{port}

"""


class Hexchat(RealClient):
    """In a display of its own without a window manager: the pointer gives the input line the focus."""

    SAID = r"<{nick}>\t"
    JOINED = r"Now talking on &contacts"

    def __init__(self, display, directory, *rest):
        super().__init__(directory, *rest)
        self.display, self.process = display, None

    def launch(self):
        (self.dir / "hexchat.conf").write_text(HEXCHAT.format(nick=self.nick))
        (self.dir / "servlist.conf").write_text(HEXCHAT_SERVERS.format(
            nick=self.nick, account=self.account, password=self.password, port=self.daemon.port))
        with open(self.dir / "output", "ab") as output:
            self.process = subprocess.Popen(["hexchat", "-d", str(self.dir)], stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=output, preexec_fn=die_with_parent,
                                            env={**self.display.environment, "HOME": str(self.dir)})
        self.wait_until(self._main_window, "its window")

    def _main_window(self):
        """Its id. Root is told off in a dialogue first, which wants its Return."""
        window = self.display.find("--name", " HexChat")
        if window is None and self.display.find("--class", "hexchat"):
            self.display.do("windowfocus", self.display.find("--class", "hexchat"))
            self.display.do("key", "Return")
        return window

    def say(self, target, text):
        self.type(f"/msg {target} {text}")

    def type(self, text):
        window = self._main_window()
        size = dict(line.split("=") for line in self.display.do("getwindowgeometry", "--shell", window).splitlines())
        self.display.do("windowfocus", "--sync", window)
        self.display.do("mousemove", "--window", window, str(int(size["WIDTH"]) // 2), str(int(size["HEIGHT"]) - 15),
                        "click", "1")
        self.display.do("type", "--delay", "1", text)
        self.display.do("key", "Return")

    def own_in(self, nick):
        """It goes by the sender alone."""
        return self.nick

    def screen_text(self):
        return (self.dir / "output").read_text(errors="replace")

    def leave(self):
        self.type("/quit")
        self.process.terminate()

    def kill(self):
        self.process.kill()
        self.await_end()

    def await_end(self):
        if self.process:
            self.process.wait(END_S)
            self.process = None


class Display:
    """An X server of its own."""

    def __init__(self):
        reading, writing = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset",
             "-r"],     # no key repeats itself, however late its release comes
            pass_fds=[writing], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent)
        os.close(writing)
        with open(reading, "rb") as number:
            display = number.readline().decode().strip()
        if not display:
            raise DaemonError("Xvfb does not start")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("DBUS_")}
        self.environment.update(DISPLAY=f":{display}", LC_ALL="C.UTF-8", NO_AT_BRIDGE="1", XDG_CURRENT_DESKTOP="")

    def do(self, *arguments):
        return subprocess.run(["xdotool", *arguments], env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=TIMEOUT_S, check=False,
                              text=True).stdout

    def find(self, *what):
        """The id of a window that can be seen, or None."""
        return next(iter(self.do("search", "--onlyvisible", *what).split()), None)

    def stop(self):
        self.server.terminate()
        self.server.wait()
