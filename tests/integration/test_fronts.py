"""confab behind nginx and HAProxy, by the samples of conf/ as they are but for
ports and certificates: people talk through them, under their own addresses."""

import http.client
import json
import re
import signal
import ssl
import subprocess

import pytest

import wire
from client import Client
from fronts import example, run_haproxy, run_nginx
from server import GUARD, ROOT, free_port, wait_for

TRUSTED = 'trusted_proxies = {"127.0.0.1"}'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """One file with a certificate and its key, as HAProxy wants it."""
    path = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=chat.example.com", "-keyout", path / "key",
         "-out", path / "pem"], check=True, capture_output=True)
    (path / "both").write_text((path / "pem").read_text()
                               + (path / "key").read_text())
    return path


def trusting(certificate):
    return ssl.create_default_context(cafile=certificate / "pem")


def sample(name, server, port, certificate):
    """The text of a sample with the addresses of a test."""
    text = (ROOT / "conf" / name).read_text()
    for old, new in ((r"listen 443", "listen 127.0.0.1:%d" % port),
                     (r"bind :443", "bind 127.0.0.1:%d" % port),
                     (r"127\.0\.0\.1:8089", "127.0.0.1:%d" % server.port),
                     (r"127\.0\.0\.1:8080", "127.0.0.1:%d" % server.http_port),
                     (r"ssl crt /\S+", "ssl crt %s/both" % certificate),
                     (r"/etc/confab/chat\.pem", "%s/pem" % certificate),
                     (r"/etc/confab/chat\.key", "%s/key" % certificate),
                     (r"(maxconn|worker_connections|worker_rlimit_nofile) "
                      r"\d+", r"\1 1000")):
        text = re.sub(old, new, text)
    return text


FRONTS = {"nginx": ("nginx.conf", run_nginx, dict(websocket=TRUSTED,
                                                  api=TRUSTED)),
          "haproxy": ("haproxy.cfg", run_haproxy,
                      dict(websocket="proxy_protocol = true", api=TRUSTED))}


@pytest.fixture(params=FRONTS)
def front(request, make_server, directory, certificate):
    """(server, port of the front)"""
    name, run, options = FRONTS[request.param]
    server = make_server(**options).start()
    port = free_port()
    command = run(directory, sample(name, server, port, certificate))
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        wait_for("the front serves",
                 lambda: get(port, certificate, "/healthz") == 200)
        yield server, port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(GUARD)


def get(port, certificate, path):
    client = http.client.HTTPSConnection(
        "127.0.0.1", port, context=lenient(certificate), timeout=GUARD)
    try:
        client.request("GET", path, headers={"Host": "chat.example.com"})
        return client.getresponse().status
    except OSError:
        return 0
    finally:
        client.close()


def lenient(certificate):
    """The name of the certificate is not the address that is asked."""
    context = trusting(certificate)
    context.check_hostname = False
    return context


def test_people_talk_through_it_under_their_own_addresses(front, certificate):
    server, port = front
    tls = trusting(certificate), "chat.example.com"
    ada = Client(port, "ada", ["r"], tls=tls, source="127.0.0.7")
    bob = Client(port, "bob", ["r"], tls=tls, source="127.0.0.8")
    ada.say("r", "hello")
    assert bob.push("msg")["body"] == "hello"
    shown = {line["user"]: line["address"] for line in
             server.ask_json("show clients")}
    assert shown["ada"].startswith("127.0.0.7")
    assert shown["bob"].startswith("127.0.0.8")


def test_pages_are_for_the_world_and_the_api_is_not(front, certificate):
    _, port = front
    assert get(port, certificate, "/") == 200
    assert get(port, certificate, "/chat/app.js") == 200
    assert get(port, certificate, "/v1/stats") == 404
    assert get(port, certificate, "/metrics") == 404


def push_sample(port, active, backup):
    return example("nginx.conf", "push", {
        "listen 3220": "listen 127.0.0.1:%d" % port,
        "127.0.0.1:3210": "127.0.0.1:%d" % active.port,
        "127.0.0.1:3211": "127.0.0.1:%d" % backup.port})


def push_post(port, message):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=GUARD)
    try:
        client.request("POST", "/send", json.dumps(message))
        answer = client.getresponse()
        return answer.status, answer.read()
    except OSError:
        return 0, b""
    finally:
        client.close()


def push_listens(port):
    """Somebody who has come through the front; the first ping says that he
    hears what is pushed."""
    one = wire.WebSocket(port, path="/ws?d={%22uid%22:%22ann%22}")
    assert one.read_frame() == (wire.PING, b"\0")
    return one


def test_push_is_served_by_one_and_by_the_other_when_that_ends(
        make_server, directory):
    active, backup = [make_server(name, profiles=("push",)).start()
                      for name in ("active", "backup")]
    port = free_port()
    command = run_nginx(directory, push_sample(port, active, backup))
    success = 200, b'{"msg":"success."}'
    message = {"topic": "uids", "topic_ids": ["ann"], "msg": "m"}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        try:
            wait_for("the front serves",
                     lambda: push_post(port, {"topic": "none"}) == success)
            with push_listens(port) as ann:
                for _ in range(5):
                    assert push_post(port, message) == success
                    assert json.loads(ann.read_text())["msg"] == "m"
                assert not backup.ask_json("show clients")
                active.stop()
                assert ann.read_close()[0] == 1001
            with push_listens(port) as ann:
                for _ in range(5):
                    assert push_post(port, message) == success
                    assert json.loads(ann.read_text())["msg"] == "m"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(GUARD)
