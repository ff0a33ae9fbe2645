"""The `bench` of a project of one's own: functions by name in a worker, timed as solutions are."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
import pytest

from katagrad.bench import pairs
from katagrad.bench.fixture import Timing
from katagrad.bench.own.names import place
from katagrad.bench.own.project import Code
from katagrad.bench.runner import TIMED, Runner, TimedLauncher
from katagrad.boundary.implementation import Implementation, Remote
from katagrad.boundary.process import Pool
from katagrad.boundary.transport import Transport
from katagrad.errors import Failure
from katagrad.text import article
from katagrad.worker.tree import DTYPES
from katagrad.worker.wire import Random

# Amounts of one call.
LEAST, MOST = 1e-30, 1e30
PLAIN = (bool, int, float, complex, str, bytes, slice, type(None))


class Lacking(Failure):
    """A part of the project that a benchmark needs is not in this checkout. module: the one that lacks it."""

    def __init__(self, found: dict[str, str]) -> None:
        super().__init__(found["lacks"])
        self.module = found["module"]


class OwnLauncher(TimedLauncher):
    """A worker with the environment of the user, whose own code it runs."""

    def environment(self, folder: Any) -> dict[str, str]:
        """The driver's variables, with the settings that a figure depends on."""
        timed = super().environment(folder)
        keep = {"HOME", "USER", "LANG", "TMPDIR", "TEMP", "PYTHONHASHSEED", "KERAS_HOME"}
        keep.add("KERAS_BACKEND")
        return {**timed, **os.environ, **{k: v for k, v in timed.items() if k not in keep}}


class OwnRunner(Runner):
    """The workers of one framework for the benchmarks of a project."""

    def __init__(self, framework: str, threads: int, device: str, quick: bool, mode: str) -> None:
        super().__init__(None, framework, threads, device, quick, mode)  # type: ignore[arg-type]

    def _pool(self, threads: int) -> Pool:
        launcher = OwnLauncher(threads, self.cache.name)
        return Pool(TIMED, launcher, threads=threads, device=self.device)


class ProjectTransport(Transport):
    """Keeps a worker in which a file of benchmarks is loaded, with the project on its path."""

    def _load(self, seconds: float) -> None:
        self.close()
        code: Code = self.source
        self.worker = self.pool.worker(code.framework)
        self.deadline = time.monotonic() + max(seconds, self.pool.limits.wall)
        try:
            found = self.request(
                "project",
                f"importing {code.file.as_posix()}",
                {
                    "root": str(code.project.root),
                    "paths": [str(path) for path in code.project.folders],
                    "others": list(code.project.others),
                    "module": code.module,
                    "file": str(code.project.root / code.file),
                    "source": code.source,
                },
            )
            if found:
                raise Lacking(found)
        except Failure as reason:
            self._unloadable = reason
            raise


class Objects(Implementation):
    """Sends what the worker can look up by name, and arrays in the type that they have."""

    def __init__(self, transport: Any, code: Code) -> None:
        super().__init__(transport)
        self._code = code
        self._found: dict[int, tuple[Any, Remote]] = {}

    def _send(self, value: Any) -> Any:
        if isinstance(value, Remote):
            return value._handle
        if isinstance(value, (Random, *PLAIN)):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, np.ndarray) and value.dtype.name in DTYPES:
            return np.asarray(value)
        if type(value) in (list, tuple):
            return type(value)(self._send(item) for item in value)
        if type(value) is dict:
            return {key: self._send(item) for key, item in value.items()}
        return self.find(value)._handle

    def find(self, value: Any) -> Remote:
        """The worker's object of the same name. Raises Failure if it has no name that can be imported."""
        if isinstance(value, Remote):
            return value
        if hasattr(value, "__remote__"):
            of, name = value.__remote__
            raise Failure(
                f"{of._of}.{name} stays in the worker: time it with bench.time, or read it with .get({name!r})"
            )
        if id(value) in self._found:
            return self._found[id(value)][1]
        module, name = place(value, self._code)
        answer = self._ask("find", name, module=module, name=name)
        if isinstance(answer, dict):
            raise Lacking(answer)
        made: Remote = answer
        self._found[id(value)] = value, made  # `value` is kept, so that its id stays its own
        return made


class OwnBench(Timing):
    """The argument `bench` of a benchmark: `bench.time(function, *arguments)`, or `bench(function, *arguments)`."""

    topic: Code  # type: ignore[assignment]

    def __init__(self, benchmark: Any, runner: Runner, code: Code, name: str) -> None:
        super().__init__(benchmark, runner, code, name, None)  # type: ignore[arg-type]
        self.timed = False
        self.impl: Objects = Objects(self.transport, code)

    def _transport(self) -> Transport:
        return ProjectTransport(self.runner.pool, self.topic)

    def _about(self) -> dict[str, str]:
        return {"topic": self.topic.name, "project": self.topic.project.root.name}

    def call(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function in the worker beforehand: it is not timed.

        A number or a text is returned. Anything else stays in the worker and is returned as a Remote, which can
        be timed, called, or passed on.
        """
        target = self.impl.find(function)
        return self.impl._ask(
            "produce",
            target._of,
            target=(target._handle, ""),
            args=[self.impl._send(a) for a in args],
            kwargs={key: self.impl._send(value) for key, value in kwargs.items()},
        )

    def time(
        self, target: Any, *args: Any, items: float = 1.0, unit: str = "calls", **settings: Any
    ) -> None:
        """Time one call of `target`: a function, what `call` returned, or (one of these, a method's name).

        Arrays become tensors of the framework that the file uses. items, unit: what one call processes, for example
        256 and "rows". flops, bytes: of one call, if known. backward, wrt, output, exhaust, against: see
        `katagrad.bench.fixture.Timing.time`; `against` may also be another function with the same arguments.
        """
        if self.timed:
            raise Failure(
                "a benchmark times one call, so that it has one figure: write another function for the second, or "
                "parametrise this one"
            )
        self.timed = True
        settings = {"items": items, "unit": unit, **settings}
        _check(settings)
        if self.runner.framework == "numpy":
            if settings.get("backward"):
                raise Failure(
                    "backward=True needs a framework's gradient, and this file imports none"
                )
            if self.runner.mode != "eager":
                pytest.skip("NumPy: there is nothing to compile")
        target = getattr(target, "__remote__", target)  # a method of what stays in the worker
        several = isinstance(target, tuple) and len(target) == 2 and isinstance(target[1], str)
        remote = self.impl.find(target[0] if several else target)
        if not several and not remote._handle.callable:
            raise Failure(
                f"{remote._of} gave {article(remote.type_name)}, which cannot be called: time a function, or let the "
                "function for bench.call return one, as in `return lambda: step(batch)`"
            )
        super().time((remote, target[1]) if several else remote, *args, **settings)

    __call__ = time

    def _rival(self, against: Any, call: dict[str, Any], how: dict[str, Any]) -> pairs.Side:
        if against == "compiled" and self.runner.framework == "numpy":
            raise Failure('against="compiled" needs a framework, and this file imports none')
        if against == "compiled":
            return pairs.rival(self, against, call, how)
        if isinstance(against, str):
            raise Failure(
                f'against={against!r} is unknown here; give "compiled", or a function with the same arguments'
            )
        other = self.impl.find(against)
        handle, _, warm = self._ask(
            "prepare",
            call={**call, "target": (other._handle, "")},
            sets=pairs.SETS,
            mode=self.runner.mode,
        )
        return pairs.Side(lambda n: float(self._ask("block", handle=handle, count=n)), warm)

    def _against(self, against: Any) -> str:
        if isinstance(against, str):
            return super()._against(against)
        return str(getattr(against, "__name__", getattr(against, "_of", against)))


def _check(settings: dict[str, Any]) -> None:
    """Raise Failure for amounts that are no positive numbers: their figures would mean nothing."""
    for name in ("items", "flops", "bytes"):
        value: Any = settings.get(name)
        if value is None and name != "items":
            continue
        number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        # The page shows no figure beyond these, and a float does not hold every integer.
        if not number or not LEAST < value < MOST:
            shown = f"beyond {MOST:g}" if number and value >= MOST else repr(value)
            raise Failure(f"{name} is {shown}, but should be a positive number, of one call")
        settings[name] = value.item() if isinstance(value, np.number) else value
    if not isinstance(settings["unit"], str):
        raise Failure(f'unit is {settings["unit"]!r}, but should be a text such as "rows"')
