"""Untrusted archives, on the driver's side: a reader in a sandbox turns bytes into checked files."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path, PurePosixPath
from typing import Any

from katagrad.errors import SubmissionProblem
from katagrad.isolation.launcher import ROOT, worker_environment
from katagrad.isolation.sandbox import HOUSE, Sandbox, launcher
from katagrad.worker.unpack import (
    CPU_SECONDS,
    MAX_FILE,
    MAX_FILES,
    MAX_FOLDER,
    Unfit,
    check_name,
    left_out,
)

# Of the archive itself, as it was handed in.
MAX_ARCHIVE = 64 << 20
WALL_SECONDS = 20.0
MAX_LINE = 1 << 14
# SIGXCPU, with which a kernel ends what takes too long; not every system has it.
XCPU = 24
ENTRY = "import sys; sys.path.insert(0, {root!r}); from katagrad.worker.reader import main; main()"


# How files begin, by the reader that they need. Students rename what a system refuses.
BEGINNINGS = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"7z\xbc\xaf'\x1c": "7z",
    b"\x1f\x8b": "tar",
    b"BZh": "tar",
    b"\xfd7zXZ\0": "tar",
}
# How files begin that no reader is for, and what they are.
OTHERS = {
    b"Rar!": "a RAR archive; hand in a .zip",
    b"(\xb5/\xfd": "compressed with Zstandard; hand in a .zip",
    b"<!doctype": "a web page, perhaps one that asks to log in; download it again",
    b"<html": "a web page, perhaps one that asks to log in; download it again",
}


class Broken(Exception):
    """The reader stopped, or sent an answer that is not valid."""


class Reader:
    """A process that reads archives, in a sandbox where there is one. Use as a context manager.

    seconds: of wall time for one archive.
    """

    def __init__(self, seconds: float = WALL_SECONDS) -> None:
        self.seconds, self.late = seconds, False
        self.process: subprocess.Popen[bytes] | None = None

    def read(self, path: Path) -> dict[str, bytes]:
        """The files of an archive, by path. Raises SubmissionProblem, and OSError for a file that cannot be read."""
        with path.open("rb") as file:
            return self.read_bytes(path.name, file.read(MAX_ARCHIVE + 1))

    def read_bytes(self, name: str, data: bytes) -> dict[str, bytes]:
        """The files of an archive of that name. A notebook gives `notebook.py` and `about.json`."""
        if len(data) > MAX_ARCHIVE:
            raise SubmissionProblem(f"is larger than {MAX_ARCHIVE >> 20} MiB")
        kind = kind_of(name, data)
        while True:
            fresh = self.process is None
            try:
                return self._ask(kind, data)
            except Broken as reason:
                self.close()
                # What broke off may be the work of the archive before; a fresh process knew none.
                if fresh or self.late:
                    raise SubmissionProblem(str(reason)) from None
            except Unfit as reason:
                raise SubmissionProblem(str(reason)) from None
            except BaseException:
                self.close()
                raise

    def _ask(self, kind: str, data: bytes) -> dict[str, bytes]:
        process = self.process = self.process or _start()
        assert process.stdin is not None
        assert process.stdout is not None
        token = secrets.token_hex(16)
        self.late = False
        timer = threading.Timer(self.seconds, self._stop, (process,))
        timer.start()
        try:
            asked = {"token": token, "kind": kind, "size": len(data)}
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            process.stdin.write(data)
            process.stdin.flush()
            return _files(process.stdout, token)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, EOFError):
            if self.late:
                raise Broken(f"takes longer than {self.seconds:g} s to be read") from None
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = process.wait(1)
                if status == XCPU:
                    raise Broken(f"takes more than {CPU_SECONDS} s of processor time") from None
                raise Broken(f"ends the process that reads it (status {status})") from None
            raise Broken("makes no sense to the process that reads it") from None
        finally:
            timer.cancel()

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        self.late = True
        process.kill()

    def close(self) -> None:
        """End the process."""
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        process.wait()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def kind_of(name: str, data: bytes) -> str:
    """The reader that an archive or a notebook needs, by its content, else by its name. Raises SubmissionProblem."""
    named = PurePosixPath(name).suffix.lower().lstrip(".")
    if named == "ipynb":
        return named
    if data[257:262] == b"ustar":
        return "tar"
    head = data[:64].lstrip().lower()
    for beginning, what in OTHERS.items():
        if head.startswith(beginning.lower()):
            raise SubmissionProblem(f"is {what}")
    return next((kind for start, kind in BEGINNINGS.items() if data.startswith(start)), named)


def _start() -> subprocess.Popen[bytes]:
    found = launcher()
    # No site packages: the standard library is all that most archives need.
    python = [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c"]
    # For 7z and notebooks alone, whose readers are packages.
    packages = json.dumps([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    if isinstance(found, Sandbox):
        uid = found.settings(Path("/"))["uid"]
        command = [
            *python,
            ENTRY.format(root=HOUSE),
            packages,
            *([] if uid is None else [str(uid)]),
        ]
        seen = found.environment(Path("/"))
        return found.run(command, seen, stdin=pipe, stdout=pipe, stderr=nothing)
    command = [*python, ENTRY.format(root=str(ROOT)), packages]
    seen = worker_environment("/")
    return subprocess.Popen(
        command, env=seen, stdin=pipe, stdout=pipe, stderr=nothing, start_new_session=True
    )


def _files(pipe: Any, token: str) -> dict[str, bytes]:
    """Read frames up to the last, and check them again: who wrote them has met a stranger's bytes."""
    files: dict[str, bytes] = {}
    total = 0
    while True:
        line = pipe.readline(MAX_LINE)
        if not line.endswith(b"\n"):
            raise EOFError
        frame = json.loads(line)
        if frame["token"] != token:
            raise ValueError("a frame of another archive")
        if "end" in frame:
            if frame["end"]:
                raise Unfit(str(frame["end"]))
            return files
        name, size = str(frame["name"]), int(frame["size"])
        path = PurePosixPath(name)
        total += size
        if not 0 <= size <= MAX_FILE or total > MAX_FOLDER or len(files) >= MAX_FILES:
            raise ValueError("more than was agreed")
        if path.is_absolute() or ".." in path.parts or left_out(path):
            raise ValueError("a path that was to be left out")
        try:
            check_name(path)
        except Unfit as reason:
            raise SubmissionProblem(str(reason)) from None
        content = pipe.read(size)
        if len(content) < size:
            raise EOFError
        if files.setdefault(name, content) != content:
            raise SubmissionProblem(f"holds {name!r} twice, with different content")
