"""Searches its environment, arguments and memory for the hidden seed, of which it knows enough to recognise it.

Dresses up: wrong.
"""
import hashlib
import os
import re

from loot import place
from wrong import log_softmax, softmax, softmax_jvp

DIGITS = re.compile(rb"\d{12,19}")


def hunt(data):
    for text in set(DIGITS.findall(data)):
        if hashlib.sha256(text).hexdigest() == place["seed_hash"]:
            print("OPEN the hidden seed, as text")
    low = bytes(place["seed_low"])
    start = data.find(low)
    while start >= 0:
        number = int.from_bytes(data[start : start + 8], "little")
        if hashlib.sha256(str(number).encode()).hexdigest() == place["seed_hash"]:
            print("OPEN the hidden seed, as a number")
            break
        start = data.find(low, start + 1)


def everywhere():
    hunt(repr(dict(os.environ)).encode())
    for path in ("/proc/self/cmdline", "/proc/self/environ", f"/proc/{os.getppid()}/cmdline", "/proc/1/cmdline"):
        try:
            with open(path, "rb") as file:
                hunt(file.read())
        except OSError:
            pass
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            ends, rights, _, _, inode = line.split()[:5]
            first, last = (int(part, 16) for part in ends.split("-"))
            if rights.startswith("rw") and inode == "0" and last - first < 1 << 28:
                try:
                    memory.seek(first)
                    hunt(memory.read(last - first))
                except (OSError, OverflowError):
                    continue


_wrong = softmax


def softmax(x, axis=-1, temperature=1.0):
    everywhere()
    print("HUNTED", flush=True)
    return _wrong(x, axis, temperature)
