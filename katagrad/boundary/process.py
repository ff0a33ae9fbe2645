"""Worker processes: one warm server per framework that forks, or one process per submission."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from katagrad.boundary.server import START_SECONDS, ForkedWorker, Server, unstarted
from katagrad.boundary.workers import SpawnedWorker, Worker
from katagrad.errors import Ended, NotGraded
from katagrad.isolation import cgroup
from katagrad.isolation.launcher import ENTRY, ROOT, Launcher, PlainLauncher, worker_environment
from katagrad.worker.limits import Limits
from katagrad.worker.wire import Connection, widen

__all__ = [
    "CAN_FORK",
    "ENTRY",
    "ROOT",
    "START_SECONDS",
    "ForkedWorker",
    "Launcher",
    "PlainLauncher",
    "Pool",
    "Server",
    "SpawnedWorker",
    "Worker",
    "worker_environment",
]

# macOS has fork, but its libraries fail in the forked process.
CAN_FORK = hasattr(os, "fork") and sys.platform == "linux"


# Seconds between two looks at whether a process that should connect is still there.
LOOK_SECONDS = 0.25


class Pool:
    """Makes workers: one warm server per framework, started when first needed.

    method: "fork" (a warm server) or "spawn" (a process per submission).
    transport: for spawned workers, "socketpair" or "loopback" (TCP on 127.0.0.1, used on Windows).
    """

    def __init__(
        self,
        limits: Limits | None = None,
        launcher: Launcher | None = None,
        method: str | None = None,
        threads: int = 1,
        device: str = "cpu",
        transport: str | None = None,
    ) -> None:
        self.limits, self.launcher = limits or Limits(), launcher or PlainLauncher()
        self.threads, self.device = threads, device
        self.method = method or ("fork" if CAN_FORK and device == "cpu" else "spawn")
        self.transport = transport or ("loopback" if os.name == "nt" else "socketpair")
        self.servers: dict[str, Server] = {}
        self._twin: Pool | None = None
        # By framework, as its workers say.
        self._versions: dict[str, dict[str, str]] = {}
        # Who shows how far a training is (`katagrad.boundary.transport.Listener`), if anybody does.
        self.listener: Any = None

    @property
    def memory_bound(self) -> str:
        """What enforces the memory limit: "cgroup v2", "cgroup v1", or "watch"."""
        lent = cgroup.find() if self.method == "fork" else None
        return cgroup.WATCHED if lent is None else lent.name

    def twin(self) -> Pool:
        """A second pool with the same options, for comparisons that need two workers at a time."""
        if self._twin is None:
            self._twin = Pool(
                self.limits, self.launcher, self.method, self.threads, self.device, self.transport
            )
        return self._twin

    def prepare(self, framework: str) -> None:
        """Start the server of a framework without waiting for it."""
        if self.method == "fork":
            server = self.servers.get(framework)
            if server is None or not server.alive:
                if server is not None:
                    server.close(patience=0.0)
                self.servers[framework] = Server(framework, self.launcher, self.threads)

    def worker(self, framework: str, opens: bool = False) -> Worker:
        """A new worker. Raises NotGraded if the framework does not start.

        opens: it opens files that a submission wrote (`katagrad.worker.opening`), and does not run one.
        """
        if self.method == "spawn":
            return self._spawn(framework, opens)
        for attempt in (1, 2):  # a submission before this one may have killed the server
            self.prepare(framework)
            try:
                return self.servers[framework].fork(self.limits, opens)
            except NotGraded:
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def _spawn(self, framework: str, opens: bool = False) -> SpawnedWorker:
        folder = Path(tempfile.mkdtemp(prefix="katagrad-"))
        output = (folder / ".printed").open("w+b", buffering=0)  # closed by Worker.close
        settings = {
            "framework": framework,
            "threads": self.threads,
            # Of several GPUs, a worker sees only its own.
            "device": self.device.partition(":")[0],
            "limits": self.limits.plain(),
            "opens": opens,
            **self.launcher.settings(folder),
        }
        try:
            start = self._over_loopback if self.transport == "loopback" else self._over_a_pair
            process, near = start(settings, folder, output)
        except BaseException as error:
            output.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise unstarted(framework, error) from None
        worker = SpawnedWorker(
            process,
            folder,
            Connection(near, self.limits.message, strange=True),
            output,
            self.limits,
        )
        try:
            reply = worker.request("hello", time.monotonic() + START_SECONDS)
            self._versions[framework] = dict(reply["value"]["versions"])
        except Ended as error:
            words = worker.printed().strip().splitlines()
            worker.close()
            raise NotGraded(
                f"the {framework} worker did not start: {words[-1] if words else error}"
            ) from None
        return worker

    def _over_a_pair(
        self, settings: dict[str, Any], folder: Path, output: IO[bytes]
    ) -> tuple[subprocess.Popen[bytes], socket.socket]:
        near, far = socket.socketpair()
        widen(far)
        settings |= {"mode": "spawn", "connection": far.fileno(), "output": output.fileno()}
        try:
            process = self.launcher.start(
                [json.dumps(settings)],
                folder,
                [far.fileno(), output.fileno()],
                _variables(self.device),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except BaseException:
            near.close()
            raise
        finally:
            far.close()
        return process, near

    def _over_loopback(
        self, settings: dict[str, Any], folder: Path, output: IO[bytes]
    ) -> tuple[subprocess.Popen[bytes], socket.socket]:
        # Without the token, another process of this machine could pose as the worker.
        token = secrets.token_bytes(32)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            settings |= {
                "mode": "loopback",
                "port": listener.getsockname()[1],
                "output": output.name,
            }
            process = self.launcher.start(
                [json.dumps(settings)],
                folder,
                [],
                _variables(self.device),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                assert process.stdin is not None
                process.stdin.write(token.hex().encode() + b"\n")
                process.stdin.close()
                return process, _accepted(listener, process, token)
            except BaseException:
                process.kill()
                process.wait()
                raise

    def versions(self, framework: str) -> dict[str, str]:
        """Versions in the workers of a framework. Starts one if none has been asked before."""
        if framework not in self._versions:
            if self.method == "fork":
                self.prepare(framework)
                self._versions[framework] = self.servers[framework].versions
            else:
                self._spawn(framework).close()
        return dict(self._versions[framework])

    def close(self) -> None:
        """End every server."""
        for server in self.servers.values():
            server.close()
        self.servers.clear()
        if self._twin is not None:
            self._twin.close()


def _accepted(
    listener: socket.socket, process: subprocess.Popen[bytes], token: bytes
) -> socket.socket:
    """The connection that begins with the token. Raises OSError if the process ends or takes too long."""
    listener.settimeout(LOOK_SECONDS)
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise OSError(f"it ended with status {process.returncode}")
        with contextlib.suppress(TimeoutError):
            near, _ = listener.accept()
            if secrets.compare_digest(_beginning(near, len(token)), token):
                return near
            near.close()
    raise OSError(f"no connection within {START_SECONDS:g} s")


def _beginning(near: socket.socket, size: int) -> bytes:
    """The first bytes that come over a connection; fewer if it says no more."""
    near.settimeout(30)
    found = b""
    with contextlib.suppress(OSError):
        while len(found) < size and (more := near.recv(size - len(found))):
            found += more
    return found


def gpu_of(device: str) -> str:
    """The GPU of "cuda" or "cuda:N", as CUDA_VISIBLE_DEVICES names it: a number or a text. "" if there is none."""
    number = int(device.partition(":")[2] or 0)
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if seen is None:
        return str(number)
    listed = [one.strip() for one in seen.split(",")]
    return listed[number] if number < len(listed) else ""


def _variables(device: str) -> dict[str, str]:
    return {} if device == "cpu" else {"CUDA_VISIBLE_DEVICES": gpu_of(device)}
