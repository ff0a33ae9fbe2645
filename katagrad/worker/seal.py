"""Keep a submission from running other programs.

What a submission computes is watched in its own process: operators, names and imports. Another
program, such as a second Python, would compute unwatched and send the answer back. Where Linux
filters system calls, the kernel refuses to run any. Elsewhere, an audit hook refuses Python's ways.
A process that is forked is watched like its parent, so forking stays allowed.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import os
import platform
import sys
from typing import Any

from katagrad.worker import bpf
from katagrad.worker.limits import PR_SET_NO_NEW_PRIVS, prctl

EXECUTES: tuple[bpf.Numbers, ...] = ((59, 221), (322, 281))  # execve, execveat
X32 = 0x3FFFFFFF  # calls above it are those of another ABI, with other numbers
SECCOMP: bpf.Numbers = (317, 277)
SET_MODE_FILTER, ALL_THREADS = 1, 1
EVENTS = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn"}
# Where the kernel refuses, os.system does no more than return a status, which most callers ignore.
SILENT = {"os.system", "os.startfile"}
REFUSED = "a submission cannot run another program: it is judged by what runs in its own process"
SPAWNED = 'multiprocessing can only fork here: leave its start method as it is, or ask for "fork"'


class ProgramRefused(PermissionError, FileNotFoundError):
    """A submission called another program. Scripts that can do without it expect one error or the other."""


class _Program(ctypes.Structure):
    """struct sock_fprog: how many instructions, and where they are."""

    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def close() -> bool:
    """Refuse programs to this process and all that it starts, for good. Returns whether the kernel does it.

    Python's own ways to run a program raise ProgramRefused with a reason. For all others, the
    system call fails with EPERM, and `os.system` returns the status of a failure.
    """
    closed = bpf.supported() and _by_the_kernel(platform.machine())
    refused = EVENTS if closed else EVENTS | SILENT

    def audit(event: str, args: tuple[Any, ...]) -> None:  # noqa: ARG001
        if event in refused:
            raise ProgramRefused(errno.EPERM, REFUSED)

    sys.addaudithook(audit)
    if closed:
        starts: Any = importlib.import_module("_posixsubprocess")
        starts.fork_exec = _without_spawning(starts.fork_exec)
    return closed


def _without_spawning(plain: Any) -> Any:
    """What multiprocessing starts a Python with, without any event. Refuses all but its tracker of resources.

    The kernel refuses both in the child alone. Shared memory can do without the tracker, but the others wait for
    an answer, find a broken pipe, or go on as if the work were done.
    """

    def fork_exec(words: Any, programs: Any, close_fds: Any, kept: Any, *more: Any) -> Any:
        if not any("resource_tracker" in str(word) for word in words):
            raise ProgramRefused(errno.EPERM, f"{REFUSED}; {SPAWNED}")
        _without_tracker(kept)
        return plain(words, programs, close_fds, kept, *more)

    return fork_exec


def _without_tracker(kept: Any) -> None:
    """Let multiprocessing go on although its tracker cannot start: the first message is not read, others are not sent.

    Without a reader, the first message raises BrokenPipeError as soon as the refused child is gone.
    """
    os.dup(max(kept))  # standard error, and the end of the pipe that the tracker would read
    tracker: Any = importlib.import_module("multiprocessing.resource_tracker")
    tracker._resource_tracker._send = lambda *_: None


def program(machine: str) -> bytes:
    """The filter as an array of struct sock_filter. Raises KeyError for an unknown machine."""
    refuse = bpf.ERRNO | errno.EPERM
    return bpf.packed(
        [
            *bpf.of_machine(machine),
            (bpf.JUMP_ABOVE, 0, 1, X32),
            (bpf.RETURN, 0, 0, refuse),
            *bpf.answered(refuse, EXECUTES, machine),
            (bpf.RETURN, 0, 0, bpf.ALLOW),
        ]
    )


def _by_the_kernel(machine: str) -> bool:
    """Install the filter in every thread of this process."""
    content, number = program(machine), SECCOMP[bpf.column(machine)]
    code = _Program(len(content) // 8, content)
    try:
        call = ctypes.CDLL(None, use_errno=True).syscall
    except (OSError, AttributeError):
        return False
    done = prctl(PR_SET_NO_NEW_PRIVS, 1) and not call(
        number, SET_MODE_FILTER, ALL_THREADS, ctypes.byref(code)
    )
    return bool(done)
