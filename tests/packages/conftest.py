"""Fixtures: the Debian packages, two versions, and a Debian to put them on."""

import pathlib
import shutil
import subprocess
import tempfile

import pytest

from machine import BUILD, ROOT, base


def build(version):
    """The package with another number, in a folder of its own."""
    out = BUILD / version
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    subprocess.run([ROOT / "packaging/deb/build", out, version], check=True,
                   stdout=subprocess.DEVNULL)
    return next(out.glob("confab_%s-1_*.deb" % version))


@pytest.fixture(scope="session")
def debs():
    return build("0.1.0"), build("0.1.1")


@pytest.fixture(scope="session")
def debian(debs):
    """The tree of a fresh one, as an archive."""
    return base(debs[0])


@pytest.fixture
def directory():
    path = pathlib.Path(tempfile.mkdtemp(prefix="confab-"))
    yield path
    shutil.rmtree(path)
