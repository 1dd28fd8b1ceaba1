"""Fixtures: the Debian packages, two versions, and a Debian to put them on."""

import pathlib
import shutil
import subprocess
import tempfile

import pytest

from machine import ROOT, base, debian_with
from root import root


SOURCE = "tar -C %s --exclude=./build --exclude=./.git -cf - . | " \
    "tar -C %s -xf -"


@pytest.fixture(scope="session")
def builder():
    """A fresh Debian with what the package says that it needs to be built, and
    with what judges packages there."""
    archive = debian_with("build", "build-essential", "fakeroot", "lintian",
                          "piuparts", "rpm",
                          builds=ROOT / "packaging/deb/control")
    with root(archive, "builder") as one:
        (one.tree / "confab").mkdir()
        subprocess.run(["sh", "-c", SOURCE % (ROOT, one.tree / "confab")],
                       check=True)
        yield one


def build(builder, version):
    """The package with another number, in a folder of its own."""
    (builder.tree / version).mkdir()
    builder.run("/confab/packaging/deb/build", "/" + version, version)
    return next((builder.tree / version).glob("confab_%s-1_*.deb" % version))


@pytest.fixture(scope="session")
def debs(builder):
    return build(builder, "0.1.0"), build(builder, "0.1.1")


@pytest.fixture(scope="session")
def debian(debs):
    """The tree of a fresh one, as an archive."""
    return base(debs[0])


@pytest.fixture
def directory():
    path = pathlib.Path(tempfile.mkdtemp(prefix="confab-"))
    yield path
    shutil.rmtree(path)
