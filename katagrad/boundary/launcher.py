"""How worker processes are started: plainly here, inside a sandbox by `katagrad.sandbox`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[2]
ENTRY = "import sys; sys.path.insert(0, {root!r}); from katagrad.worker.server import main; main()"


class Launcher(Protocol):
    """How a worker process is started: plainly, or inside a sandbox."""

    name: str
    alone: bool  # whether the process has a PID namespace of its own

    def command(self, python: Sequence[str], folder: Path) -> list[str]:
        """The command that runs `python`, arguments for an interpreter, with `folder` as its temporary folder."""

    def environment(self, folder: Path) -> dict[str, str]:
        """The environment of that command."""


class PlainLauncher:
    """Isolation level "process": a process with limits, and nothing hidden from it."""

    name = "process"
    alone = False

    def command(self, python: Sequence[str], folder: Path) -> list[str]:
        """The interpreter that runs the driver, deaf to PYTHON* variables and to user packages."""
        entry = ENTRY.format(root=str(ROOT))
        return [sys.executable, "-I", "-B", "-X", "utf8", "-c", entry, *python]

    def environment(self, folder: Path) -> dict[str, str]:
        """Only what a framework needs; the driver's variables stay with the driver."""
        return worker_environment(str(folder))


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
    # hash-dependent order would make training, and so scores, differ between runs
    fixed = {"PYTHONHASHSEED": "0", "LANG": "C.UTF-8", "USER": "student"}
    return {**given, **hidden, **quiet, **fixed, "TMPDIR": folder, "TEMP": folder, "HOME": folder}
