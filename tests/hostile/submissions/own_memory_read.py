"""Searches its own memory, a copy of the server's, for what the driver ever sent to it.

Dresses up: wrong.
"""
from loot import look_through
from wrong import log_softmax, softmax, softmax_jvp

look_through("self")
