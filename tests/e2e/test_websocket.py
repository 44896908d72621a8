# SPDX-License-Identifier: GPL-3.0-or-later
"""IRC over WebSocket: a client that logs in and talks, and web pages that may not. Tor is off."""

import base64
import os
import re
import socket
import struct

import pytest

from daemon import free_ports
from people import Person
from scram import Scram

TIMEOUT_S = 30
TEXT, CLOSE = 1, 8


@pytest.fixture
def alice(new_daemon):
    port = free_ports(1)[0]
    daemon = new_daemon("alice", irc=f"listen = ws:127.0.0.1:{port}\nws_origin = https://irc.example")
    daemon.ws_port = port
    return Person(daemon, "alice")


class WebSocket:
    """As little of a client as is needed: one frame a message, text."""

    def __init__(self, daemon, host="127.0.0.1", origin=None):
        self.socket = socket.create_connection(("127.0.0.1", daemon.ws_port), timeout=TIMEOUT_S)
        self.file = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        head = [f"GET / HTTP/1.1\r\nHost: {host}:{daemon.ws_port}", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Protocol: text.ircv3.net"]
        if origin:
            head.append(f"Origin: {origin}")
        self.socket.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        self.status = int(self.file.readline().split()[1])
        self.fields = dict(line.decode().rstrip().split(": ") for line in iter(self.file.readline, b"\r\n"))

    def send(self, text, opcode=TEXT):
        data, mask = text.encode(), os.urandom(4)
        size = struct.pack("!B", 0x80 | len(data)) if len(data) < 126 else struct.pack("!BH", 0xfe, len(data))
        self.socket.sendall(bytes([0x80 | opcode]) + size + mask
                            + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)))

    def receive(self):
        """(opcode, text) of the next frame; None at the end."""
        head = self.file.read(2)
        if len(head) < 2:
            return None
        size = struct.unpack("!H", self.file.read(2))[0] if head[1] == 126 else head[1]
        return head[0] & 0x0f, self.file.read(size).decode("utf-8", "replace")

    def expect(self, pattern):
        while True:
            opcode, text = self.receive()
            assert opcode == TEXT and "\r" not in text and "\n" not in text
            if text.startswith("PING"):
                self.send("PONG" + text[4:])
            if re.search(pattern, text):
                return text

    def login(self, name, password):
        for line in (f"PASS :{name}:{password}", f"NICK {name}", f"USER {name} 0 * :x"):
            self.send(line)
        self.expect(r" JOIN :?&contacts")


def test_a_page_that_was_named_logs_in_talks_and_closes(alice):
    page = WebSocket(alice.daemon, origin="https://irc.example")
    assert page.status == 101 and page.fields["Sec-WebSocket-Protocol"] == "text.ircv3.net"
    page.login("alice", alice.password)
    alice.irc.say("alice", "grüße " + "x" * 300)
    page.expect(r"PRIVMSG alice :grüße x{300}")
    page.send("QUIT :done")
    page.expect(r"^ERROR ")
    assert page.receive()[0] == CLOSE
    assert page.receive() is None


def test_a_page_makes_an_account_and_comes_back_by_scram(alice):
    page = WebSocket(alice.daemon, origin="https://irc.example")
    for line in ("CAP LS 302", "NICK bob", "USER bob 0 * :x", "REGISTER * * password-of-bob", "CAP END"):
        page.send(line)
    page.expect(r" LS .*draft/account-registration=before-connect,custom-account-name ")
    page.expect(r" REGISTER SUCCESS bob :")
    page.expect(r" JOIN :?&contacts")

    page = WebSocket(alice.daemon, origin="https://irc.example")
    client = Scram("bob@page", "password-of-bob", flag="y")
    for line in ("CAP LS 302", "CAP REQ :sasl", "NICK x", "USER x 0 * :x", "AUTHENTICATE SCRAM-SHA-256"):
        page.send(line)
    page.expect(r"[ :]sasl=PLAIN,SCRAM-SHA-256( |$)")
    page.expect(r"^AUTHENTICATE \+$")
    page.send("AUTHENTICATE " + base64.b64encode(client.first()).decode())
    challenge = base64.b64decode(page.expect(r"^AUTHENTICATE ").split()[1])
    page.send("AUTHENTICATE " + base64.b64encode(client.final(challenge)).decode())
    client.check(base64.b64decode(page.expect(r"^AUTHENTICATE ").split()[1]))
    page.send("AUTHENTICATE +")
    page.expect(r" 900 x \S+ bob ")
    page.expect(r" 903 x ")
    page.send("CAP END")
    page.expect(r":bob!\S+ JOIN :?&contacts")


def test_other_pages_and_other_names_are_refused(alice):
    for host, origin in (("127.0.0.1", "https://evil.example"), ("localhost", "null"), ("evil.example", None),
                         ("evil.example", "https://irc.example"), ("127.0.0.1", f"http://127.0.0.1:{alice.daemon.ws_port}")):
        assert WebSocket(alice.daemon, host, origin).status == 403
    assert WebSocket(alice.daemon, "localhost").status == 101
    assert WebSocket(alice.daemon, "allium.test").status == 101


def test_neither_port_speaks_the_others_language(alice):
    with socket.create_connection(("127.0.0.1", alice.daemon.ws_port), timeout=TIMEOUT_S) as irc:
        irc.sendall(b"NICK alice\r\nUSER alice 0 * :a\r\n")
        assert irc.makefile("rb").readline().startswith(b"HTTP/1.1 400 ")
    with socket.create_connection(alice.daemon.address, timeout=TIMEOUT_S) as web:
        web.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n\r\n")
        try:
            assert web.recv(4096) == b""
        except ConnectionResetError:
            pass
    alice.irc.fence()
