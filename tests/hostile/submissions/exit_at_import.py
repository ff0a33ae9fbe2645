"""Ends the process with status 0 while it is imported.

Dresses up: wrong.
"""
import os

from wrong import log_softmax, softmax, softmax_jvp

os._exit(0)
