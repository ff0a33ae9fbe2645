"""The worker's adapter for benchmarks of plain Python and NumPy. It serves no topic."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

NAME = "numpy"
TENSOR = "numpy.ndarray"
KEEPS_A_POOL = False
LAYOUTS: dict[str, tuple[int, ...]] = {}
OPERATIONS: dict[str, Any] = {}
# Floats that a measured copy moves. Small copies are repeated, so that waiting takes a small part.
LARGE = 1 << 22


def preload() -> None:
    """Nothing has to be imported before the fork."""


def preload_late() -> None:
    """Nothing has to be imported later, either."""


def versions() -> dict[str, str]:
    """Names and versions of the libraries that compute the results."""
    return {"numpy": np.__version__}


def configure(threads: int, device: str = "cpu") -> None:
    """The environment sets the threads of NumPy's library before it is imported. There is no other device."""


def without_compiler() -> None:
    """Do nothing. No compiler is used."""


def seed(number: int) -> None:
    """Seed NumPy's global generator."""
    np.random.seed(number)  # noqa: NPY002  the generator that a project's code may use


def tensor(array: np.ndarray) -> np.ndarray:
    """An array that may be written."""
    return array if array.flags.writeable else array.copy()


def is_tensor(value: Any) -> bool:
    """Whether `value` is an array."""
    return isinstance(value, np.ndarray)


def numpy(value: np.ndarray) -> np.ndarray:
    """The array itself."""
    return value


def waits(model: Any) -> bool:  # noqa: ARG001
    """NumPy has no models."""
    return False


def parameters(value: Any) -> None:  # noqa: ARG001
    """None: there are no models."""
    return


def synchronize() -> None:
    """Nothing runs beside the interpreter."""


def touch(value: np.ndarray) -> None:
    """An array is computed when it is there."""


def compiled(function: Any) -> Any:
    """NumPy compiles nothing."""
    raise ValueError(
        f"there is nothing that compiles {getattr(function, '__name__', function)}: it uses NumPy; leave out the mode"
    )


def traces(function: Any) -> int:  # noqa: ARG001
    """Nothing is ever compiled."""
    return 0


def ceiling_work(kind: str, size: int) -> tuple[Callable[[], Any], float]:
    """(a function that does the work once, the amount of work): see `katagrad.worker.timing.ceiling`."""
    generator = np.random.default_rng(0)
    if kind == "matmul":
        a, b = (generator.standard_normal((size, size), np.float32) for _ in range(2))
        out = np.empty_like(a)
        return lambda: np.matmul(a, b, out=out), 2.0 * size**3
    source = generator.standard_normal(size, np.float32)
    target = np.empty_like(source)
    times = max(1, LARGE // size)

    def copies() -> np.ndarray:
        for _ in range(times):
            np.copyto(target, source)
        return target

    return copies, 2.0 * source.itemsize * size * times


def devices() -> list[str]:
    """NumPy uses no GPU."""
    return []


def precision(name: str) -> None:
    """Only float32 means anything here: arrays have the type that they have."""
    if name != "float32":
        raise ValueError(f"NumPy has no precision {name}")


def device_memory(reset: bool = False) -> tuple[int, int] | None:  # noqa: ARG001
    """None: everything is on the CPU."""
    return None


def hardware() -> dict[str, Any]:
    """The library that computes products, where NumPy knows it."""
    config = importlib.import_module("numpy").show_config(mode="dicts")
    blas = (config or {}).get("Build Dependencies", {}).get("blas", {})
    return {"build": [f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()]}
