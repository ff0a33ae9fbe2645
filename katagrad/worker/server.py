"""The warm server: imports one framework once, then forks a child for each submission's topic.

The driver sends JSON packets over a control socket: {"op": "fork"} with two descriptors (the child's
connection, and the file for its printed output), {"op": "end"} and {"op": "stop"}. The child talks to
the driver directly. Only one child exists at a time.

On systems without fork, `spawned` serves one submission in a new process.
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
from katagrad.worker.opening import Opening
from katagrad.worker.session import Session, enter, limits_from
from katagrad.worker.tidy import Tidy
from katagrad.worker.wire import Connection

# All processes that a submission left must end in this time. Large processes die slowly.
END_SECONDS = 8.0
ADAPTERS = {
    "torch": "katagrad.worker.adapters.torch",
    "tensorflow": "katagrad.worker.adapters.tensorflow",
    # Runtimes that no submission runs in (`katagrad.worker.opening`).
    "devices": "katagrad.worker.runtimes.devices",
    # Benchmarks of one's own that use neither.
    "numpy": "katagrad.worker.adapters.numpy",
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


def serve(framework: str, settings: dict[str, Any]) -> None:
    """Run the server until the driver closes the control socket.

    settings:

    - `control`: descriptor of the control socket;
    - `threads`: threads inside an operation;
    - `alone`: whether the PID namespace has no other processes;
    - `uid`: the user to switch to, or None;
    - `writable`: the folders to clean after each submission.
    """
    control = socket.socket(fileno=settings["control"])
    kernel.become(settings["uid"])
    tidy = Tidy(settings["writable"])
    gc.disable()  # until all is imported, as in adapter_for
    adapter = adapter_for(framework)
    adapter.preload()
    close_loaded(framework)
    tidy.restore()  # importing a framework writes settings and caches
    gc.collect()
    gc.freeze()  # so that garbage collection in a child does not copy shared pages
    gc.enable()
    # A child can neither trace this process nor read its memory.
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    # Orphaned processes of a child become children of this process, which can then end them.
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    control.send(json.dumps({"ready": os.getpid(), "versions": adapter.versions()}).encode())
    standing = kernel.standing()
    child, limits, reason = 0, Limits(), ""
    forks = 0
    while True:
        if child and not reason and not select.select([control], [], [], watch.EVERY)[0]:
            reason = watch.excess(settings["alone"], limits, settings["writable"])
            if reason:
                kill(child)
                _kill_rest(settings["alone"])
            continue
        packet, fds, _, _ = socket.recv_fds(control, 65536, 4)
        request: dict[str, Any] = json.loads(packet) if packet else {"op": "stop"}
        if request["op"] == "fork":
            limits, reason = limits_from(request["limits"]), ""
            forks += 1
            if forks == 2:  # not before the first child, which may be the only one
                adapter.preload_late()
                close_loaded(framework)
                gc.collect()
                gc.freeze()
            child = os.fork()
            if child == 0:
                control.close()
                opens = request.get("opens", False)
                _child(adapter, settings["threads"], limits, opens, *fds)
            for fd in fds:
                os.close(fd)
            control.send(json.dumps({"pid": child}).encode())
        else:
            ended = _end(child, settings["alone"], reason) if child else {}
            child = 0
            whole = tidy.restore()
            if request["op"] == "stop":
                return
            control.send(json.dumps(ended).encode())
            if not whole or kernel.standing() != standing:
                # A submission changed this process, or its folder is gone; the driver starts a new server.
                os._exit(72)


def _child(
    adapter: Any, threads: int, limits: Limits, opens: bool, connection_fd: int, output_fd: int
) -> None:
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
        _session(adapter, home, most, opens).serve(connection)
    except BaseException:
        status = kernel.BROKEN
    finally:
        os._exit(status)


def _session(adapter: Any, home: Path, most: int, opens: bool) -> Session | Opening:
    return Opening(adapter, home) if opens else Session(adapter, home, most)


def kill(pid: int) -> None:
    """Kill a process, which may have ended already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _end(child: int, alone: bool, reason: str) -> dict[str, Any]:
    """End a child and all that it started."""
    status, usage = 0, None
    kill(child)
    _kill_rest(alone)  # before the wait, since a child dies slowly while others keep forking
    with contextlib.suppress(ChildProcessError):
        _, status, usage = os.wait4(child, 0)
    ending: dict[str, Any] = {"status": status, "left": _end_rest(alone), "reason": reason}
    if usage is not None:
        ending |= {"peak": usage.ru_maxrss * 1024, "cpu": usage.ru_utime + usage.ru_stime}
    return ending


def _end_rest(alone: bool) -> int:
    """Kill the processes that a child left behind. Returns how many there were."""
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
    os._exit(71)  # ends the PID namespace, with all processes in it


def _kill_rest(alone: bool) -> list[int]:
    """Kill all processes that were started here. Returns the direct children among them."""
    if alone:
        kill(-1)  # every process in this PID namespace except this one and the first
    below = _children()
    for pid in below:
        kill(pid)
    return below


def _children() -> list[int]:
    """The direct children of this process, including adopted orphans."""
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
    opens: bool,
) -> None:
    """Serve one submission, or one file of one, in this process. Used on a GPU, and on systems without fork."""
    adapter = adapter_for(framework)
    home = Path(tempfile.mkdtemp(prefix="submission-"))
    enter(home, output)
    kernel.apply(limits)
    adapter.configure(threads, device)
    session = _session(adapter, home, limits.message, opens)
    session.serve(Connection(connection, limits.message))


def main() -> None:
    """Run with the settings in the only argument, a JSON object."""
    settings = json.loads(sys.argv[1])
    if settings["mode"] == "serve":
        serve(settings["framework"], settings)
        os._exit(0)  # skips the frameworks' clean-up, which takes time and has no effect
    if settings["mode"] == "loopback":
        connection = socket.create_connection(("127.0.0.1", settings["port"]), timeout=30)
        connection.sendall(bytes.fromhex(sys.stdin.readline().strip()))
        output = (
            None
            if settings.get("output") is None
            else os.open(settings["output"], os.O_WRONLY | os.O_APPEND)
        )
    else:
        connection, output = socket.socket(fileno=settings["connection"]), settings["output"]
    kernel.become(settings["uid"])
    framework, threads, device = (settings[key] for key in ("framework", "threads", "device"))
    limits, opens = limits_from(settings["limits"]), settings.get("opens", False)
    spawned(framework, connection, output, threads, device, limits, opens)
    os._exit(0)  # does not wait for threads that the submission left running
