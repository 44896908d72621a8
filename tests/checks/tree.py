# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks of the tree share: the table of layers, the files, and TAP."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

# Which layers each one may use.  Everything else follows from this table.
LAYERS = {
    "base": [],
    "crypto": ["base"],
    "io": ["base", "crypto"],
    "irc": ["base"],
    "link": ["base", "crypto"],
    "tor": ["base", "crypto", "io"],
    "store": ["base", "crypto"],
    "chat": ["base", "crypto", "link", "store"],
    "gateway": ["base", "crypto", "io", "irc", "chat"],
    "peer": ["base", "crypto", "io", "link", "tor", "chat"],
    "app": ["base", "crypto", "io", "irc", "link", "tor", "store", "chat", "gateway", "peer"],
}
PURE = ["irc", "link", "chat"]

LINES_SHOWN = 20  # of one problem: the linker can be long-winded

SOURCE = Path(os.environ.get("top_srcdir", "."))
BUILD = Path(os.environ.get("top_builddir", "."))


def env_words(name, default=""):
    return shlex.split(os.environ.get(name, default))


def archive(layer):
    """libcrypto.a is OpenSSL's name."""
    return BUILD / ("libcrypto_layer.a" if layer == "crypto" else f"lib{layer}.a")


def used_by(layer):
    """The layers that it may use and those that these need in turn, upper ones first."""
    seen = set()
    todo = list(LAYERS[layer])
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo += LAYERS[one]
    return [one for one in reversed(LAYERS) if one in seen]


def sources(layer):
    """The C files and headers of a layer, public and private."""
    return sorted(path for top in ("include", "src") for path in (SOURCE / top / layer).rglob("*.[ch]"))


def read(path):
    return path.read_text(encoding="utf-8", errors="replace")


def shown(path):
    return path.relative_to(SOURCE)


def strip_comments(code):
    """Blanks comments and keeps everything else where it is."""
    pattern = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.DOTALL)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m[0]) if m[0][0] == "/" else m[0], code)


def strip_literals(code):
    """Empties the string and character literals of code without comments."""
    return re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', '""', code)


def symbols(layer):
    """(defined, undefined) of a layer's archive: names, and for the undefined ones the objects that want them."""
    out = subprocess.run(["nm", "-A", "-P", archive(layer)], capture_output=True, text=True, check=True).stdout
    defined, undefined = set(), {}
    for line in out.splitlines():
        where, name, kind = re.match(r"(.*?): (\S+) (\S)", line).groups()
        if kind in "Uwv":
            undefined.setdefault(name, set()).add(re.sub(r".*\[(.*)\]", r"\1", where))
        elif kind.isupper():
            defined.add(name)
    return defined, {name: objects for name, objects in undefined.items() if name not in defined}


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = False

    def result(self, name, problems):
        """One test, which passes if the list of problems is empty."""
        self.count += 1
        self.failed |= bool(problems)
        print(f"{'not ok' if problems else 'ok'} {self.count} - {name}")
        for problem in problems:
            for line in str(problem).splitlines()[:LINES_SHOWN]:
                print(f"# {line}")

    def end(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)
