"""The Debian package on a machine that has never heard of it, from installing
to purging, under the service manager."""

import http.client
import re
import shutil
import subprocess

import pytest

from machine import BUILD, RELEASE, Machine, sources, wait_for
from service import PORT, comes_back, connect, info, main_pid, state

DROP_IN = "/etc/systemd/system/confab.service.d"
WATCHDOG = "[Service]\nWatchdogSec=2\nRestartSec=0\n"


def test_lintian_has_nothing_to_say(debs, builder):
    said = builder.run("lintian", "--allow-root", "--fail-on", "warning",
                       "/" + str(debs[0].relative_to(builder.tree)))
    assert not re.search(r"^[EW]:", said, re.M), said


def test_piuparts_finds_nothing_left_behind(debs, debian, builder):
    """It is to be that of the release, which knows where things are there."""
    tree = builder.tree / "fresh"
    tree.mkdir()
    subprocess.run(["tar", "-xf", debian, "-C", tree], check=True)
    said = builder.run(
        "piuparts", "--no-eatmydata", "-d", RELEASE, "-m",
        sources() + " main", "-e", "/fresh", "--scriptsdir",
        "/etc/piuparts/scripts", "/" + str(debs[0].relative_to(builder.tree)))
    assert "PASS: Installation and purging test." in said


@pytest.fixture(scope="module")
def machine(debs, debian):
    tree = BUILD / "machine"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    subprocess.run(["tar", "-xf", debian, "-C", tree], check=True)
    one = Machine(tree)
    for number, package in enumerate(debs):
        one.put(package, "/root/%d.deb" % number)
    try:
        yield one.boot()
    finally:
        one.off()


@pytest.fixture(scope="module")
def before(machine):
    """The files of the machine when confab had never been there."""
    return machine.files()


@pytest.fixture(scope="module")
def installed(machine, before):
    machine.run("apt-get", "install", "-y", "/root/0.deb")
    return machine


def test_installing_it_gives_a_running_enabled_service(installed):
    assert state(installed) == "active"
    assert installed.run("systemctl", "is-enabled", "confab").strip() == \
        "enabled"
    assert info(installed)["version"].startswith("0.1.0")
    assert "confab" in installed.run("getent", "passwd", "confab")
    owner = installed.run("stat", "-c", "%U:%G:%a", "/var/lib/confab",
                          "/run/confab/status.sock").split()
    assert owner == ["confab:confab:750", "confab:confab:660"]


def test_it_serves_on_loopback_alone_and_no_page(installed):
    said = installed.run("cat", "/proc/net/tcp", "/proc/net/tcp6")
    listening = re.findall(r"^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ 0A", said,
                           re.M)
    ours = {address for address, port in listening
            if int(port, 16) in (8080, PORT)}
    assert ours == {"0100007F"}, listening
    with installed.network():
        page = http.client.HTTPConnection("127.0.0.1", 8080)
        page.request("GET", "/")
        assert page.getresponse().status == 404


def test_it_is_hardly_exposed(installed):
    said = installed.run("systemd-analyze", "security", "--no-pager", "confab")
    level = re.search(r"exposure level for confab.service: ([0-9.]+)", said)
    assert float(level.group(1)) < 2.0
    said = installed.run("sh", "-c", "systemd-analyze verify --man=no "
                         "confab.service 2>&1")
    assert said == ""


def test_people_talk_and_a_reload_disconnects_nobody(installed):
    ada, bob = (connect(installed, name, "r") for name in ("ada", "bob"))
    assert ada.call("say", room="r", body="hello")["offset"] == 1
    assert bob.push("msg")["body"] == "hello"
    installed.run("sh", "-c",
                  "sed -i 's/^# drain_seconds = 60 /drain_seconds = 4 /' "
                  "/etc/confab/confab.conf")
    installed.run("systemctl", "reload", "confab")
    assert re.search(r"^drain_seconds\t4\t/etc/confab/confab.conf:\d+",
                     installed.run("confabctl", "show", "config"), re.M)
    ada.call("say", room="r", body="still here")
    assert bob.push("msg")["body"] == "still here"


def test_an_upgrade_of_the_package_cuts_nobody_off(installed):
    pid = main_pid(installed)
    ada, bob = (connect(installed, name, "u") for name in ("ada", "bob"))
    installed.run("apt-get", "install", "-y", "/root/1.deb")
    assert main_pid(installed) == pid
    wait_for("the new version serves",
             lambda: info(installed)["version"].startswith("0.1.1"))
    assert bob.push("drain")["in_ms"] >= 0
    assert ada.call("say", room="u", body="through")["offset"] == 1
    assert bob.push("msg")["body"] == "through"
    late = connect(installed, "late", "u")
    assert late.call("history", room="u")["messages"][0]["body"] == "through"


def test_a_killed_server_is_there_again_with_its_history(installed):
    old = main_pid(installed)
    connect(installed, "ada", "k").call("say", room="k", body="kept")
    installed.run("sh", "-c", "kill -9 %d" % old)
    comes_back(installed, old)
    found = connect(installed, "bob", "k").call("history", room="k")
    assert [one["body"] for one in found["messages"]] == ["kept"]


def test_one_that_stands_still_is_replaced_by_the_watchdog(installed):
    installed.write(DROP_IN + "/test.conf", WATCHDOG)
    installed.run("systemctl", "daemon-reload")
    installed.run("systemctl", "restart", "confab")
    old = main_pid(installed)
    installed.run("sh", "-c", "kill -STOP %d" % old)
    comes_back(installed, old)
    installed.run("rm", "-r", DROP_IN)
    installed.run("systemctl", "daemon-reload")


def test_a_stop_is_clean(installed):
    client = connect(installed, "ada", "s")
    installed.run("systemctl", "stop", "confab")
    assert state(installed) == "inactive"
    assert installed.run("systemctl", "show", "-P", "Result",
                         "confab").strip() == "success"
    assert client.socket.close_code() == 1001
    installed.run("systemctl", "start", "confab")


def test_removing_stops_it_and_purging_leaves_nothing(installed, before):
    installed.run("apt-get", "remove", "-y", "confab")
    assert state(installed) in ("inactive", "unknown")
    assert (installed.tree / "etc/confab/confab.conf").exists()
    assert (installed.tree / "var/lib/confab").exists()
    installed.run("apt-get", "purge", "-y", "confab")
    left = {name for name in installed.files() - before
            if "confab" in name or name.startswith("etc/")}
    # The account stays, as Debian's policy advises; so do apt's own notes.
    left -= {"etc/passwd-", "etc/shadow-", "etc/group-", "etc/gshadow-"}
    assert not left, left
