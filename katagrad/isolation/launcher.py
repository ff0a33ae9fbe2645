"""Start worker processes without a sandbox. `katagrad.isolation.sandbox` starts them in one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parents[2]
# The working folder, which is empty in sys.path, must not be searched for modules.
ENTRY = (
    "import sys; sys.path[:] = [{root!r}, *filter(None, sys.path)]; "
    "from katagrad.worker.server import main; main()"
)
# Not -I, which ignores PYTHONHASHSEED, too. `own_settings` leaves out what else -I would ignore.
OPTIONS = ("-s", "-B", "-X", "utf8", "-c")


class Launcher(Protocol):
    """How a worker process is started: plainly, or inside a sandbox."""

    name: str
    # Whether the process has a PID namespace to itself.
    alone: bool

    def settings(self, folder: Path) -> dict[str, Any]:
        """Settings of the worker: `alone`, the `uid` to switch to, the `writable` folders to clean."""

    def environment(self, folder: Path) -> dict[str, str]:
        """Environment variables of a worker. folder: its folder, as the driver sees it."""

    def start(
        self,
        python: Sequence[str],
        folder: Path,
        fds: Sequence[int],
        environment: dict[str, str] | None = None,
        **streams: Any,
    ) -> subprocess.Popen[bytes]:
        """Start an interpreter with the arguments `python`, which inherits `fds`."""


class PlainLauncher:
    """Isolation level "process": a process with limits that sees the whole system.

    weaker_because: why a stronger level is not available, if one was looked for.
    python: the interpreter with the framework. Default: the driver's interpreter.
    """

    name = "process"
    alone = False

    def __init__(self, weaker_because: str = "", python: str = "") -> None:
        self.weaker_because, self.python = weaker_because, python or sys.executable

    def settings(self, folder: Path) -> dict[str, Any]:
        """Settings of the worker."""
        return {"alone": False, "uid": None, "writable": [str(folder)]}

    def environment(self, folder: Path) -> dict[str, str]:
        """Only the variables that a framework needs. The driver's other variables are not passed on."""
        return worker_environment(str(folder))

    def start(
        self,
        python: Sequence[str],
        folder: Path,
        fds: Sequence[int],
        environment: dict[str, str] | None = None,
        **streams: Any,
    ) -> subprocess.Popen[bytes]:
        """Start an interpreter that ignores PYTHON* variables and user packages."""
        entry = ENTRY.format(root=str(ROOT))
        return subprocess.Popen(
            [self.python, *OPTIONS, entry, *python],
            env=own_settings({**self.environment(folder), **(environment or {})}),
            cwd=folder,
            pass_fds=fds,
            start_new_session=True,
            **streams,
        )


def worker_environment(folder: str, device: str = "cpu") -> dict[str, str]:
    """Environment variables of a worker whose temporary and home folder is `folder`."""
    kept = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "KATAGRAD_DEVICE")
    given = {name: os.environ[name] for name in kept if name in os.environ}
    hidden = {} if device != "cpu" else {"CUDA_VISIBLE_DEVICES": "-1"}
    quiet = {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERAS_BACKEND": "tensorflow",
        "KERAS_HOME": folder,
        "MPLBACKEND": "agg",
    }
    # An order that depends on hashes would make training, and so scores, differ between runs.
    fixed = {"PYTHONHASHSEED": "0", "LANG": "C.UTF-8", "USER": "student"}
    return {**given, **hidden, **quiet, **fixed, "TMPDIR": folder, "TEMP": folder, "HOME": folder}


def own_settings(environment: dict[str, str]) -> dict[str, str]:
    """The variables of `environment` without those that change how Python starts, except the seed of its hashes."""
    kept = ("PYTHONHASHSEED",)
    return {k: v for k, v in environment.items() if k in kept or not k.startswith("PYTHON")}
