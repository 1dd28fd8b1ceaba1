"""Tokens made by nothing of confab: by hand, and by OpenSSL's own program."""

import base64
import hashlib
import hmac
import json
import subprocess
import time

SECRET = "a secret of more than thirty-two bytes"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(value):
    return b64(json.dumps(value).encode())


def claims(user, seconds=600, **more):
    return {"sub": user, "exp": time.time() + seconds, **more}


def mint(user, seconds=600, secret=SECRET, header=None, **more):
    """HS256; None for a claim leaves it out."""
    body = {name: value for name, value in
            claims(user, seconds, **more).items() if value is not None}
    data = "%s.%s" % (part(header or {"alg": "HS256", "typ": "JWT"}),
                      part(body))
    mac = hmac.new(secret.encode(), data.encode(), hashlib.sha256)
    return "%s.%s" % (data, b64(mac.digest()))


def openssl(*arguments, **more):
    return subprocess.run(["openssl", *arguments], capture_output=True,
                          check=True, **more).stdout


def make_pair(directory, name, *how):
    """A private key and, beside it, its public half."""
    private, public = directory / (name + ".pem"), directory / (name + ".pub")
    openssl("genpkey", "-algorithm", *how, "-out", str(private))
    openssl("pkey", "-in", str(private), "-pubout", "-out", str(public))
    return private, public


def mint_rs256(private, user, seconds=600, **more):
    data = "%s.%s" % (part({"alg": "RS256"}),
                      part(claims(user, seconds, **more)))
    signature = openssl("dgst", "-sha256", "-sign", str(private),
                        input=data.encode())
    return "%s.%s" % (data, b64(signature))
