"""The process that reads archives of strangers where they can do no harm: under limits, in a sandbox, alone.

The driver sends a line of JSON, {"token", "kind", "size"}, and the archive's bytes. For each archive a child is
forked, which answers with frames: a line {"token", "name", "size"} and the file's bytes, as often as there are
files, then {"token", "end": ""} or {"token", "end": PROBLEM}. A token is known to no child but the one that it is
for. Where a child ends otherwise, this process ends, too, and the driver starts another.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
from typing import Any, BinaryIO

from katagrad.worker import limits as kernel
from katagrad.worker.limits import Limits
from katagrad.worker.unpack import CPU_SECONDS, MEMORY, Unfit, unpack

# What reads a kind, and what is loaded for it once, before any child meets a stranger's bytes.
READERS = {
    "7z": ("py7zr", "katagrad.worker.sevenzip"),
    "ipynb": ("nbformat", "katagrad.worker.notebook"),
}


def prepare(kind: str, packages: list[str]) -> None:
    """Import the reader of a kind. packages: folders of installed packages, which only such a reader needs."""
    if kind not in READERS:
        return
    sys.path += [folder for folder in packages if folder not in sys.path]
    for name in READERS[kind]:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def why(error: BaseException) -> str:
    """What is wrong with an archive, by the exception that reading it raised; goes on after its name."""
    detail = str(error)[:300]
    if isinstance(error, Unfit):
        return str(error)
    if isinstance(error, MemoryError):
        return f"needs more than {MEMORY >> 20} MiB of memory to be read"
    if isinstance(error, RecursionError):
        return "is damaged (its headers have no end)"
    if isinstance(error, ModuleNotFoundError):
        return f"needs {error.name} to be read; the course runs: pip install 'katagrad[course]'"
    if isinstance(error, NotImplementedError):
        return f"cannot be read here ({detail}); hand in an ordinary .zip"
    return f"is damaged ({detail or type(error).__name__})"


def answer(asked: dict[str, Any], data: bytes, out: BinaryIO) -> None:
    """Write the frames of one archive."""

    def say(**frame: Any) -> None:
        out.write(json.dumps({"token": asked["token"], **frame}).encode() + b"\n")

    problem = ""
    try:
        for name, content in unpack(asked["kind"], data):
            say(name=name, size=len(content))
            out.write(content)
    except Exception as error:
        problem = why(error)
    say(end=problem)
    out.flush()


def main() -> None:
    """Answer until the driver closes the pipe. argv: folders of packages, as JSON; the user to become, or nothing."""
    source, out = sys.stdin.buffer, sys.stdout.buffer
    packages = json.loads(sys.argv[1]) if sys.argv[1:] else []
    kernel.become(int(sys.argv[2]) if sys.argv[2:] else None)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    while line := source.readline():
        asked = json.loads(line)
        prepare(asked["kind"], packages)
        data = source.read(asked["size"])
        if not hasattr(os, "fork"):
            answer(asked, data, out)
            continue
        child = os.fork()
        if child == 0:
            os.close(0)
            # The decoder of PPMd, one of 7z's methods, is a thread, and waits for ever where it gets none.
            threads = 2 if asked["kind"] == "7z" else 0
            kernel.apply(Limits(cpu=CPU_SECONDS, memory=MEMORY, processes=threads, file=0))
            answer(asked, data, out)
            os._exit(0)
        del data
        _, status = os.waitpid(child, 0)
        if status:
            os._exit(abs(os.waitstatus_to_exitcode(status)))
