"""Raises SystemExit(0) while it is imported.

Dresses up: wrong.
"""
import sys

from wrong import log_softmax, softmax, softmax_jvp

sys.exit(0)
