"""What `make install` puts down works where it lies."""

import shutil
import subprocess

import pytest

from server import CONFABD, ROOT


def install(directory):
    prefix = directory / "usr"
    subprocess.run(
        ["make", "-s", "-o", "all", "install", "B=%s" % CONFABD.parent,
         "PREFIX=%s" % prefix, "SYSCONFDIR=%s" % (directory / "etc")],
        cwd=ROOT, check=True)
    return prefix


@pytest.mark.skipif(not shutil.which("systemd-analyze"),
                    reason="there is no systemd-analyze")
def test_systemd_has_nothing_to_say_about_the_unit(directory):
    unit = install(directory) / "lib/systemd/system/confab.service"
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True, text=True)
    assert "confab" not in said.stderr and said.returncode == 0, said.stderr


def test_an_installed_server_finds_its_pages_and_its_sql(make_server,
                                                         directory):
    prefix = install(directory)
    server = make_server()
    ours = server.config_path.read_text().splitlines()
    installed = (directory / "etc/confab/confab.conf").read_text()
    manual = prefix / "share/man/man7/confab-protocol.7"
    assert (prefix / "share/bash-completion/completions/confabctl").is_file()
    for page in ("man1/confabctl.1", "man5/confab.conf.5", "man8/confabd.8"):
        assert (prefix / "share/man" / page).is_file()
    assert manual.read_text().startswith(".Dd ")
    assert "\nweb_dir = \"%s/share/confab/web\"\n" % prefix in installed
    server.config_path.write_text(
        "\n".join(line for line in ours if "_dir = \"%s" % ROOT not in line)
        + "".join("\n" + line for line in installed.splitlines()
                  if line.startswith(("web_dir", "sql_dir"))) + "\n")
    server.launch(command=[str(prefix / "sbin/confabd"), "-f", "-c",
                           str(server.config_path)])
    server.wait_serving()
    assert server.get("/").status == 200
    assert server.get("/chat/app.js").status == 200
    with server.client("a", "r") as client:
        assert client.say("r", "x")["offset"] == 1
        assert len(client.whole_history("r")) == 1
    subprocess.run([str(prefix / "bin/confabctl"), "-s",
                    str(server.run_dir / "status.sock"), "stop"], check=True)
    assert server.wait_exit() == 0
