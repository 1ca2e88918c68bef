"""Clients that asked once, were answered, and now rest."""

import contextlib
import re
import socket
import time

from places import Trouble


def read_answer(s):
    got = b""
    while b"\r\n\r\n" not in got:
        got += s.recv(65536) or b"\r\n\r\n"
    head, _, body = got.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if not length:
        raise Trouble("closed, or answered without a length")
    left = int(length[1]) - len(body)
    while left > 0:
        piece = s.recv(min(left, 65536))
        if not piece:
            raise Trouble("closed within an answer")
        left -= len(piece)


@contextlib.contextmanager
def resting(port, count, target="/"):
    """So many connections, each after one answer, as long as the block lasts."""
    clients = []
    try:
        for _ in range(count):
            try:
                s = socket.create_connection(("127.0.0.1", port), 10)
                clients.append(s)
                s.sendall(f"GET {target} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
                read_answer(s)
            except (OSError, Trouble) as e:
                raise Trouble(f"connection {len(clients)} of {count}: {e}") from e
        time.sleep(1)
        yield
    finally:
        for s in clients:
            s.close()
