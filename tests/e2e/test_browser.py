# SPDX-License-Identifier: GPL-3.0-or-later
"""Web pages in Chromium: one that the operator has named is an IRC client, others get nothing. Tor is off."""

import http.server
import json
import pathlib
import queue
import subprocess
import threading
import urllib.parse

import pytest

from daemon import die_with_parent, free_ports
from people import Person

TIMEOUT_S = 60
PAGES = pathlib.Path(__file__).resolve().parent / "pages"
EVIL = "evil.example"
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
         "--disable-default-apps", "--no-pings", f"--host-resolver-rules=MAP {EVIL} 127.0.0.1,MAP * ~NOTFOUND,"
         "EXCLUDE 127.0.0.1,EXCLUDE localhost")


class Pages(http.server.ThreadingHTTPServer):
    """Serves the pages on loopback, and takes what they report."""

    daemon_threads = True

    def __init__(self):
        self.results = queue.Queue()
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, page, name="127.0.0.1", **query):
        return f"http://{name}:{self.server_port}/{page}?{urllib.parse.urlencode(query)}"


class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *arguments):
        super().__init__(*arguments, directory=str(PAGES))

    def do_POST(self):
        self.server.results.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def pages():
    server = Pages()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def browse(work, pages):
    """Opens a page; returns a function that waits for what it reports."""
    made = []

    def browse(url):
        profile = work / f"profile-{len(made)}"
        with open(work / f"chromium-{len(made)}", "wb") as output:
            made.append(subprocess.Popen(["chromium", *FLAGS, f"--user-data-dir={profile}", url],
                                         stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                         preexec_fn=die_with_parent))
        return lambda: pages.results.get(timeout=TIMEOUT_S)

    yield browse
    for browser in made:
        browser.terminate()
        browser.wait()


@pytest.fixture
def alice(new_daemon, pages):
    """Pages of ours may come in; and, by an operator's mistake, those of a name that anybody can point at loopback."""
    tls, ws = free_ports(2)
    daemon = new_daemon("alice", irc=f"listen = tls:127.0.0.1:{tls}\nlisten = ws:127.0.0.1:{ws}\n"
                                     f"ws_origin = http://127.0.0.1:{pages.server_port} "
                                     f"http://{EVIL}:{pages.server_port}")
    daemon.tls_port, daemon.ws_port = tls, ws
    return Person(daemon, "alice")


def test_a_page_is_a_client_over_both_subprotocols(alice, pages, browse):
    wait = browse(pages.url("client.html", url=f"ws://127.0.0.1:{alice.daemon.ws_port}/",
                            login=f"alice@web:{alice.password}"))
    for subprotocol in ("text.ircv3.net", "binary.ircv3.net"):
        alice.irc.expect(rf":alice!\S+ PRIVMSG alice :grüße über {subprotocol}$", TIMEOUT_S)
        # What the first connection had not fenced, the second is shown again: so each has its own word.
        alice.irc.say("alice", f"goodbye {subprotocol}")
    for told, kind in zip(wait(), ("string", "object")):
        assert told["chosen"] == told["subprotocol"] and told["kinds"] == [kind]
        assert (told["code"], told["clean"]) == (1000, True)
        lines = told["lines"]
        echo = [line for line in lines if f"grüße über {told['subprotocol']}" in line and "label=one" in line]
        assert len(echo) == 1 and "msgid=" in echo[0] and "time=" in echo[0]
        assert sum(f"PRIVMSG alice :goodbye {told['subprotocol']}" in line for line in lines) == 1
        assert "ERROR :Closing link" in lines[-1] and not any("\n" in line or "\r" in line for line in lines)


def attack(alice, wait, opaque):
    """What the attacker reports: nothing opened, nothing read; where HTTP is spoken, an answer that it can't see."""
    for way, result in wait().items():
        assert result == ("opaque" if way in opaque else "refused"), way
    alice.irc.fence()
    log = alice.daemon.log()
    assert log.count("a client spoke HTTP: closed") >= 5
    assert log.count("logged in to account") == 1 and log.count(" registered") == 1
    assert len((alice.daemon.state / "index").read_text().split("\n")) == 2


def ports(alice, host):
    return {"host": host, "irc": alice.daemon.port, "tls": alice.daemon.tls_port, "ws": alice.daemon.ws_port}


def test_a_page_of_another_origin_gets_nothing(alice, pages, browse):
    """localhost is another origin than 127.0.0.1."""
    wait = browse(pages.url("attacker.html", "localhost", **ports(alice, "127.0.0.1")))
    attack(alice, wait, {"ws blind post"})


def test_a_page_whose_name_is_pointed_at_loopback_gets_nothing(alice, pages, browse):
    wait = browse(pages.url("attacker.html", EVIL, **ports(alice, EVIL)))
    attack(alice, wait, {"ws blind post"})
