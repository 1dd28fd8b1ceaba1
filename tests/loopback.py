"""Brings up the loopback interface of a new network namespace, where there may
be no ip(8). It gets a second address: where there is none of IPv4 but
127.0.0.1, and one of IPv6 elsewhere, as on the bridges of some tests,
getaddrinfo(3) with AI_ADDRCONFIG, as nng calls it, takes nothing of IPv4."""

import fcntl
import socket
import struct

SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, IFF_UP = 0x8913, 0x8914, 0x8916, 1

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    asked = struct.pack("16sH22x", b"lo", 0)
    answer = fcntl.ioctl(control, SIOCGIFFLAGS, asked)
    flags = struct.unpack("16sH22x", answer)[1] | IFF_UP
    fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", flags))
    second = struct.pack("=16sHH4s8x", b"lo:1", socket.AF_INET, 0,
                         socket.inet_aton("127.0.0.2"))
    fcntl.ioctl(control, SIOCSIFADDR, second)
