"""The watch of PyTorch's operators: what a rule bars is taken out of the dispatcher, for every thread and spelling.

Each barred operator gets a kernel that raises in place of its own, on every key that has one. `torch.x`, `Tensor.x`,
`torch.ops`, TorchScript, traces, `vmap`, autograd's threads and C++ itself come to an operator through the dispatcher,
and a redispatch to the CPU's key finds the raising kernel, too. Operators that no rule bars cost what they did.
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
# What backward passes are made of: any that ends in a sum or holds a product runs one of them inside a node of the
# graph, which shows that autograd is at work, whoever asked for it. None takes a plain number for a tensor, which
# `redispatch` would refuse.
BACKWARD = (
    "mm", "bmm", "mv", "dot", "addmm", "baddbmm", "sum.dim_IntList", "expand", "threshold_backward", "select_backward",
    "slice_backward", "masked_scatter_backward", "value_selecting_reduction_backward", "cumsum",
)  # fmt: skip
# PyTorch's operators once more, written in Python from smaller ones.
PYTHONS_OWN = ("_refs", "_refs.nn.functional", "_refs.special", "_prims", "_decomp.decompositions",
    "_decomp")  # fmt: skip


# All that PyTorch has registered. A server reads them before its first fork.
OPERATORS = tuple(sorted(torch._C._dispatch_get_all_op_names()))


@cache
def found_by(pattern: Pattern[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The operators that `pattern` finds, each with the keys that have a kernel of it."""
    has = torch._C._dispatch_has_kernel_for_dispatch_key
    names = [name for name in OPERATORS if pattern.search(name.partition(".")[0])]
    return tuple((name, tuple(key for key in KEYS if has(name, key))) for name in names)


@cache
def pythons_own(pattern: Pattern[str]) -> tuple[str, ...]:
    """The functions that `pattern` finds among PyTorch's operators in Python, as far as they are loaded."""
    places = [f"torch.{place}" for place in PYTHONS_OWN if f"torch.{place}" in sys.modules]
    return tuple(
        f"{p}.{n}" for p in places for n in vars(sys.modules[p]) if pattern.search(f"::{n}")
    )


def prepare() -> None:
    """Find the operators of every family, so that a fork finds them found."""
    for family in torch_families.FAMILIES.values():
        if family.operators:
            found_by(re.compile(family.operators))
            pythons_own(re.compile(family.operators))


def tensor_types() -> list[type]:
    """The classes of tensors, whose methods a rule may bar."""
    return [torch.Tensor]


class Watch:
    """Raising kernels in place of those that `patterns` (regular expressions by family) find."""

    def __init__(self, patterns: Mapping[str, Pattern[str]], autograd: bool, guard: Any) -> None:
        self.guard = guard
        self._barred: list[tuple[str, list[str]]] = []
        self._libraries: dict[str, Any] = {}
        originals, done = bool(guard.rules.only), set[str]()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a kernel is replaced, which is the point
            for family, pattern in patterns.items():
                for name, keys in found_by(pattern):
                    if name not in done:
                        done.add(name)
                        self._bar(name, keys, family, originals)
            for name in BACKWARD if autograd else ():
                self._look(f"aten::{name}")
        self._libraries.clear()
        self._bar_pythons_own(patterns)

    def _bar(self, name: str, keys: Iterable[str], family: str, originals: bool) -> None:
        space, _, rest = name.partition("::")
        done = False
        for key in keys:
            original = _kernel(name, key) if originals else None
            if originals and original is None:
                continue  # of an older PyTorch: what may run in other functions cannot be put back
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
        """Have an operator tell whether autograd called it; its own kernel runs all the same."""
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
        """The registrations in a namespace, held for the life of the process where no walk over objects finds them."""
        if space not in self._libraries:
            self._libraries[space] = torch._C._dispatch_library("IMPL", space, "")
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._libraries[space]))
        return self._libraries[space]

    def prove(self) -> None:
        """Show that the watch still works, by one operator of those that it bars. Raises FromScratchRule if not."""
        if self._barred:
            name, told = random.choice(self._barred)
            if _kernels(name) != told:
                raise self.guard.report("undoing the watch of operators")


def _kernels(name: str) -> list[str]:
    """What the dispatcher says of the kernels of an operator; those for Meta change when PyTorch imports its own."""
    lines = torch._C._dispatch_dump(name).splitlines()
    return [line for line in lines if line.startswith(PROVED)]


def _kernel(name: str, key: str) -> Callable[..., Any] | None:
    """The kernel that an operator has now, as a function."""
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
