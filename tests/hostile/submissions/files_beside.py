"""Brings conftest.py, pytest.ini, sitecustomize.py and modules named as the libraries; `more` in the suite lists them.

Dresses up: wrong.
"""
import importlib
import sys

from wrong import log_softmax, softmax, softmax_jvp

for name in ("conftest", "sitecustomize", "usercustomize", "numpy", "torch", "tensorflow", "katagrad"):
    try:
        importlib.reload(sys.modules[name]) if name in sys.modules else importlib.import_module(name)
    except BaseException:
        continue
