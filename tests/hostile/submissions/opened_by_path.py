"""Opens the hidden checks, the solutions, the ledger and the home folder by their paths, in every spelling.

Dresses up: wrong.
"""
import os
import sys

from loot import look, look_at, place, shout
from wrong import log_softmax, softmax, softmax_jvp

for path in place["files"]:
    for front in ("", "/proc/self/root", "/proc/1/root", f"/proc/{os.getppid()}/root", "/proc/self/cwd" + "/.." * 9):
        look_at(front + path)
    os.system(f"cat '{path}' > copied 2>/dev/null")
    look_at("copied")
for folder in place["folders"]:
    try:
        names = os.listdir(folder)
        way = {*sys.base_prefix.split("/"), *sys.prefix.split("/")}
        if set(names) - way:  # the way to the interpreter may be seen, and nothing beside it
            print("OPEN listed", folder)
        look(" ".join(names))
    except OSError:
        pass
shout()
