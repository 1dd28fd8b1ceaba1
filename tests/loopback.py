"""Brings up the loopback interface of a new network namespace, where there may
be no ip(8)."""

import fcntl
import socket
import struct

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    asked = struct.pack("16sH22x", b"lo", 0)
    answer = fcntl.ioctl(control, SIOCGIFFLAGS, asked)
    flags = struct.unpack("16sH22x", answer)[1] | IFF_UP
    fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", flags))
