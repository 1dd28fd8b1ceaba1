#!/bin/sh
# tests/fresh.sh [run|unit|test]: do the two commands of the README work on a
# machine that has just been installed? Makes a small Debian in a temporary
# folder, clones what is committed here into it, and there does `make run` until
# two people have talked (run), the unit tests as well (unit), or all of `make
# test` (test, the default). Says how long each took, and removes everything but
# the last words of what failed, in build/fresh-RELEASE.log.
#
# RELEASE names another Debian than bookworm, TMPDIR another place than /tmp.
# The mirror, the registry of npm and whose certificates are trusted are those
# of this machine. Needs root, and the ports of `make run` on loopback.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
release=${RELEASE:-bookworm}
last=${1:-test}
case "$last" in
run | unit | test) ;;
*)
	echo "usage: $0 [run|unit|test]" >&2
	exit 2
	;;
esac
[ "$(id -u)" = 0 ] || {
	echo "fresh: only root can make a machine" >&2
	exit 1
}

log=$here/../build/fresh-$release.log
mkdir -p "${log%/*}"
place=$(mktemp -d -t confab-fresh.XXXXXX)
tree=$place/debian
server=

# What runs in there ends with its process 1; its mounts are in nobody else's
# sight, so that what is removed here is the tree alone.
clean() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	wait
	rm -rf --one-file-system "$place"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM

# enter COMMAND: becomes a shell's command in there.
enter() {
	exec unshare --mount --pid --fork --kill-child sh -euc '
		mount --bind "$0" "$0"
		mount -t proc proc "$0/proc"
		mount --rbind /sys "$0/sys"
		mount --rbind /dev "$0/dev"
		mount -t tmpfs shm "$0/dev/shm"
		exec chroot "$0" env -i HOME=/root LANG=C.UTF-8 \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -euc "$1"
		' "$tree" "$1"
}

within() {
	(enter "$1")
}

# timed NAME COMMAND…: does it, its words into a file; says how long it took.
timed() {
	name=$1
	shift
	since=$(date +%s)
	"$@" >"$log" 2>&1 </dev/null || {
		tail -n 60 "$log" | cut -c 1-200
		echo "fresh: $release: $name: failed after" \
			"$(($(date +%s) - since)) s" >&2
		exit 1
	}
	took "$name" "$since"
}

took() {
	printf 'fresh: %s: %s: %d s\n' "$release" "$1" $(($(date +%s) - $2))
}

mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
		grep -m 1 '/debian/*$'
}

make_machine() {
	apt-config dump Acquire | grep -i '::proxy' >"$place/apt.conf" || :
	mmdebstrap --variant=minbase --aptopt="$place/apt.conf" \
		--include=git,make,ca-certificates \
		"$release" "$tree" "$(mirror)"
	echo '127.0.0.1 localhost' >"$tree/etc/hosts"
	trust
	git -c safe.directory='*' -C "$here/.." \
		bundle create -q "$tree/root/confab.bundle" HEAD
	mkdir "$tree/home/ann"
	within 'git clone -q /root/confab.bundle /home/ann/confab'
}

# Whom this machine's people have decided to trust, and where npm asks.
trust() {
	for one in /usr/local/share/ca-certificates/*.crt; do
		[ ! -e "$one" ] ||
			cp "$one" "$tree/usr/local/share/ca-certificates/"
	done
	within update-ca-certificates
	! command -v npm >/dev/null || {
		echo "registry=$(npm config get registry)"
		echo "cafile=/etc/ssl/certs/ca-certificates.crt"
	} >"$tree/root/.npmrc"
}

# talk: two clients, as soon as somebody listens and as long as $server lives.
talk() {
	PYTHONPATH="$here/integration" PYTHONDONTWRITEBYTECODE=1 \
		python3 - "$server" <<-'END'
	import sys, time
	from client import Client

	end = time.monotonic() + 3600
	while True:
	    with open("/proc/%s/status" % sys.argv[1]) as status:
	        assert "(zombie)" not in status.read(), "it has ended"
	    try:
	        ann = Client(8089, "ann", ["lobby"])
	        break
	    except ConnectionRefusedError:
	        assert time.monotonic() < end, "nobody listens"
	        time.sleep(0.2)
	bob = Client(8089, "bob", ["lobby"])
	ann.call("say", room="lobby", body="hello")
	assert bob.push("msg")["body"] == "hello"
	assert bob.call("history", room="lobby")["messages"][0]["from"] == "ann"
	END
}

nobody_listens() {
	for port in 8080 8089; do
		! python3 -c "import socket
socket.create_connection(('127.0.0.1', $port))" 2>/dev/null || {
			echo "fresh: somebody serves port $port here" >&2
			exit 1
		}
	done
}

run_and_talk() {
	since=$(date +%s)
	enter 'cd /home/ann/confab && exec make run' >"$log" 2>&1 </dev/null &
	server=$!
	talk || {
		tail -n 60 "$log" | cut -c 1-200
		echo "fresh: $release: nobody could talk" >&2
		exit 1
	}
	took "make run, to the first word" "$since"
	within 'cd /home/ann/confab &&
		build/confabctl -s build/dev/run/status.sock stop' >/dev/null
	wait "$server"
	server=
}

nobody_listens
timed "a new machine" make_machine
run_and_talk
case "$last" in
unit)
	timed "what the tests need" within \
		'cd /home/ann/confab && packaging/deps test'
	timed "make unit" within 'cd /home/ann/confab && make -j$(nproc) unit'
	;;
test)
	timed "make test" within 'cd /home/ann/confab && make test'
	;;
esac
