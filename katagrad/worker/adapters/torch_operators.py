"""The watch of PyTorch's operators: forbidden operators are replaced in the dispatcher.

Each forbidden operator gets a kernel that raises, for every dispatch key that has a kernel. All calls go
through the dispatcher: `torch.x`, `Tensor.x`, `torch.ops`, TorchScript, traces, `vmap`, autograd's threads
and C++. A redispatch to the CPU key finds the raising kernel, too. Other operators are as fast as before.
"""

from __future__ import annotations

import ctypes
import random
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from re import Pattern
from typing import Any

import torch

from katagrad.worker.adapters import torch_families
from katagrad.worker.trap import install

KEYS = (
    "CPU", "CompositeImplicitAutograd", "CompositeExplicitAutograd", "CompositeExplicitAutogradNonFunctional",
    "MkldnnCPU", "SparseCPU", "SparseCsrCPU", "QuantizedCPU", "NestedTensorCPU",
    "CompositeImplicitAutogradNestedTensor",
    "Meta", "CUDA",
)  # fmt: skip
PROVED = tuple(key for key in KEYS if key != "Meta")
# Operators of backward passes. A backward pass that ends in a sum or contains a product runs one of them
# inside a node of the graph, which shows that autograd is running. None of them accepts a Python number
# in place of a tensor, which `redispatch` would refuse.
BACKWARD = (
    "mm", "bmm", "mv", "dot", "addmm", "baddbmm", "sum.dim_IntList", "expand", "threshold_backward", "select_backward",
    "slice_backward", "masked_scatter_backward", "value_selecting_reduction_backward", "cumsum",
)  # fmt: skip
# Modules in which PyTorch's operators are written in Python, from smaller ones.
PYTHONS_OWN = ("_refs", "_refs.nn.functional", "_refs.special", "_prims", "_decomp.decompositions",
    "_decomp")  # fmt: skip


# Sets what the engine asks for a compiler of backward passes, and returns what was set. None in a PyTorch without it.
_COMPILER = getattr(
    getattr(torch._C._dynamo, "compiled_autograd", None), "set_autograd_compiler", None
)

# All registered operators. A server reads them before its first fork.
OPERATORS = tuple(sorted(torch._C._dispatch_get_all_op_names()))


@cache
def found_by(pattern: Pattern[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The operators that `pattern` matches, each with the dispatch keys that have a kernel."""
    has = torch._C._dispatch_has_kernel_for_dispatch_key
    names = [name for name in OPERATORS if pattern.search(name.partition(".")[0])]
    return tuple((name, tuple(key for key in KEYS if has(name, key))) for name in names)


@cache
def pythons_own(pattern: Pattern[str]) -> tuple[str, ...]:
    """The functions that `pattern` matches in the loaded modules of PYTHONS_OWN."""
    places = [f"torch.{place}" for place in PYTHONS_OWN if f"torch.{place}" in sys.modules]
    return tuple(
        f"{p}.{n}" for p in places for n in vars(sys.modules[p]) if pattern.search(f"::{n}")
    )


def prepare() -> None:
    """Look up the operators of every family before the fork. The results are cached."""
    for family in torch_families.FAMILIES.values():
        if family.operators:
            found_by(re.compile(family.operators))
            pythons_own(re.compile(family.operators))


def tensor_types() -> list[type]:
    """The classes of tensors, whose methods a rule may forbid."""
    return [torch.Tensor]


class Watch:
    """Replaces the operators that `patterns` match (regular expressions by family) by raising kernels."""

    def __init__(self, patterns: Mapping[str, Pattern[str]], autograd: bool, guard: Any) -> None:
        self.guard = guard
        self._barred: list[tuple[str, list[str]]] = []
        self._libraries: dict[str, Any] = {}
        originals, done = bool(guard.rules.only), set[str]()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch warns that a kernel is replaced
            for family, pattern in patterns.items():
                for name, keys in found_by(pattern):
                    if name not in done:
                        done.add(name)
                        self._bar(name, keys, family, originals)
            for name in BACKWARD if autograd else ():
                self._look(f"aten::{name}")
        self._autograd = autograd
        self._libraries.clear()
        self._bar_pythons_own(patterns)

    def _bar(self, name: str, keys: Iterable[str], family: str, originals: bool) -> None:
        space, _, rest = name.partition("::")
        done = False
        for key in keys:
            original = _kernel(name, key) if originals else None
            if originals and original is None:
                continue  # in an older PyTorch: other functions could not call the original
            try:
                self._library(space).impl(rest, key, self._raising(name, family, original), False)
            except (RuntimeError, NotImplementedError):
                continue
            done = True
        if done:
            self._barred.append((name, _kernels(name)))

    def _raising(self, name: str, family: str, original: Callable[..., Any] | None) -> Any:
        guard = self.guard

        def barred(*args: Any, **kwargs: Any) -> Any:
            if original is not None and not guard.forbids(family):
                return original(*args, **kwargs)
            raise guard.report(f"the operator {name.split('.')[0]} ({family})")

        return barred

    def _look(self, name: str) -> None:
        """Make an operator report if autograd called it. Its kernel runs in any case."""
        space, _, rest = name.partition("::")
        schema, _, overload = rest.partition(".")
        operator = getattr(getattr(torch.ops.aten, schema, None), overload or "default", None)
        if operator is None or torch._C._dispatch_has_kernel_for_dispatch_key(
            name, "BackendSelect"
        ):
            return
        select = torch._C.DispatchKey.BackendSelect
        after, guard = torch._C._dispatch_keyset_full_after(select), self.guard

        def looked(keys: Any, *args: Any, **kwargs: Any) -> Any:
            if guard.forbids("autograd") and torch._C._current_autograd_node() is not None:
                raise guard.report("automatic differentiation (autograd)")
            return operator.redispatch(keys & after, *args, **kwargs)

        self._library(space).impl(rest, "BackendSelect", looked, True)

    def _bar_pythons_own(self, patterns: Mapping[str, Pattern[str]]) -> None:
        for pattern in patterns.values():
            install(pythons_own(pattern), True, tensor_types(), self.guard)

    def _library(self, space: str) -> Any:
        """The registrations in a namespace. Lasting ones are kept alive without a reference that Python can find."""
        if space not in self._libraries:
            self._libraries[space] = made = torch._C._dispatch_library("IMPL", space, "")
            if self.guard.undo is None:
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(made))
            else:
                self.guard.undo.append([made].clear)  # its end takes the kernels away
        return self._libraries[space]

    def arm(self, on: bool) -> None:
        """Refuse every run of the engine that differentiates, whoever starts it, or allow them again.

        The engine asks Python for a compiler of backward passes before it runs one. Here, that is a function which
        raises. Raises FromScratchRule if other code has replaced it.
        """
        if not self._autograd or _COMPILER is None:
            return
        held = _COMPILER(self._refuse if on else None, False)
        if not on and held[0] != self._refuse:
            raise self.guard.report("undoing the watch of operators")

    def _refuse(self) -> Any:
        raise self.guard.report("automatic differentiation (autograd)")

    def prove(self) -> None:
        """Check one forbidden operator, chosen at random. Raises FromScratchRule if it was changed back."""
        if self._barred:
            name, installed = random.choice(self._barred)
            if _kernels(name) != installed:
                raise self.guard.report("undoing the watch of operators")


def _kernels(name: str) -> list[str]:
    """The dispatcher's list of the kernels of an operator, without Meta, which PyTorch may change later."""
    lines = torch._C._dispatch_dump(name).splitlines()
    return [line for line in lines if line.startswith(PROVED)]


def _kernel(name: str, key: str) -> Callable[..., Any] | None:
    """The current kernel of an operator, as a function."""
    get = getattr(torch.library, "get_kernel", None)
    if get is None:
        return None
    shown = {"CompositeImplicitAutograd": "AutogradCPU"}.get(
        key, "CPU" if key.startswith("Composite") else key
    )
    try:
        kernel = get(name, shown)
    except RuntimeError:
        return None
    keys = torch._C.DispatchKeySet(getattr(torch._C.DispatchKey, shown))

    def call(*args: Any, **kwargs: Any) -> Any:
        return kernel.call_boxed(keys, *args, **kwargs)

    return call
