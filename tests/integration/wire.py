"""The bytes of HTTP and RFC 6455, so that a test controls every one of them.

Nothing here checks what the server does; it only builds and takes apart.
"""

import base64
import hashlib
import os
import socket
import ssl
import struct
import time

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
# Seconds after which a wait counts as hanging, not as slow.
GUARD = float(os.environ.get("GUARD", "30"))
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Closed(Exception):
    """The other side ended the connection."""


def mask_bytes(data, mask):
    """data XOR the repeated mask, fast enough for megabytes."""
    if not data:
        return b""
    count = len(data)
    key = (mask * (count // 4 + 1))[:count]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(
        count, "big")


def frame(opcode, data=b"", fin=True, rsv=0, mask=b"\x11\x22\x33\x44",
          length=None):
    """One frame as a client sends it. mask None: unmasked. length: what the
    head claims, when that is not the truth."""
    claimed = len(data) if length is None else length
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    bit = 0x80 if mask is not None else 0
    if claimed < 126:
        head = struct.pack("!BB", first, bit | claimed)
    elif claimed < 65536:
        head = struct.pack("!BBH", first, bit | 126, claimed)
    else:
        head = struct.pack("!BBQ", first, bit | 127, claimed)
    if mask is None:
        return head + data
    return head + mask + mask_bytes(data, mask)


def text(data, **more):
    return frame(TEXT, data.encode() if isinstance(data, str) else data, **more)


def close(code=None, reason=b""):
    return frame(CLOSE, b"" if code is None else
                 struct.pack("!H", code) + reason)


def take_frame(buffer):
    """(opcode, data, fin, used) of the first whole frame, or None. Server
    frames only: they must not be masked and need no extension."""
    if len(buffer) < 2:
        return None
    first, second = buffer[0], buffer[1]
    assert not second & 0x80, "the server masked a frame"
    assert not first & 0x70, "the server set an RSV bit"
    length, at = second & 0x7F, 2
    if length == 126:
        if len(buffer) < 4:
            return None
        length, at = struct.unpack_from("!H", buffer, 2)[0], 4
    elif length == 127:
        if len(buffer) < 10:
            return None
        length, at = struct.unpack_from("!Q", buffer, 2)[0], 10
    if len(buffer) < at + length:
        return None
    return (first & 0x0F, bytes(buffer[at:at + length]), bool(first & 0x80),
            at + length)


def upgrade_head(port, path="/chat", key=None, method="GET", version="HTTP/1.1",
                 leave_out=(), **headers):
    """The head of an opening handshake. headers overrides (underscores become
    hyphens); leave_out drops some by lower-case name."""
    fields = {
        "Host": "127.0.0.1:%d" % port,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key or base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    }
    for name, value in headers.items():
        name = name.replace("_", "-")
        old = [field for field in fields if field.lower() == name.lower()]
        fields[old[0] if old else name] = value
    lines = ["%s %s %s" % (method, path, version)]
    lines += ["%s: %s" % pair for pair in fields.items()
              if pair[0].lower() not in leave_out]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def accept_for(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


class Response:
    def __init__(self, status, headers, body=b""):
        self.status = status
        self.headers = headers
        self.body = body


class Socket:
    """A TCP connection with a buffer of what was read and not used. first:
    bytes before all else; tls: an SSLContext, or (SSLContext, server name), to
    speak TLS behind them; session: of a connection before."""

    def __init__(self, port, host="127.0.0.1", receive_bytes=None, source="",
                 first=b"", tls=None, session=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive_bytes)
        self.socket.settimeout(GUARD)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = port
        self.buffer = bytearray()
        if first:
            self.socket.sendall(first)
        if tls:
            self.begin_tls(*(tls if isinstance(tls, tuple) else (tls, None)),
                           session)

    def begin_tls(self, context, name, session):
        try:
            self.socket = context.wrap_socket(
                self.socket, server_hostname=name, session=session)
        except (ssl.SSLError, ConnectionError) as error:
            self.socket.close()
            raise Closed(str(error)) from error

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (ConnectionError, BrokenPipeError) as error:
            raise Closed(str(error)) from error

    def send_slowly(self, data):
        """Each byte in a segment of its own (TCP_NODELAY is set)."""
        for byte in data:
            self.send(bytes([byte]))

    def read_more(self, guard=GUARD):
        self.socket.settimeout(guard)
        try:
            data = self.socket.recv(1 << 18)
        except socket.timeout:
            raise TimeoutError("nothing came for %s s; so far %r" % (
                guard, bytes(self.buffer[:200]))) from None
        except (ConnectionError, ssl.SSLEOFError) as error:
            raise Closed(str(error)) from error
        if not data:
            raise Closed("end of file")
        self.buffer += data

    def take(self, count):
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def read_until(self, mark):
        while mark not in self.buffer:
            self.read_more()
        return self.take(self.buffer.index(mark) + len(mark))

    def read_exactly(self, count):
        while len(self.buffer) < count:
            self.read_more()
        return self.take(count)

    def read_to_end(self):
        """Everything up to the end of the connection, which must come."""
        try:
            while True:
                self.read_more()
        except Closed:
            return self.take(len(self.buffer))

    def read_response(self, head_only=False):
        """One HTTP response; body by Content-Length, chunks or the end."""
        lines = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status = lines[0].split(" ", 2)[:2]
        assert version in ("HTTP/1.1", "HTTP/1.0"), lines[0]
        headers = {}
        for line in lines[1:]:
            if line:
                name, value = line.split(":", 1)
                headers[name.strip().lower()] = value.strip()
        response = Response(int(status), headers)
        if head_only or response.status in (101, 204, 304):
            return response
        if headers.get("transfer-encoding", "").lower() == "chunked":
            response.body = self.read_chunks()
        elif "content-length" in headers:
            response.body = self.read_exactly(int(headers["content-length"]))
        else:
            response.body = self.read_to_end()
        return response

    def read_chunks(self):
        body = b""
        while True:
            size = int(self.read_until(b"\r\n").split(b";")[0], 16)
            body += self.read_exactly(size)
            self.read_until(b"\r\n")
            if size == 0:
                return body

    def is_closed_by_server(self):
        """Waits for the end of the connection; what comes before is dropped.
        A connection that stays open fails by TimeoutError."""
        self.read_to_end()
        return True

    def close(self):
        self.socket.close()

    def reset(self):
        """Ends with RST, as a machine that was unplugged and came back."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               struct.pack("ii", 1, 0))
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class WebSocket(Socket):
    """A connection after a handshake that must succeed. early: bytes sent in
    the same write as the head."""

    def __init__(self, port, path="/chat", early=b"", slowly=False,
                 receive_bytes=None, source="", first=b"", tls=None,
                 session=None, address="127.0.0.1", **headers):
        super().__init__(port, address, receive_bytes=receive_bytes,
                         source=source, first=first, tls=tls, session=session)
        key = base64.b64encode(os.urandom(16)).decode()
        head = upgrade_head(port, path, key, **headers)
        if slowly:
            self.send_slowly(head + early)
        else:
            self.send(head + early)
        self.response = self.read_response()
        assert self.response.status == 101, self.response.status
        assert self.response.headers["upgrade"].lower() == "websocket"
        assert "upgrade" in self.response.headers["connection"].lower()
        assert self.response.headers["sec-websocket-accept"] == accept_for(key)
        assert "sec-websocket-extensions" not in self.response.headers

    def read_frame(self, guard=GUARD):
        """(opcode, data). The server never fragments."""
        end = time.monotonic() + guard
        while True:
            found = take_frame(self.buffer)
            if found:
                opcode, data, fin, used = found
                del self.buffer[:used]
                assert fin, "the server fragmented a message"
                return opcode, data
            self.read_more(max(0.01, end - time.monotonic()))

    def read_text(self):
        while True:
            opcode, data = self.read_frame()
            if opcode == TEXT:
                return data.decode()
            assert opcode == PING, (opcode, data)
            self.send(frame(PONG, data))

    def read_close(self):
        """The code and reason of the server's close frame and then the end of
        the connection; frames before it are dropped."""
        while True:
            opcode, data = self.read_frame()
            if opcode == CLOSE:
                break
        code = struct.unpack("!H", data[:2])[0] if data else 1005
        try:
            self.send(frame(CLOSE, data[:2]))
        except Closed:
            pass
        self.is_closed_by_server()
        return code, data[2:].decode()

    def close_code(self):
        return self.read_close()[0]
