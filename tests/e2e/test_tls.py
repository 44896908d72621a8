# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS: real clients that pin the certificate as the banner tells them, and those that do it wrong. Tor is off."""

import hashlib
import re
import signal
import socket
import ssl
import subprocess
import time

import pytest

from daemon import POLL_S, free_ports
from people import Person
from terminal import WEECHAT_CORE, find_weechat, weechat_major

TIMEOUT_S = 30
STS = r"[ :]sts\b"


@pytest.fixture
def alice(new_daemon):
    port = free_ports(1)[0]
    daemon = new_daemon("alice", irc=f"listen = tls:127.0.0.1:{port}", timers={"client_handshake": 5000})
    daemon.tls_port = port
    return Person(daemon, "alice")


def connect(daemon, context=None):
    """A TLS client that verifies nothing, or what the context says."""
    raw = socket.create_connection(("127.0.0.1", daemon.tls_port), timeout=TIMEOUT_S)
    return (context or ssl._create_unverified_context()).wrap_socket(raw, server_hostname="irc.example")


def converse(daemon, lines, until, context=None):
    """Sends lines, reads up to what `until` matches; all that came, and the certificate."""
    with connect(daemon, context) as client:
        client.sendall("".join(line + "\r\n" for line in lines).encode())
        got = ""
        while not re.search(until, got):
            data = client.recv(65536)
            assert data, f"the connection closed after:\n{got}"
            got += data.decode()
        return got, client.getpeercert(True)


def pin(daemon):
    return re.search(r"certificate's SHA-256: (\S+)", daemon.log()).group(1)


def test_login_over_tls_shows_the_fingerprint_that_the_banner_shows(alice):
    got, certificate = converse(alice.daemon, [f"PASS :alice:{alice.password}", "CAP LS 302", "NICK alice",
                                               "USER alice 0 * :a", "CAP END"], r" JOIN :?&contacts")
    digest = hashlib.sha256(certificate).hexdigest()
    assert digest == pin(alice.daemon).replace(":", "")
    assert re.search(rf"NOTICE alice :.*TLS.*{digest}", got)
    assert not re.search(STS, got)
    before = pin(alice.daemon)
    key = alice.daemon.state / "tls.pem"
    assert key.stat().st_mode & 0o777 == 0o600
    alice.daemon.restart()
    assert hashlib.sha256(converse(alice.daemon, ["NICK a", "USER a 0 * :a"], " 001 ")[1]).hexdigest() == digest
    assert re.findall(r"certificate's SHA-256: (\S+)", alice.daemon.log()) == [before, before]


def test_irssi_connects_as_the_banner_says_and_not_to_another_certificate(alice, tmux):
    command = re.search(r"irssi: +(/connect -tls .*)", alice.daemon.log()).group(1)
    home = tmux.dir / "irssi"
    home.mkdir()
    irssi = tmux.open("irssi", "irssi", "--home", str(home), "-n", "alice")
    irssi.wait(r"\[\(status\)\]")
    other = pin(alice.daemon)[:-2] + ("01" if pin(alice.daemon).endswith("00") else "00")
    irssi.type(command.replace(pin(alice.daemon), other))
    irssi.wait(r"(?i)pinned certificate mismatch|certificate mismatch")
    irssi.type("/disconnect")
    irssi.type(f"{command} alice:{alice.password}")
    irssi.wait(r"This connection is TLS")
    irssi.wait(r"allium")


def test_weechat_connects_as_the_banner_says(alice, tmux):
    home = tmux.dir / "weechat"
    home.mkdir()
    (home / "weechat.conf").write_text(WEECHAT_CORE)
    screen = tmux.open("weechat", find_weechat(), "-d", str(home))
    screen.wait(r"irc")
    tls = "tls" if weechat_major() >= 4 else "ssl"
    screen.type(f"/server add allium 127.0.0.1/{alice.daemon.tls_port} -{tls}"
                f" -{tls}_fingerprint={pin(alice.daemon).replace(':', '')} -password=alice:{alice.password}"
                " -nicks=alice")
    screen.type("/connect allium")
    # WeeChat 3 shows the channel by itself, WeeChat 4 stays where it is.
    screen.wait(r"alice.* has joined &contacts|This connection is TLS")
    screen.type("/buffer irc.allium.&contacts")
    screen.wait(r"alice.* has joined &contacts")


def test_openssl_s_client(alice):
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{alice.daemon.tls_port}", "-alpn", "irc", "-quiet",
         "-verify_quiet"], input=b"NICK bob\r\nUSER b 0 * :b\r\nQUIT :done\r\n", stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=TIMEOUT_S, check=False)
    assert b" 001 bob " in done.stdout and b"\r\nERROR :" in done.stdout, done
    assert b"unexpected eof" not in done.stderr


def test_who_is_slow_or_speaks_nonsense_disturbs_nobody(alice):
    slow = [socket.create_connection(("127.0.0.1", alice.daemon.tls_port), timeout=TIMEOUT_S) for _ in range(80)]
    slow[-1].sendall(b"\x16\x03\x01\x02\x00\x01")
    garbage = socket.create_connection(("127.0.0.1", alice.daemon.tls_port), timeout=TIMEOUT_S)
    garbage.sendall(b"NICK alice\r\nUSER alice 0 * :a\r\n")
    converse(alice.daemon, ["NICK bob", "USER b 0 * :b"], " 001 bob ")
    while garbage.recv(4096):
        pass
    for client in slow:
        assert client.recv(4096) == b""
    alice.irc.fence()
    assert "did not finish its handshake in time" in alice.daemon.log()
    assert "too many handshakes" in alice.daemon.log()


def test_http_inside_tls_is_closed(alice):
    with connect(alice.daemon) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(4096) == b""
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with pytest.raises(ssl.SSLError):
        connect(alice.daemon, context)


def await_log(daemon, text):
    deadline = time.monotonic() + TIMEOUT_S
    while text not in daemon.log():
        daemon.check()
        assert time.monotonic() < deadline, daemon.tail()
        time.sleep(POLL_S)


def make_certificate(directory, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=DNS:{name}", "-keyout", str(directory / "key.pem"),
                    "-out", str(directory / "cert.pem")], check=True, stderr=subprocess.DEVNULL)
    return ssl.PEM_cert_to_DER_cert((directory / "cert.pem").read_text())


def test_an_operators_certificate_is_verified_read_again_on_sighup_and_announced_by_sts(work, new_daemon):
    port = free_ports(1)[0]
    first = make_certificate(work, "irc.example")
    daemon = new_daemon("alice", irc=f"listen = tls:127.0.0.1:{port}\ntls_cert = {work}/cert.pem\n"
                                     f"tls_key = {work}/key.pem\nsts = on\nsts_duration = 600")
    daemon.tls_port = port
    context = ssl.create_default_context(cafile=str(work / "cert.pem"))
    ask = ["CAP LS 302", "NICK bob", "USER b 0 * :b", "CAP END"]
    got, certificate = converse(daemon, ask, " 001 ", context)
    assert certificate == first
    assert " LS * :sts=duration=600\r\n" in got
    assert not re.search(STS, converse(daemon, ["CAP LS", "NICK bob", "USER b 0 * :b", "CAP END"], " 001 ")[0])
    with daemon.connect() as plain:
        plain.login("carol", caps=("server-time",))
        assert not any(re.search(STS, line.raw) for line in plain.lines)

    second = make_certificate(work, "irc.example")
    daemon.process.send_signal(signal.SIGHUP)
    await_log(daemon, "was read again")
    assert converse(daemon, ask, " 001 ")[1] == second
    (work / "cert.pem").write_text("nothing")
    daemon.process.send_signal(signal.SIGHUP)
    await_log(daemon, "are not a certificate and its key")
    assert converse(daemon, ask, " 001 ")[1] == second
    assert not (daemon.state / "tls.pem").exists()
