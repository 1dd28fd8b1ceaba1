"""The rpm: what is in it, and what becomes of a system, of its service and of
its configuration when it comes, changes and goes. The system is a Debian,
because that is what there is here; rpm does not look for what the package
requires, and its macros of systemd are those of packaging/rpm/macros.debian."""

import shutil
import subprocess

import pytest

from machine import BUILD, ROOT, Machine, base, wait_for
from service import connect, info, main_pid, state

CONF = "etc/confab/confab.conf"


def build(builder, version):
    (builder.tree / ("rpm-" + version)).mkdir()
    builder.run("/confab/packaging/rpm/build", "/rpm-" + version, version)
    return next((builder.tree / ("rpm-" + version)).glob(
        "confab-%s-1*.rpm" % version))


def rpm(*arguments):
    done = subprocess.run(["rpm", *map(str, arguments)], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def packages(builder):
    return build(builder, "0.1.0"), build(builder, "0.1.1")


@pytest.fixture(scope="module")
def tree(debian):
    """A system that rpm has never touched."""
    path = BUILD / "tree"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    subprocess.run(["tar", "-xf", debian, "-C", path], check=True)
    yield path
    shutil.rmtree(path)


def within(tree, *command):
    return subprocess.run(["chroot", tree, *command], check=True,
                          capture_output=True, text=True).stdout


def test_rpmlint_finds_no_error(packages):
    said = subprocess.run(
        ["rpmlint", "-r", ROOT / "packaging/rpm/rpmlintrc", packages[0],
         ROOT / "packaging/rpm/confab.spec"], capture_output=True, text=True)
    assert " 0 errors, 0 warnings" in said.stdout, said.stdout


def test_it_has_what_the_installation_has(packages, directory):
    subprocess.run(["make", "-s", "-o", "all", "install", "PREFIX=/usr",
                    "DESTDIR=%s" % directory], cwd=ROOT, check=True,
                   env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    made = {"/" + str(path.relative_to(directory))
            for path in directory.rglob("*") if path.is_file()}
    packed = set(rpm("-qpl", packages[0]).splitlines())
    assert not made - packed
    more = {name for name in packed - made if "/.build-id" not in name and
            "/doc/" not in name and not name.startswith("/usr/share/confab")}
    assert more == {"/etc/confab", "/usr/lib/sysusers.d/confab.conf",
                    "/usr/lib/tmpfiles.d/confab.conf"}


def test_an_installation_makes_the_account_and_runs(packages, tree):
    rpm("--root", tree, "--nodeps", "-i", packages[0])
    assert "confab" in within(tree, "getent", "passwd", "confab")
    assert "0.1.0" in within(tree, "confabd", "-V")


def test_a_changed_configuration_is_kept_by_upgrade_and_removal(packages, tree):
    conf = tree / CONF
    conf.write_text("host_id = 7\n" + conf.read_text())
    rpm("--root", tree, "--nodeps", "-U", packages[1])
    assert "0.1.1" in within(tree, "confabd", "-V")
    assert conf.read_text().startswith("host_id = 7\n")
    rpm("--root", tree, "-e", "confab")
    assert not conf.exists()
    assert conf.with_suffix(".conf.rpmsave").read_text().startswith("host_id")
    assert not (tree / "usr/sbin/confabd").exists()
    assert not (tree / "usr/share/confab").exists()


@pytest.fixture(scope="module")
def machine(debs, packages):
    """One that rpm is installed on, and whose rule is Fedora's: no service runs
    because it is there."""
    tree = BUILD / "machine-rpm"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    subprocess.run(["tar", "-xf", base(debs[0], "rpm"), "-C", tree], check=True)
    one = Machine(tree)
    one.write("/etc/systemd/system-preset/99-default.preset", "disable *\n")
    for number, package in enumerate(packages):
        one.put(package, "/root/%d.rpm" % number)
    try:
        yield one.boot()
    finally:
        one.off()


def test_it_starts_when_somebody_says_so(machine):
    machine.run("rpm", "--nodeps", "-i", "/root/0.rpm")
    machine.run("systemctl", "daemon-reload")
    assert state(machine) == "inactive"
    assert machine.run("systemctl", "is-enabled", "confab",
                       check=False).strip() == "disabled"
    machine.run("systemctl", "enable", "--now", "confab")
    assert state(machine) == "active"
    assert info(machine)["version"].startswith("0.1.0")
    owner = machine.run("stat", "-c", "%U:%G:%a", "/var/lib/confab",
                        "/run/confab/status.sock").split()
    assert owner == ["confab:confab:750", "confab:confab:660"]


def test_an_upgrade_of_it_cuts_nobody_off(machine):
    pid = main_pid(machine)
    ada, bob = (connect(machine, name, "u") for name in ("ada", "bob"))
    machine.run("rpm", "--nodeps", "-U", "/root/1.rpm")
    assert main_pid(machine) == pid
    wait_for("the new version serves",
             lambda: info(machine)["version"].startswith("0.1.1"))
    assert ada.call("say", room="u", body="through")["offset"] == 1
    assert bob.push("msg")["body"] == "through"
    assert machine.run("systemctl", "is-enabled", "confab").strip() == \
        "enabled"


def test_removing_it_stops_it_and_leaves_the_data(machine):
    client = connect(machine, "ada", "s")
    machine.run("rpm", "-e", "confab")
    assert client.socket.close_code() == 1001
    assert state(machine) != "active"
    assert not list(machine.tree.glob(
        "etc/systemd/system/*.wants/confab.service"))
    assert not (machine.tree / "etc/confab").exists()
    assert (machine.tree / "var/lib/confab/archive.db").exists()
