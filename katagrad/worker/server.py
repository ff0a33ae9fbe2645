"""The warm server: imports one framework once, then forks a child for each submission's topic.

The driver speaks to it over a control socket of packets of JSON: {"op": "fork"} with two descriptors
(the child's connection, the file that its prints go to), {"op": "end"} and {"op": "stop"}. The child
speaks to the driver directly. One child lives at a time.

Without fork, `spawned` serves one submission in a process of its own.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from katagrad.worker import limits as kernel
from katagrad.worker.limits import Limits
from katagrad.worker.session import Session, enter, limits_from
from katagrad.worker.wire import Connection

ADAPTERS = {"torch": "katagrad.worker.for_torch", "tensorflow": "katagrad.worker.for_tensorflow"}


def adapter_for(framework: str) -> Any:
    """Import the adapter of a framework, and the framework with it."""
    return importlib.import_module(ADAPTERS[framework])


def serve(framework: str, control_fd: int, threads: int, alone: bool) -> None:
    """Run the server until the driver goes away. alone: no other process lives in this PID namespace."""
    control = socket.socket(fileno=control_fd)
    adapter = adapter_for(framework)
    adapter.preload()
    gc.collect()
    gc.freeze()  # the collector of a child leaves the shared pages alone
    kernel.prctl(
        kernel.PR_SET_DUMPABLE, 0
    )  # a child can neither trace this process nor read its memory
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)  # what a child leaves behind becomes ours to end
    control.send(json.dumps({"ready": os.getpid(), "versions": adapter.versions()}).encode())
    child = 0
    while True:
        packet, fds, _, _ = socket.recv_fds(control, 65536, 4)
        request = json.loads(packet) if packet else {"op": "stop"}
        if request["op"] == "fork":
            child = os.fork()
            if child == 0:
                control.close()
                _child(adapter, threads, limits_from(request["limits"]), *fds)
            for fd in fds:
                os.close(fd)
            control.send(json.dumps({"pid": child}).encode())
        else:
            ended = _end(child, alone) if child else {}
            child = 0
            if request["op"] == "stop":
                return
            control.send(json.dumps(ended).encode())


def _child(adapter: Any, threads: int, limits: Limits, connection_fd: int, output_fd: int) -> None:
    status = 0
    try:
        os.setsid()
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # the framework reads its own /proc/self
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        home = Path(tempfile.mkdtemp(prefix="submission-"))
        enter(home, output_fd)
        os.close(output_fd)
        kernel.apply(limits)
        adapter.configure(threads)
        Session(adapter, home).serve(Connection(socket.socket(fileno=connection_fd)))
    except BaseException:
        status = 70
    finally:
        os._exit(status)


def _end(child: int, alone: bool) -> dict[str, Any]:
    """End a child and all that it started, and empty the temporary folder."""
    status, usage, left = 0, None, 0
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        _, status, usage = os.wait4(child, 0)
    left = _end_rest(alone)
    _empty(Path(tempfile.gettempdir()))
    told = {"status": status, "left": left}
    return (
        told
        if usage is None
        else {**told, "peak": usage.ru_maxrss * 1024, "cpu": usage.ru_utime + usage.ru_stime}
    )


def _end_rest(alone: bool) -> int:
    """Kill what a child left behind; returns how many processes that were."""
    seen: set[int] = set()
    for _ in range(1000):
        if alone:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(-1, signal.SIGKILL)
        below = _children()
        seen.update(below)
        for pid in below:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return len(seen)
        time.sleep(0.001)
    return len(seen)


def _children() -> list[int]:
    """Our direct children, orphans that came to us among them."""
    try:
        return [
            int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        ]
    except OSError:
        return []


def _empty(folder: Path) -> None:
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            _reach(Path(entry.path))
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                os.unlink(entry.path)


def _reach(folder: Path) -> None:
    """Make folders that a submission locked removable again."""
    for path, names, _ in os.walk(folder):
        for name in [".", *names]:
            with contextlib.suppress(OSError):
                if not os.path.islink(os.path.join(path, name)):
                    os.chmod(os.path.join(path, name), 0o700)


def spawned(
    framework: str,
    connection: socket.socket,
    output: int | None,
    threads: int,
    device: str,
    limits: Limits,
) -> None:
    """Serve one submission in this process: where there is no fork, and on a GPU."""
    adapter = adapter_for(framework)
    home = Path(tempfile.mkdtemp(prefix="submission-"))
    enter(home, output)
    kernel.apply(limits)
    adapter.configure(threads, device)
    Session(adapter, home).serve(Connection(connection))


def main() -> None:
    """Start as the one argument, a JSON object, says."""
    told = json.loads(sys.argv[1])
    if told["mode"] == "serve":
        serve(told["framework"], told["control"], told["threads"], told["alone"])
        return
    if told["mode"] == "loopback":
        connection = socket.create_connection(("127.0.0.1", told["port"]), timeout=30)
        connection.sendall(bytes.fromhex(sys.stdin.readline().strip()))
        output = (
            None
            if told.get("output") is None
            else os.open(told["output"], os.O_WRONLY | os.O_APPEND)
        )
    else:
        connection, output = socket.socket(fileno=told["connection"]), told["output"]
    limits = limits_from(told["limits"])
    spawned(told["framework"], connection, output, told["threads"], told["device"], limits)
    os._exit(0)  # threads that a submission left running do not keep the process
