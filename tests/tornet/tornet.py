#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private Tor network on loopback: directory authorities, relays, nothing else.

It needs no internet and touches no other tor on the machine. As a module:

    net = TorNet("/tmp/x")
    net.start()                  # returns when a client can bootstrap
    net.client_torrc             # the lines that let any tor join
    net.stop()

As a command, `tornet.py --dir DIR` starts a network, writes DIR/client.torrc, prints
"ready DIR/client.torrc", and stays until SIGTERM, SIGINT, or the end of a piped stdin.

Every tor is bound to the process that started it: by the parent-death signal, and by tor's own
watch on its owner. So a network never outlives its test, whatever happens to that.
"""

import argparse
import collections
import ctypes
import os
import pathlib
import random
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

COMMON = """\
TestingTorNetwork 1
AssumeReachable 1
AddressDisableIPv6 1
PathsNeededToBuildCircuits 0.67
TestingV3AuthInitialVotingInterval 5
TestingV3AuthInitialVoteDelay 2
TestingV3AuthInitialDistDelay 2
ShutdownWaitLength 0
"""

# Compressing a consensus counts for about 190 MB for a moment; a relay that passes MaxMemInQueues ends all
# its circuits.
NODE = """\
Nickname {name}
DataDirectory {dir}
Log notice file {dir}/log
ControlSocket {dir}/control
RunAsDaemon 0
NumCPUs 1
MaxMemInQueues 1 GB
SocksPort 0
Address 127.0.0.1
ORPort 127.0.0.1:{orport}
ContactInfo nobody
ExtendAllowPrivateAddresses 1
__OwningControllerProcess {owner}
"""

AUTHORITY = """\
DirPort 127.0.0.1:{dirport}
AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
ExitPolicy reject *:*
V3AuthVotingInterval 10
V3AuthVoteDelay 2
V3AuthDistDelay 2
TestingDirAuthVoteExit *
TestingDirAuthVoteHSDir *
TestingDirAuthVoteGuard *
MinUptimeHidServDirectoryV2 0
"""

RELAY = """\
ExitRelay 1
ExitPolicy accept *:*
ExitPolicyRejectPrivate 0
"""

PROBE = """\
DataDirectory {dir}
Log notice file {dir}/log
RunAsDaemon 0
SocksPort unix:{dir}/socks
__OwningControllerProcess {owner}
"""

PR_SET_PDEATHSIG = 1
POLL_S = 0.05


class TorNetError(Exception):
    """The network could not be started; the text says which tor, and what it logged."""


def find_tool(name):
    """The path of tor or tor-gencert; an ordinary user's PATH may lack the sbin directories."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin")
    if not found:
        raise TorNetError(f"{name} is not installed (Debian package: tor)")
    return found


def die_with_parent():
    """In a child before exec: be killed when the thread that forked it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


RESERVED = collections.deque()
RESERVED_MAX = 64


def free_ports(count):
    """TCP ports of 127.0.0.1 that nobody else who asks here is given before RESERVED_MAX more were, or we end: a socket
    stays bound to each. It does not listen, and lets whoever sets SO_REUSEADDR, as servers do, bind the port as well.
    They lie below the range that the kernel hands out to outgoing connections, so that none of those takes one."""
    ports = []
    while len(ports) < count:
        sock = socket.socket()
        try:
            sock.bind(("127.0.0.1", random.randrange(10000, 32000)))
        except OSError:
            sock.close()
            continue
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        RESERVED.append(sock)
        if len(RESERVED) > RESERVED_MAX:
            RESERVED.popleft().close()
        ports.append(sock.getsockname()[1])
    return ports


class Node:
    """One tor process with its data directory and log."""

    def __init__(self, tor, name, directory):
        self.tor, self.name, self.dir = tor, name, directory
        self.process = None
        directory.mkdir(mode=0o700, parents=True)

    def start(self, torrc):
        path = self.dir / "torrc"
        path.write_text(torrc)
        with open(self.dir / "stdout", "wb") as out:
            self.process = subprocess.Popen(
                [self.tor, "--quiet", "--defaults-torrc", str(path.parent.parent / "empty"),
                 "-f", str(path)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, preexec_fn=die_with_parent)

    def read(self, name):
        try:
            return (self.dir / name).read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def bootstrapped(self):
        return "Bootstrapped 100%" in self.read("log")

    def check_alive(self):
        if self.process.poll() is not None:
            raise TorNetError(f"tor {self.name} ended with {self.process.returncode}:\n{self.tail()}")

    def tail(self, lines=15):
        text = self.read("log") or self.read("stdout")
        return "\n".join(text.splitlines()[-lines:])

    def stop(self):
        """Ends the process if it runs. Nothing in it is worth an orderly shutdown."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
        self.process = None


class TorNet:
    """A network of `authorities` + `relays`; everything that it writes lies under `directory`."""

    def __init__(self, directory, authorities=3, relays=4):
        self.dir = pathlib.Path(directory)
        self.tor = find_tool("tor")
        self.gencert = find_tool("tor-gencert")
        self.authorities = [Node(self.tor, f"auth{i}", self.dir / f"a{i}")
                            for i in range(authorities)]
        self.relays = [Node(self.tor, f"relay{i}", self.dir / f"r{i}") for i in range(relays)]
        self.probe = None
        self.client_torrc = ""
        self.empty = self.dir / "empty"
        self.empty.touch()

    def nodes(self):
        return self.authorities + self.relays

    def node(self, name):
        return next(node for node in self.nodes() if node.name == name)

    def start(self, timeout_s=300):
        """Returns once a fresh client has bootstrapped to 100 %. Raises TorNetError otherwise."""
        deadline = time.monotonic() + timeout_s
        try:
            self._launch()
            self._wait(self._consensus_is_full, deadline, "a consensus that lists every relay")
            # Until they have it themselves, a client's first circuits fail, and tor remembers for two
            # minutes which introduction points have failed.
            self._wait(lambda: all(node.bootstrapped() for node in self.nodes()), deadline,
                       "every relay to bootstrap")
            self._probe(deadline)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        for node in [self.probe] + self.nodes():
            if node:
                node.stop()

    def _launch(self):
        ports = free_ports(2 * len(self.authorities) + len(self.relays))
        for node in self.nodes():
            node.orport = ports.pop()
        for node in self.authorities:
            node.dirport = ports.pop()
        self._make_authority_keys()
        self.client_torrc = COMMON + "".join(self._dir_authority(n) for n in self.authorities)
        for node in self.authorities:
            node.start(self._node_torrc(node) + AUTHORITY.format(dirport=node.dirport))
        for node in self.relays:
            node.start(self._node_torrc(node) + RELAY)

    def _node_torrc(self, node):
        return self.client_torrc + NODE.format(name=node.name, dir=node.dir, orport=node.orport,
                                               owner=os.getpid())

    def _make_authority_keys(self):
        """Identity and signing keys of all authorities at once: RSA takes a while."""
        running = []
        for node in self.authorities:
            keys = node.dir / "keys"
            keys.mkdir(mode=0o700)
            make = subprocess.Popen(
                [self.gencert, "--create-identity-key", "-m", "12",
                 "-a", f"127.0.0.1:{node.dirport}", "-i", str(keys / "authority_identity_key"),
                 "-s", str(keys / "authority_signing_key"),
                 "-c", str(keys / "authority_certificate"), "--passphrase-fd", "0"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent)
            make.stdin.write(b"passphrase\n")
            make.stdin.close()
            running.append(make)
        for make in running:
            output = make.stdout.read().decode(errors="replace")
            if make.wait() != 0:
                raise TorNetError(f"tor-gencert failed:\n{output}")

    def _dir_authority(self, node):
        certificate = (node.dir / "keys" / "authority_certificate").read_text()
        v3ident = next(line.split()[1] for line in certificate.splitlines()
                       if line.startswith("fingerprint "))
        listing = subprocess.run(
            [self.tor, "--list-fingerprint", "--quiet", "--defaults-torrc", str(self.empty),
             "-f", str(self.empty), "--DataDirectory", str(node.dir), "--Nickname", node.name,
             "--ORPort", "1", "--DirAuthority", "x 127.0.0.1:1 " + "f" * 40],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        words = listing.stdout.split()
        if listing.returncode != 0 or len(words) < 2 or words[0] != node.name:
            raise TorNetError(f"tor --list-fingerprint failed:\n{listing.stdout}")
        fingerprint = "".join(words[1:])
        return (f"DirAuthority {node.name} orport={node.orport} v3ident={v3ident} "
                f"127.0.0.1:{node.dirport} {fingerprint}\n")

    def _wait(self, condition, deadline, what):
        while not condition():
            for node in self.nodes():
                node.check_alive()
            if time.monotonic() > deadline:
                tails = "\n".join(f"--- {n.name}\n{n.tail(5)}" for n in self.nodes())
                raise TorNetError(f"gave up waiting for {what}\n{tails}")
            time.sleep(POLL_S)

    def _consensus_is_full(self):
        """Whether every authority holds a consensus with every relay as a hidden-service directory."""
        for node in self.authorities:
            flags = [line.split()[1:] for line in
                     node.read("cached-microdesc-consensus").splitlines() if line.startswith("s ")]
            if sum("HSDir" in f for f in flags) < len(self.nodes()):
                return False
        return True

    def _probe(self, deadline):
        """Bootstraps a client as a test's own would, and ends it again."""
        self.probe = Node(self.tor, "probe", self.dir / "p")
        self.probe.start(self.client_torrc + PROBE.format(dir=self.probe.dir, owner=os.getpid()))

        def ready():
            self.probe.check_alive()
            return self.probe.bootstrapped()

        self._wait(ready, deadline, "a client to bootstrap")
        self.probe.stop()


def wait_for_end():
    """Until SIGTERM or SIGINT, or the end of stdin where that is a pipe (a terminal or /dev/null
    says nothing about whoever started us)."""
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    watched = [wake_read]
    mode = os.fstat(0).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        watched.append(0)
    while True:
        ready, _, _ = select.select(watched, [], [])
        if wake_read in ready or (0 in ready and not os.read(0, 4096)):
            return


def main():
    parser = argparse.ArgumentParser(description="A private Tor network on loopback.")
    parser.add_argument("--dir", help="where it keeps its files (default: a temporary directory)")
    parser.add_argument("--relays", type=int, default=4, help="relays besides the authorities")
    options = parser.parse_args()

    def interrupt(_number, _frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    directory = pathlib.Path(options.dir or tempfile.mkdtemp(prefix="tornet-")).resolve()
    files = directory / "net"
    net = None
    try:
        net = TorNet(files, relays=options.relays)
        net.start()
        torrc = directory / "client.torrc"
        torrc.write_text(net.client_torrc)
        print(f"ready {torrc}", flush=True)
        wait_for_end()
    except KeyboardInterrupt:
        pass
    except TorNetError as error:
        print(f"tornet: {error}", file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if net:
            net.stop()
        shutil.rmtree(files, ignore_errors=True)
        if not options.dir:
            shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
