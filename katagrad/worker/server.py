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
import select
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from katagrad.worker import limits as kernel
from katagrad.worker import watch
from katagrad.worker.imports import close_loaded
from katagrad.worker.limits import Limits
from katagrad.worker.session import Session, enter, limits_from
from katagrad.worker.tidy import Tidy
from katagrad.worker.wire import Connection

END_SECONDS = 8.0  # in which all that a submission left must be gone; large processes die slowly
ADAPTERS = {
    "torch": "katagrad.worker.adapters.torch",
    "tensorflow": "katagrad.worker.adapters.tensorflow",
}


def adapter_for(framework: str) -> Any:
    """Import the adapter of a framework, and the framework with it."""
    collects = gc.isenabled()
    gc.disable()  # an import makes many objects and little garbage: collecting costs a seventh of it
    try:
        return importlib.import_module(ADAPTERS[framework])
    finally:
        if collects:
            gc.enable()


def serve(framework: str, told: dict[str, Any]) -> None:
    """Run the server until the driver goes away.

    told: `control`, the driver's socket; `threads`; `alone`, whether no other process lives in this PID
    namespace; `uid`, the user to become, or None; `writable`, the folders to keep empty.
    """
    control = socket.socket(fileno=told["control"])
    kernel.become(told["uid"])
    tidy = Tidy(told["writable"])
    gc.disable()  # until all is imported, as in adapter_for
    adapter = adapter_for(framework)
    adapter.preload()
    close_loaded(framework)
    tidy.restore()  # a framework writes settings and caches when it is imported
    gc.collect()
    gc.freeze()  # the collector of a child leaves the shared pages alone
    gc.enable()
    # A child can neither trace this process nor read its memory.
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)  # what a child leaves behind becomes ours to end
    control.send(json.dumps({"ready": os.getpid(), "versions": adapter.versions()}).encode())
    standing = kernel.standing()
    child, limits, reason = 0, Limits(), ""
    forks = 0
    while True:
        if child and not reason and not select.select([control], [], [], watch.EVERY)[0]:
            reason = watch.excess(told["alone"], limits, told["writable"])
            if reason:
                kill(child)
                _kill_rest(told["alone"])
            continue
        packet, fds, _, _ = socket.recv_fds(control, 65536, 4)
        request: dict[str, Any] = json.loads(packet) if packet else {"op": "stop"}
        if request["op"] == "fork":
            limits, reason = limits_from(request["limits"]), ""
            forks += 1
            if forks == 2:  # the first child is not kept waiting: it may be all that is asked for
                adapter.preload_late()
                close_loaded(framework)
                gc.collect()
                gc.freeze()
            child = os.fork()
            if child == 0:
                control.close()
                _child(adapter, told["threads"], limits, *fds)
            for fd in fds:
                os.close(fd)
            control.send(json.dumps({"pid": child}).encode())
        else:
            ended = _end(child, told["alone"], reason) if child else {}
            child = 0
            tidy.restore()
            if request["op"] == "stop":
                return
            control.send(json.dumps(ended).encode())
            if kernel.standing() != standing:
                os._exit(72)  # another server takes over, which no submission has slowed or bounded


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
        most = limits.message
        connection = Connection(socket.socket(fileno=connection_fd), most)
        Session(adapter, home, most).serve(connection)
    except BaseException:
        status = kernel.BROKEN
    finally:
        os._exit(status)


def kill(pid: int) -> None:
    """Kill a process that may be gone already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _end(child: int, alone: bool, reason: str) -> dict[str, Any]:
    """End a child and all that it started."""
    status, usage = 0, None
    kill(child)
    _kill_rest(alone)  # before the wait: a child dies slowly while the others fork without end
    with contextlib.suppress(ChildProcessError):
        _, status, usage = os.wait4(child, 0)
    told: dict[str, Any] = {"status": status, "left": _end_rest(alone), "reason": reason}
    if usage is not None:
        told |= {"peak": usage.ru_maxrss * 1024, "cpu": usage.ru_utime + usage.ru_stime}
    return told


def _end_rest(alone: bool) -> int:
    """Kill what a child left behind; returns how many processes that were."""
    seen: set[int] = set()
    patience = time.monotonic() + END_SECONDS
    while time.monotonic() < patience:
        seen.update(_kill_rest(alone))
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return len(seen)
        time.sleep(0.001)
    os._exit(71)  # with this process, the namespace and all in it end


def _kill_rest(alone: bool) -> list[int]:
    """Kill what was started here, as far as it can be seen; returns the direct children among it."""
    if alone:
        kill(-1)  # everything in this PID namespace but this process and the first
    below = _children()
    for pid in below:
        kill(pid)
    return below


def _children() -> list[int]:
    """Our direct children, orphans that came to us among them."""
    try:
        return [int(p) for p in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


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
    Session(adapter, home, limits.message).serve(Connection(connection, limits.message))


def main() -> None:
    """Start as the one argument, a JSON object, says."""
    told = json.loads(sys.argv[1])
    if told["mode"] == "serve":
        serve(told["framework"], told)
        os._exit(0)  # taking a framework down in order takes a student's time and does nothing else
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
    kernel.become(told["uid"])
    limits = limits_from(told["limits"])
    spawned(told["framework"], connection, output, told["threads"], told["device"], limits)
    os._exit(0)  # threads that a submission left running do not keep the process
