"""A Debian in a directory, booted by systemd-nspawn with a network of its own.

run() is a command inside it; what is done within network() is done by this
process with the machine's network.
"""

import contextlib
import ctypes
import os
import pathlib
import shutil
import subprocess
import time
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/packages"
RELEASE = os.environ.get("RELEASE", "bookworm")
GUARD = 120

# Words of mmdebstrap, one in each line.
BUILD_NEEDS = """\
--customize-hook=mkdir -p "$1/needs/debian"
--customize-hook=cp %s "$1/needs/debian/control"
--customize-hook=chroot "$1" apt-get build-dep -y --no-install-recommends /needs
--customize-hook=rm -r "$1/needs"
"""

CLONE_NEWNET = 0x40000000


def sources():
    """A mirror as this machine's own apt knows it."""
    said = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)",
         "Created-By: Packages"], capture_output=True, text=True, check=True)
    for line in said.stdout.splitlines():
        if line.rstrip("/").endswith("/debian"):
            return line
    raise LookupError("no source of Debian in this machine's apt")


def debian_with(name, *packages, builds=None):
    """The tree of a fresh Debian with some packages, and with what building
    needs that a control file names, made once."""
    what = " ".join(packages) + (builds.read_text() if builds else "")
    tree = BUILD / ("%s-%s-%08x.tar" % (name, RELEASE,
                                        zlib.crc32(what.encode())))
    if tree.exists():
        return tree
    BUILD.mkdir(parents=True, exist_ok=True)
    made = tree.with_suffix(".part.tar")
    subprocess.run(
        ["mmdebstrap", "--variant=minbase", "--format=tar",
         *("--include=" + one for one in packages),
         *(BUILD_NEEDS % builds if builds else "").splitlines(),
         RELEASE, made, sources()], check=True)
    made.rename(tree)
    return tree


def base(package, *more):
    """One that boots and has what the package depends on, and more."""
    fields = subprocess.run(["dpkg-deb", "-f", package, "Depends"],
                            capture_output=True, text=True, check=True).stdout
    names = [one.split("|")[0].split("(")[0].strip()
             for one in fields.split(",")]
    return debian_with("debian", "systemd", "systemd-sysv", *names, *more)


def wait_for(what, is_true, guard=GUARD):
    end = time.monotonic() + guard
    while True:
        found = is_true()
        if found:
            return found
        assert time.monotonic() < end, "waited %s s in vain: %s" % (guard, what)
        time.sleep(0.05)


def enter(namespace):
    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(),
                                               CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Machine:
    def __init__(self, tree):
        self.tree = tree
        self.process = self.leader = None

    def boot(self):
        self.log = open(self.tree.with_suffix(".log"), "wb")
        self.process = subprocess.Popen(
            ["systemd-nspawn", "-D", self.tree, "-b", "--private-network",
             "--register=no", "--keep-unit", "--console=pipe", "-q"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            start_new_session=True)
        self.leader = wait_for("the machine has a first process", self.first)
        wait_for("the machine is up", self.is_up)
        return self

    def first(self):
        """The child of nspawn that is process 1 in there."""
        assert self.process.poll() is None, self.tree.with_suffix(".log")
        said = subprocess.run(["pgrep", "-P", str(self.process.pid)],
                              capture_output=True, text=True).stdout.split()
        return said[0] if said else None

    def is_up(self):
        said = self.run("systemctl", "is-system-running", check=False)
        return said.strip() in ("running", "degraded")

    def run(self, *command, check=True):
        done = subprocess.run(
            ["nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "-C",
             "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
             "DEBIAN_FRONTEND=noninteractive", *map(str, command)],
            capture_output=True, text=True)
        assert not check or done.returncode == 0, \
            "%s: %s %s" % (command, done.stdout, done.stderr)
        return done.stdout

    @contextlib.contextmanager
    def network(self):
        """Sockets that are made within belong to the machine's network."""
        with open("/proc/self/ns/net", "rb") as own, \
                open("/proc/%s/ns/net" % self.leader, "rb") as other:
            enter(other)
            try:
                yield
            finally:
                enter(own)

    def put(self, path, where):
        shutil.copy(path, str(self.tree) + where)

    def write(self, where, text):
        path = pathlib.Path(str(self.tree) + where)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")

    def files(self):
        """All of the machine's files that stay when it is off."""
        volatile = {"run", "tmp", "proc", "sys", "dev"}
        return {str(path.relative_to(self.tree))
                for path in self.tree.rglob("*")
                if path.relative_to(self.tree).parts[0] not in volatile}

    def off(self):
        if self.process and self.process.poll() is None:
            self.run("systemctl", "poweroff", check=False)
            try:
                self.process.wait(GUARD)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
