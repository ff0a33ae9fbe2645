"""Sends what it sees over TCP, UDP, DNS, a socket file, an abstract socket and the hypervisor's own.

Dresses up: wrong.
"""
import os
import socket

from loot import place, tried
from wrong import log_softmax, softmax, softmax_jvp

WORD = b"EXFILTRATED"


def send(family, kind, address):
    with socket.socket(family, kind) as sock:
        sock.settimeout(0.3)
        sock.connect(address)
        sock.send(WORD)


def send_by_file(path):
    # A socket's address has room for 107 bytes, and the path of a deep folder is longer.
    here = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
    send(socket.AF_UNIX, socket.SOCK_STREAM, f"/proc/self/fd/{here}/{os.path.basename(path)}")


tried("TCP", send, socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", place["tcp"]))
tried("a socket file", send_by_file, place["unix"])
tried("an abstract socket", send, socket.AF_UNIX, socket.SOCK_STREAM, place["abstract"])
tried("UDP to the world", send, socket.AF_INET, socket.SOCK_DGRAM, ("8.8.8.8", 53))
tried("a name", socket.gethostbyname, "example.org")
tried("VSOCK", socket.socket, 40, socket.SOCK_STREAM)
try:
    send(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", place["udp"]))
except OSError:
    pass
