"""Fixtures. `server` is shared by a module and must survive each of its tests;
`make_server` is for tests that break things or need other options."""

import itertools
import pathlib
import shutil
import tempfile

import pytest

from cluster import Cluster
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


@pytest.fixture(scope="module")
def pair():
    """Two hosts of a cluster that have met, for tests that break nothing."""
    path = make_directory()
    try:
        with Cluster(path, 2, gateways=2).let_in_backends() as cluster:
            yield cluster.wait_met()
    finally:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def make_cluster(directory):
    """A cluster in the directory of this test, started; ended like those of
    make_server. Not all have met."""
    made = []

    def make(count, kind=Cluster, **options):
        cluster = kind(directory, count, **options)
        made.append(cluster)
        return cluster.start()

    yield make
    try:
        for cluster in made:
            cluster.end()
    finally:
        for cluster in made:
            cluster.kill()


@pytest.fixture
def room(request):
    """A room of this test's own."""
    return "%s-%d" % (request.node.name.split("[")[0][:80], next(numbers))
