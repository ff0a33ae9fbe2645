"""Worker processes: a warm server per framework that forks, or a process per submission where it cannot."""

from __future__ import annotations

import array
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Protocol

from katagrad.verdict import Ended, NotGraded
from katagrad.worker.limits import Limits
from katagrad.worker.wire import Closed, Connection, Late, WireError

ROOT = Path(__file__).resolve().parents[2]
ENTRY = "import sys; sys.path.insert(0, {root!r}); from katagrad.worker.server import main; main()"
START_SECONDS = 120.0  # a first import of a framework from a cold disk
CAN_FORK = (
    hasattr(os, "fork") and sys.platform == "linux"
)  # macOS has fork, but its libraries do not survive it


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


class Worker:
    """A process that holds one submission's topic. `request` until it is `dead`; then make another."""

    def __init__(self, connection: Connection, output: IO[bytes], limits: Limits) -> None:
        self.connection, self.output, self.limits = connection, output, limits
        self.dead = False
        self.told: dict[str, Any] = {}  # how it ended: wait status, peak memory, CPU seconds
        self._read = 0

    def request(self, op: str, deadline: float, **arguments: Any) -> Any:
        """Ask and wait for the answer: {"value": ...} or {"error": ...}.

        Raises Ended, with the reason, when no sound answer comes by `deadline` (time.monotonic()).
        """
        started = time.monotonic()
        try:
            self.connection.send({"op": op, "with": arguments}, deadline=deadline)
            reply = self.connection.receive(deadline)
            if not isinstance(reply, dict) or not (
                "value" in reply or _sound_error(reply.get("error"))
            ):
                raise WireError("a message is no answer")
        except Late:
            self.end()
            seconds = deadline - started
            raise Ended(
                f"took longer than the {seconds:.3g} s that this check may still take; is there an endless loop?"
            ) from None
        except Closed:
            self.end()
            raise Ended(self.reason()) from None
        except WireError as error:
            self.end()
            raise Ended(
                f"the connection to the grader was written to by other code: {error}"
            ) from None
        if os.fstat(self.output.fileno()).st_size > self.limits.output:
            kept = self.limits.output >> 10
            self.end()
            raise Ended(
                f"printed more than {kept} KiB; print less, above all inside loops"
            ) from None
        return reply

    def printed(self) -> str:
        """What the submission printed since the last call, at most `limits.output` bytes."""
        raw = os.pread(self.output.fileno(), self.limits.output, self._read)
        self._read += len(raw)
        return raw.decode("utf-8", "replace")

    def reason(self) -> str:
        """Why the process is gone."""
        status = int(self.told.get("status", 0))
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
            if name == "SIGXCPU":
                return f"used more than {self.limits.cpu} s of CPU time"
            if name == "SIGKILL":
                return "the process was killed (SIGKILL)"
            likely = {
                "SIGSEGV": "; endless recursion or a fault in compiled code?",
                "SIGABRT": "; out of memory?",
            }.get(name, "")
            return f"the process crashed ({name}{likely})"
        return f"the process ended by itself with status {os.WEXITSTATUS(status)}; do not call sys.exit or os._exit"

    def end(self) -> None:
        """End the process and whatever it started."""
        self.dead = True
        self.connection.close()

    def close(self) -> None:
        """End the process and give back what was held for it."""
        if not self.dead:
            self.end()
        self.output.close()


def _sound_error(error: Any) -> bool:
    if not isinstance(error, dict):
        return False
    text = all(isinstance(error.get(key), str) for key in ("type", "message"))
    kinds, frames = error.get("kinds"), error.get("frames")
    listed = (
        isinstance(kinds, list)
        and isinstance(frames, list)
        and all(isinstance(kind, str) for kind in kinds)
    )
    return text and listed and all(isinstance(f, tuple) and len(f) == 4 for f in frames)


class ForkedWorker(Worker):
    """A child of a warm server."""

    def __init__(
        self, server: Server, connection: Connection, output: IO[bytes], limits: Limits
    ) -> None:
        super().__init__(connection, output, limits)
        self.server = server

    def end(self) -> None:
        """Have the server end it, and all that it left behind."""
        if not self.dead:
            super().end()
            self.told = self.server.end_child()


class SpawnedWorker(Worker):
    """A process of its own: slower to start, and possible everywhere."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        folder: Path,
        connection: Connection,
        output: IO[bytes],
        limits: Limits,
    ) -> None:
        super().__init__(connection, output, limits)
        self.process, self.folder = process, folder

    def end(self) -> None:
        """Kill it and its process group; remove its folder."""
        if self.dead:
            return
        super().end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(0.05)  # lets a process that ended by itself tell its status
        with contextlib.suppress(ProcessLookupError, PermissionError, AttributeError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        code = self.process.wait()
        self.told = {"status": -code if code < 0 else code << 8}
        shutil.rmtree(self.folder, ignore_errors=True)


class Server:
    """A warm server of one framework. One child lives at a time."""

    def __init__(self, framework: str, launcher: Launcher, threads: int) -> None:
        self.framework, self.launcher, self.threads = framework, launcher, threads
        self.folder = Path(tempfile.mkdtemp(prefix="katagrad-"))
        self.control, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.log = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
        told = {
            "mode": "serve",
            "framework": framework,
            "control": far.fileno(),
            "threads": threads,
            "alone": launcher.alone,
        }
        self.process = subprocess.Popen(
            launcher.command([json.dumps(told)], self.folder),
            env=launcher.environment(self.folder),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            pass_fds=[far.fileno()],
            start_new_session=True,
        )
        far.close()
        self._ready: dict[str, Any] | None = None

    @property
    def versions(self) -> dict[str, str]:
        """Versions of the framework and of NumPy in the worker."""
        return dict(self.wait()["versions"])

    def wait(self) -> dict[str, Any]:
        """Block until the framework is imported. Raises NotGraded with the server's own words if it never is."""
        if self._ready is None:
            self._ready = self._hear(START_SECONDS)
            if self._ready is None:
                self.close()
                raise NotGraded(f"the {self.framework} worker did not start: {self._last_words()}")
        return self._ready

    def _hear(self, seconds: float) -> dict[str, Any] | None:
        self.control.settimeout(seconds)
        try:
            packet = self.control.recv(65536)
            heard = json.loads(packet) if packet else None
        except (OSError, ValueError):
            return None
        return heard if isinstance(heard, dict) else None

    def _last_words(self) -> str:
        self.process.poll()
        self.log.seek(0)
        lines = self.log.read().decode("utf-8", "replace").strip().splitlines()
        return (
            lines[-1][:500]
            if lines
            else f"it ended with status {self.process.returncode} and said nothing"
        )

    def fork(self, limits: Limits) -> ForkedWorker:
        """A fresh child. Raises NotGraded if the server is gone."""
        self.wait()
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        output = tempfile.TemporaryFile()  # noqa: SIM115  closed by Worker.close
        os.set_blocking(output.fileno(), True)
        with (
            far,
            os.fdopen(
                os.open(f"/proc/self/fd/{output.fileno()}", os.O_WRONLY | os.O_APPEND), "wb"
            ) as append,
        ):
            packet = json.dumps({"op": "fork", "limits": limits.plain()}).encode()
            fds = array.array("i", [far.fileno(), append.fileno()])
            try:
                self.control.sendmsg([packet], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
            except OSError:
                output.close()
                near.close()
                raise NotGraded(f"the {self.framework} worker is gone") from None
        if self._hear(30.0) is None:
            self.close()
            raise NotGraded(f"the {self.framework} worker could not fork: {self._last_words()}")
        return ForkedWorker(self, Connection(near, limits.message), output, limits)

    def end_child(self) -> dict[str, Any]:
        """End the living child and all that it left behind. A server that does not answer is ended too."""
        try:
            self.control.send(b'{"op": "end"}')
            told = self._hear(30.0)
        except OSError:
            told = None
        if told is None:
            self.close()
            return {"status": signal.SIGKILL, "server": "lost"}
        return told

    @property
    def alive(self) -> bool:
        """Whether it can still fork."""
        return self.process.poll() is None and self.control.fileno() >= 0

    def close(self) -> None:
        """End the server; its children go with it."""
        with contextlib.suppress(OSError):
            self.control.send(b'{"op": "stop"}')
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(2.0)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.control.close()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Pool:
    """Makes workers: one warm server per framework, started when first needed.

    method: "fork" (a warm server) or "spawn" (a process per submission). transport, for spawned workers:
    "socketpair" or "loopback" (TCP on 127.0.0.1, the way of Windows).
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

    def prepare(self, framework: str) -> None:
        """Start the server of a framework without waiting for it."""
        if self.method == "fork":
            server = self.servers.get(framework)
            if server is None or not server.alive:
                self.servers[framework] = Server(framework, self.launcher, self.threads)

    def worker(self, framework: str) -> Worker:
        """A fresh worker. Raises NotGraded if the framework cannot be had."""
        if self.method == "spawn":
            return self._spawn(framework)
        for attempt in (1, 2):  # a submission before this one may have killed the server
            self.prepare(framework)
            try:
                return self.servers[framework].fork(self.limits)
            except NotGraded:
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def _spawn(self, framework: str) -> SpawnedWorker:
        folder = Path(tempfile.mkdtemp(prefix="katagrad-"))
        output = open(folder / ".printed", "w+b", buffering=0)  # noqa: SIM115  closed by Worker.close
        told = {
            "framework": framework,
            "threads": self.threads,
            "device": self.device,
            "limits": self.limits.plain(),
        }
        if self.transport == "loopback":
            process, near = self._over_loopback(told, folder)
        else:
            near, far = socket.socketpair()
            told |= {"mode": "spawn", "connection": far.fileno(), "output": output.fileno()}
            process = subprocess.Popen(
                self.launcher.command([json.dumps(told)], folder),
                env=self.launcher.environment(folder) | _device(self.device),
                cwd=folder,
                pass_fds=[far.fileno(), output.fileno()],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            far.close()
        worker = SpawnedWorker(
            process, folder, Connection(near, self.limits.message), output, self.limits
        )
        try:
            worker.request("hello", time.monotonic() + START_SECONDS)
        except Ended as error:
            words = worker.printed().strip().splitlines()
            worker.close()
            raise NotGraded(
                f"the {framework} worker did not start: {words[-1] if words else error}"
            ) from None
        return worker

    def _over_loopback(
        self, told: dict[str, Any], folder: Path
    ) -> tuple[subprocess.Popen[bytes], socket.socket]:
        token = secrets.token_bytes(
            32
        )  # so that no other process of this machine can take the worker's place
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(START_SECONDS)
            told |= {
                "mode": "loopback",
                "port": listener.getsockname()[1],
                "output": str(folder / ".printed"),
            }
            process = subprocess.Popen(
                self.launcher.command([json.dumps(told)], folder),
                env=self.launcher.environment(folder) | _device(self.device),
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            assert process.stdin is not None
            process.stdin.write(token.hex().encode() + b"\n")
            process.stdin.close()
            while True:
                near, _ = listener.accept()
                near.settimeout(30)
                if near.recv(32, socket.MSG_WAITALL) == token:
                    return process, near
                near.close()

    def versions(self, framework: str) -> dict[str, str]:
        """Versions in the workers of a framework."""
        if self.method == "fork":
            self.prepare(framework)
            return self.servers[framework].versions
        worker = self._spawn(framework)
        try:
            reply = worker.request("hello", time.monotonic() + START_SECONDS)
            return dict(reply["value"]["versions"])
        finally:
            worker.close()

    def close(self) -> None:
        """End every server."""
        for server in self.servers.values():
            server.close()
        self.servers.clear()


def _device(device: str) -> dict[str, str]:
    return (
        {}
        if device == "cpu"
        else {"CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES", "0")}
    )
