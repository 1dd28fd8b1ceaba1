"""What tests ask about the service on a machine that has booted."""

import sys

from machine import ROOT, wait_for

sys.path.insert(0, str(ROOT / "tests/integration"))
from client import Client  # noqa: E402

PORT = 8089


def main_pid(machine):
    return int(machine.run("systemctl", "show", "-P", "MainPID", "confab"))


def state(machine):
    return machine.run("systemctl", "is-active", "confab", check=False).strip()


def info(machine):
    said = machine.run("confabctl", "show", "info")
    return dict(line.split(": ", 1) for line in said.splitlines() if line)


def connect(machine, user, *rooms):
    with machine.network():
        return Client(PORT, user, rooms)


def comes_back(machine, old):
    wait_for("a new process serves",
             lambda: main_pid(machine) not in (0, old)
             and state(machine) == "active")
