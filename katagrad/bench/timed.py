"""One run of the topics' benchmarks in a pytest of its own, for commands that make a table of the results."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from katagrad.bench.files import Results, load
from katagrad.topics import root


def timed(arguments: Sequence[str], written: Path) -> tuple[Results | None, list[str]]:
    """(the results, which pytest writes to `written`; what was wrong, the reason first, or what pytest said last).

    arguments: options of pytest and of the benchmarks, and what to run, below the folder of the topics.
    """
    command = [sys.executable, "-m", "pytest", "-q", "--import-mode=importlib"]
    for name in ("katagrad.pytest_plugin.plugin", "katagrad.bench.plugin", "no:cacheprovider"):
        command += ["-p", name]
    command += [f"--rootdir={root()}", f"--benchmark-json={written}", *arguments]
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=root(), env=plain, capture_output=True, text=True)
    found, problems = load(written) if written.is_file() else (None, [])
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    # The last line may be about a file that was not written, or a warning.
    named = [line.removeprefix("ERROR: ") for line in said if line.startswith(("ERROR", "E   "))]
    return found, [*problems, *(named[:1] or said[-1:] or ["pytest printed nothing"])]
