"""podman, with everything that it keeps in one directory and a network of its
own, where the ports of this machine do not count. Images are built in this
machine's network, because building fetches packages."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess

from machine import RELEASE, debian_with, enter

# A machine that is itself contained may not raise its own limits, as engines
# want to by default.
CONF = """[containers]
default_ulimits = ["nofile=10000:10000", "nproc=10000:10000"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
"""
PODMAN = """#!/bin/sh
exec podman --root %s/store --runroot %s/run "$@"
"""


class Engine:
    def __init__(self, place):
        self.place = pathlib.Path(place)
        self.place.mkdir(parents=True)
        conf = self.place / "containers.conf"
        conf.write_text(CONF, encoding="ascii")
        self.podman = self.place / "podman"
        self.podman.write_text(PODMAN % (place, place), encoding="ascii")
        self.podman.chmod(0o755)
        self.environment = dict(os.environ, CONTAINERS_CONF=str(conf))
        self.holder = subprocess.Popen(
            ["unshare", "-n", "sh", "-c",
             "ip link set lo up && echo up && exec sleep infinity"],
            stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"up\n"

    def close(self):
        self.run("rm", "-f", "-a", "-t", "5", check=False)
        self.holder.kill()
        self.holder.wait()
        shutil.rmtree(self.place)

    def call(self, command, check=True):
        done = subprocess.run([str(one) for one in command],
                              capture_output=True, text=True,
                              env=self.environment, check=False)
        assert not check or done.returncode == 0, \
            "%s: %s %s" % (command, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout

    def debian(self):
        """Debian's slim image, or what is like it: a registry is nowhere."""
        self.call([self.podman, "import", "-q", debian_with("slim"),
                   "debian:%s-slim" % RELEASE])

    def build(self, name, *arguments):
        self.call([self.podman, "build", "-q", "--format", "docker",
                   "--network", "host", "--build-arg", "DEBIAN=" + RELEASE,
                   "-t", name, *arguments])

    def run(self, *words, check=True):
        return self.call(self.apart() + [self.podman, *words], check)

    def is_healthy(self, name):
        """What the image's own check says now."""
        return subprocess.run(
            [str(one) for one in self.apart()] +
            [self.podman, "healthcheck", "run", name], capture_output=True,
            env=self.environment, check=False).returncode == 0

    def compose(self, *words):
        """podman-compose ends well even when a container does not start."""
        done = subprocess.run(
            [str(one) for one in self.apart()] +
            ["podman-compose", "--podman-path", self.podman, *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=self.environment, check=False)
        assert done.returncode == 0, done.stdout[-4000:]
        assert not re.search("exit code: [1-9]", done.stdout), \
            done.stdout[-4000:]

    def apart(self):
        return ["nsenter", "-t", self.holder.pid, "-n"]

    @contextlib.contextmanager
    def network(self):
        """Sockets that are made within belong to the engine's network."""
        with open("/proc/self/ns/net", "rb") as own, \
                open("/proc/%d/ns/net" % self.holder.pid, "rb") as other:
            enter(other)
            try:
                yield
            finally:
                enter(own)
