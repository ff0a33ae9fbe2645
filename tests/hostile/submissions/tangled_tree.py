"""Leaves a tree that is hard to remove: locked folders, great depth, links to all that it should not reach.

Dresses up: wrong.
"""
import os

from loot import place
from wrong import log_softmax, softmax, softmax_jvp

os.chdir("/tmp")
os.makedirs("locked/inner")
open("locked/inner/file", "w").close()
for i, path in enumerate([*place["files"], *place["folders"], "/", "/proc/self", "/katagrad"]):
    os.symlink(path, f"locked/link{i}")
os.mkfifo("pipe")
for name in ("-rf", "a\nb", "\x1b[2J", "*", os.fsdecode(b"\xff\xfe"), "x" * 255):
    os.mkdir(name)
depth = 0
for depth in range(3000):
    os.mkdir("d" * 100)
    os.chdir("d" * 100)
os.chdir("/tmp")
os.chmod("locked/inner", 0)
os.chmod("locked", 0)
try:
    os.chmod("/tmp", 0)
except OSError:
    pass
