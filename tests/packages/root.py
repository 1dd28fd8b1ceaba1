"""A Debian in a directory that is not booted: what is run in there has this
machine's network, and its mounts are in nobody else's sight."""

import contextlib
import shutil
import subprocess

from machine import BUILD

ENTER = """
mount --bind "$0" "$0"
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
exec chroot "$0" env -i HOME=/root LANG=C.UTF-8 \
    PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
"""


class Root:
    def __init__(self, tree):
        self.tree = tree

    def run(self, *command, check=True):
        """What it says, both streams in one."""
        done = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh",
             "-euc", ENTER, str(self.tree), *map(str, command)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False)
        assert not check or done.returncode == 0, \
            "%s: %s" % (command, done.stdout[-4000:])
        return done.stdout


@contextlib.contextmanager
def root(archive, name):
    """What an archive of debian_with() holds, until the end of the block."""
    tree = BUILD / name
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    subprocess.run(["tar", "-xf", archive, "-C", tree], check=True)
    try:
        yield Root(tree)
    finally:
        shutil.rmtree(tree)
