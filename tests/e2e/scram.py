# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of SCRAM-SHA-256 (RFC 5802, RFC 7677)."""

import base64
import hashlib
import hmac
import os


def _hmac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


class Scram:
    """first(), then final() of the server's answer, then check() of its last one."""

    def __init__(self, user, password, authzid="", flag="n"):
        escaped = user.replace("=", "=3D").replace(",", "=2C")
        self.header = f"{flag},{'a=' + authzid if authzid else ''},".encode()
        self.nonce = base64.b64encode(os.urandom(12))
        self.bare = b"n=" + escaped.encode() + b",r=" + self.nonce
        self.password = password.encode()

    def first(self):
        return self.header + self.bare

    def final(self, challenge):
        fields = dict(field.split(b"=", 1) for field in challenge.split(b","))
        assert fields[b"r"].startswith(self.nonce) and fields[b"r"] != self.nonce
        self.salt, iterations = fields[b"s"], int(fields[b"i"])
        assert iterations >= 4096
        salted = hashlib.pbkdf2_hmac("sha256", self.password, base64.b64decode(self.salt), iterations)
        client_key = _hmac(salted, b"Client Key")
        bare = b"c=" + base64.b64encode(self.header) + b",r=" + fields[b"r"]
        auth = self.bare + b"," + challenge + b"," + bare
        signature = _hmac(hashlib.sha256(client_key).digest(), auth)
        self.signature = _hmac(_hmac(salted, b"Server Key"), auth)
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        return bare + b",p=" + base64.b64encode(proof)

    def check(self, last):
        assert last == b"v=" + base64.b64encode(self.signature), last
