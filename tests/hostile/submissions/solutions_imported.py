"""Imports the solutions, the graders and the driver's half of katagrad by name.

Dresses up: wrong.
"""
import importlib
import inspect
import sys

from loot import look, place, shout, tried
from wrong import log_softmax, softmax, softmax_jvp

sys.path += [place["repository"], *place["folders"]]
for name in ("graders.softmax", "solutions.torch.softmax", "katagrad._content.graders.softmax", "katagrad.grading.checks", "katagrad.isolation.sandbox", "katagrad_graders.softmax"):
    module = tried(f"imported {name}", importlib.import_module, name)
    if module:
        look(inspect.getsource(module))
shout()
