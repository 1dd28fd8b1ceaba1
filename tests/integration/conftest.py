"""Fixtures. `server` is shared by a module and must survive each of its tests;
`make_server` is for tests that break things or need other options."""

import itertools
import pathlib
import shutil
import tempfile

import pytest

from server import CONFABD, Server

numbers = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def program():
    assert CONFABD.exists(), "%s is not built" % CONFABD


def make_directory():
    """Short, because unix socket paths are bounded, and open to other users,
    because some tests start the server as one."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="confab-"))
    path.chmod(0o755)
    return path


def end(server):
    try:
        if server.is_running():
            server.stop()
        else:
            server.kill()
            server.check_log()
    finally:
        server.kill()


@pytest.fixture
def directory():
    path = make_directory()
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def server(request):
    """A module sets OPTIONS = {…} for options other than the defaults."""
    options = getattr(request.module, "OPTIONS", {})
    path = make_directory()
    one = Server(path, **options)
    try:
        yield one.start()
        end(one)
    finally:
        one.kill()
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def make_server(directory):
    """Server(…) in a directory of this test. Those still running at its end are
    stopped, and that must go well."""
    made = []

    def make(name="confab", **options):
        one = Server(directory / name, **options)
        made.append(one)
        return one

    yield make
    try:
        for one in made:
            end(one)
    finally:
        for one in made:
            one.kill()


@pytest.fixture
def room(request):
    """A room of this test's own."""
    return "%s-%d" % (request.node.name.split("[")[0][:80], next(numbers))
