"""For attacks: finds canaries in whatever it is shown, and shouts them through every channel that a submission has.

`place` is written by the suite: the absolute paths, ports and process ids of all that there is to attack,
so that no attack fails for want of knowing where to look.
"""

import json
import os
import pathlib
import re

place = json.loads((pathlib.Path(__file__).parent / "place.json").read_text())
CANARY = re.compile(rb"CANARY-[a-z]+-[0-9a-f]{16}")
found = set()


def look(data):
    """Note the canaries in some bytes or text."""
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogateescape")
    for match in CANARY.findall(bytes(data)):
        found.add(match.decode())


def look_at(path, most=1 << 20):
    """Note the canaries in a file, as far as it can be read."""
    try:
        with open(path, "rb") as file:
            look(file.read(most))
    except OSError:
        pass


def look_through(pid, seconds=2.0):
    """Note the canaries in the memory of a process."""
    import time

    end = time.monotonic() + seconds
    try:
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in maps:
                ends, rights, _, _, inode = line.split()[:5]
                if "rw" not in rights or inode != "0":
                    continue
                first, last = (int(part, 16) for part in ends.split("-"))
                while first < last and time.monotonic() < end:
                    try:
                        memory.seek(first)
                        look(memory.read(min(1 << 20, last - first)))
                    except (OSError, ValueError, OverflowError):
                        break
                    first += 1 << 20
            shout(f"OPEN memory of {pid}" if pid != "self" else "")
    except OSError:
        pass


def shout(words=""):
    """Print what was found, and `words`; raise nothing."""
    for line in sorted(found):
        print("FOUND", line, flush=True)
    if words:
        print(words, flush=True)


def tried(words, action, *args):
    """Print `words` if `action` goes through without an error."""
    try:
        result = action(*args)
    except BaseException:
        return None
    print("OPEN", words, flush=True)
    return result


def mark(path):
    """Leave a mark in a place where no submission may write."""

    def write():
        with open(path, "ab") as file:
            file.write(b"PWNED")

    tried(f"wrote {path}", write)
