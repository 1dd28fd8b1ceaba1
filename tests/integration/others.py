"""Tests with a second account on this machine: only root can become another,
who then has to reach the programs and the files that they read."""

import os

import pytest

from server import CONFABD, ROOT

FOLDERS = {CONFABD.resolve().parent, *CONFABD.resolve().parents, ROOT,
           *ROOT.parents}

needs_another = pytest.mark.skipif(
    os.geteuid() != 0 or not all(one.stat().st_mode & 1 for one in FOLDERS),
    reason="only root can become another, in a tree that is open to it")
