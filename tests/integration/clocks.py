"""Programs whose time of day is wrong, by libfaketime; LIBFAKETIME says where
else it is than where Debian has it."""

import glob
import os

import pytest

FOUND = sorted(glob.glob(os.environ.get(
    "LIBFAKETIME", "/usr/lib/*/faketime/libfaketimeMT.so.1")))

needed = pytest.mark.skipif(not FOUND, reason="libfaketime is not here")


def shifted(seconds):
    """What stands before a command. Only the time of day is another one: a
    machine's other clocks go on from its start."""
    return ["env", "LD_PRELOAD=" + FOUND[0], "FAKETIME=%+ds" % seconds,
            "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1"]
