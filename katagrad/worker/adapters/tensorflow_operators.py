"""The watch of TensorFlow's operators: it reads the runtime's log of executed operators, and all graphs.

The runtime logs "Executing op Softmax ..." for every operator that runs eagerly, in every thread and by
every way to it: `tf.raw_ops`, `gen_nn_ops`, Keras, `tf.experimental.numpy`, the fast path in C. For an
operator that runs a graph, the nodes of the graph and of all graphs that it calls are read.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from re import Pattern
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.eager.polymorphic_function import (
    polymorphic_function,  # noqa: F401  what TensorFlow imports on first use must be there before a fork
)
from tensorflow.python.framework import op_def_registry, ops
from tensorflow.python.ops import gradients_impl  # noqa: F401  for the same reason

from katagrad.worker import trap
from katagrad.worker.adapters import tensorflow_families  # noqa: F401  read before the fork

# Logged at level 1 of TensorFlow's file execute.cc. The adapter enables it with TF_CPP_VMODULE before
# the import.
SAID = b"Executing op "
# These run graphs outside the eager runtime. A session that runs none is left by scripts that set a GPU's memory.
ELSEWHERE = (
    *(f"tensorflow.python.client.session.BaseSession.{name}" for name in (
        "run", "partial_run", "partial_run_setup", "make_callable", "_make_callable_from_options", "_run", "_do_run",
        "_do_call", "_call_tf_sessionrun", "_call_tf_sessionprun",
    )),
    "tf.lite.Interpreter",
)  # fmt: skip


def tensor_types() -> list[type]:
    """The classes of tensors, whose methods a rule may forbid."""
    return [getattr(ops, n) for n in ("EagerTensor", "SymbolicTensor") if hasattr(ops, n)]


class Watch:
    """Reports every executed operator that one of `patterns` matches (regular expressions by family)."""

    def __init__(self, patterns: Mapping[str, Pattern[str]], autograd: bool, guard: Any) -> None:  # noqa: ARG002
        self.guard, self.patterns = guard, patterns
        self.heard = self._proved = 0
        # The family of each operator that was looked up, or "".
        self._simple: dict[bytes, str] = {}
        self._read: set[str] = set()
        self.works = self._register()
        trap.install(ELSEWHERE, True, tensor_types(), guard)

    def _register(self) -> bool:
        """Start to listen. False if this TensorFlow does not log the operators."""
        if self.guard.undo is None:
            # In a worker. Kept alive without a reference that Python code can find.
            lasting = LISTENER(self.listen)
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(lasting))
            taken = _register(lasting)
        else:
            HEARING.append(self)
            self.guard.undo.append(partial(HEARING.remove, self))
            taken = _registered()
        if not taken:
            return False
        tf.raw_ops.NoOp()
        return self.heard > 0

    def listen(self, said: bytes) -> None:
        """Judge one line of the log."""
        if said[:13] != SAID:
            return
        self.heard += 1
        name = said[13 : said.find(b" ", 13)]
        family = self._simple.get(name)
        if family is None:
            family = self._look_up(name)
        if family and self.guard.forbids(family):
            self.guard.report(f"the operator {self._shown(name, family)} ({family})")

    def _look_up(self, name: bytes) -> str:
        operator = name.decode("utf-8", "replace")
        family = self._family(operator)
        if not family and context.context().has_function(name):
            family = self._in_graphs()  # a graph, which never changes under its name
        elif not family and _takes_graphs(operator):
            return self._in_graphs()  # another one each time
        self._simple[name] = family
        return family

    def _shown(self, name: bytes, family: str) -> str:
        operator = name.decode("utf-8", "replace")
        return operator if self._family(operator) == family else f"{self._found} in a graph"

    def _family(self, operator: str) -> str:
        return next((f for f, pattern in self.patterns.items() if pattern.search(operator)), "")

    def _in_graphs(self) -> str:
        """The family of a forbidden operator in any graph of the runtime, else ""."""
        here = context.context()
        for name in here.list_function_names():
            text = name.decode() if isinstance(name, bytes) else name
            if text.startswith("__wrapped__") or text in self._read:
                continue
            for node in here.get_function_def(text).node_def:
                family = self._family(node.op)
                if family:
                    self._found = node.op
                    return family
            self._read.add(text)
        return ""

    def arm(self, on: bool) -> None:
        """Nothing is refused only at times: a tape is known by its name."""

    def prove(self) -> None:
        """Check that the watch still works. Raises FromScratchRule if it does not."""
        if self.works and self.heard == self._proved:
            tf.raw_ops.NoOp()
            if self.heard == self._proved:
                eager = tf.compat.v1.executing_eagerly_outside_functions()
                what = "undoing the watch of operators" if eager else "turning eager execution off"
                raise self.guard.report(what)
        self._proved = self.heard


# The watches of a driver, one for each submission that is loaded there. A worker's watch is not among them.
HEARING: list[Watch] = []
LISTENER = ctypes.CFUNCTYPE(None, ctypes.c_char_p)


def _hear(said: bytes) -> None:
    for watch in HEARING:
        watch.listen(said)


# TensorFlow never forgets a listener. One that Python had freed would crash the process.
_DRIVERS = LISTENER(_hear)


@cache
def _registered() -> bool:
    """Register the driver's listener, once. False if this TensorFlow takes none."""
    return _register(_DRIVERS)


def _register(listener: Any) -> bool:
    library = Path(tf.__file__).parent / "python" / "_pywrap_tensorflow_internal.so"
    try:
        ctypes.CDLL(str(library)).TF_RegisterLogListener(listener)
    except (OSError, AttributeError):
        return False
    return True


def _takes_graphs(operator: str) -> bool:
    """Whether an operator takes graphs as attributes."""
    about = op_def_registry.get(operator)
    return about is not None and any(a.type in ("func", "list(func)") for a in about.attr)
