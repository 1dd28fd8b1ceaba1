"""nginx and HAProxy by the samples of conf/, and the examples in comments."""

import re
import shutil

import pytest

from server import ROOT

# What a test's machine has less of.
LIMITS = (r"(maxconn|worker_connections|worker_rlimit_nofile) \d+", r"\1 1000")
DEAD = "127.0.0.1:1"


def find(name):
    path = shutil.which(name, path="/usr/sbin:/usr/bin")
    if not path:
        pytest.fail("%s is not installed" % name)
    return path


def run_nginx(directory, text):
    (directory / "nginx.conf").write_text(
        "daemon off;\npid %s/pid;\nerror_log %s/errors;\n" % (
            directory, directory) + re.sub(
                r"(?m)^http \{", "http {\naccess_log off;\n%s" % "".join(
                    "%s_temp_path %s/%s;\n" % (what, directory, what)
                    for what in ("client_body", "proxy", "fastcgi", "uwsgi",
                                 "scgi")), text, count=1))
    return [find("nginx"), "-p", directory, "-e", directory / "errors", "-c",
            directory / "nginx.conf"]


def run_haproxy(directory, text):
    (directory / "haproxy.cfg").write_text(text)
    return [find("haproxy"), "-f", directory / "haproxy.cfg", "-db"]


def uncomment(name, title):
    """The example of a sample that names this upstream or frontend first: from
    there to the next line without a comment."""
    text = (ROOT / "conf" / name).read_text()
    begin = re.search(r"(?m)^\t?# (upstream|frontend) %s" % title, text).start()
    lines = []
    for line in text[begin:].split("\n"):
        if not re.match(r"\t?#", line):
            break
        lines.append(re.sub(r"^(\t?)# ?", r"\1", line))
    return "\n".join(lines) + "\n"


def head_of(name):
    """What stands before all servers of a sample."""
    text = (ROOT / "conf" / name).read_text()
    if name == "haproxy.cfg":
        return text.split("frontend public", 1)[0], ""
    return text.split("\t# Hosts of a cluster", 1)[0], "}\n"


def example(name, title, changes):
    """A whole configuration of that example alone. changes: what stands there
    in place of something; each has to be found."""
    begin, end = head_of(name)
    text = uncomment(name, title)
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return re.sub(*LIMITS, begin + text + end).replace(
        "worker_processes auto", "worker_processes 1")
