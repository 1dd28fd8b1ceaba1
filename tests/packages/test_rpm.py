"""The rpm: what is in it, and what becomes of a system and of its configuration
when it comes, changes and goes. The system is a Debian, because that is what
there is here; rpm does not look for what the package requires."""

import shutil
import subprocess

import pytest

from machine import BUILD, ROOT

CONF = "etc/confab/confab.conf"


def build(version):
    out = BUILD / ("rpm-" + version)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    subprocess.run([ROOT / "packaging/rpm/build", out, version], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return next(out.glob("confab-%s-1*.rpm" % version))


def rpm(*arguments):
    done = subprocess.run(["rpm", *map(str, arguments)], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def packages():
    return build("0.1.0"), build("0.1.1")


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
