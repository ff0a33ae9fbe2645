"""The driver's side of a warm server, which is started once per framework and forks per submission."""

from __future__ import annotations

import array
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Any

from katagrad.boundary.workers import Worker
from katagrad.errors import NotGraded
from katagrad.isolation import cgroup
from katagrad.isolation.cgroup import Group
from katagrad.isolation.launcher import Launcher
from katagrad.worker import watch
from katagrad.worker.limits import Limits
from katagrad.worker.wire import Connection, widen

# Seconds for killing all processes that a submission left behind, and for removing its files.
END_SECONDS = 10.0
# Seconds for the first import of a framework from a cold disk.
START_SECONDS = 120.0


def unstarted(framework: str, error: BaseException) -> BaseException:
    """What to raise where a process could not be started: NotGraded for an error of the system."""
    if not isinstance(error, OSError):
        return error
    return NotGraded(f"the {framework} worker could not be started: {error}")


class Server:
    """A warm server of one framework. One child lives at a time."""

    def __init__(self, framework: str, launcher: Launcher, threads: int) -> None:
        self.framework, self.launcher, self.threads = framework, launcher, threads
        self.folder = Path(tempfile.mkdtemp(prefix="katagrad-"))
        self.control, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.log = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
        settings = {
            "mode": "serve",
            "framework": framework,
            "control": far.fileno(),
            "threads": threads,
            **launcher.settings(self.folder),
        }
        try:
            self.process = launcher.start(
                [json.dumps(settings)],
                self.folder,
                [far.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=self.log,
            )
        except BaseException as error:
            self.control.close()
            self.log.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise unstarted(framework, error) from None
        finally:
            far.close()
        self._ready: dict[str, Any] | None = None

    @property
    def versions(self) -> dict[str, str]:
        """Versions of the framework and of NumPy in the worker."""
        return dict(self.wait()["versions"])

    def wait(self) -> dict[str, Any]:
        """Block until the framework is imported. Raises NotGraded, with the server's output, if it fails."""
        if self._ready is None:
            self._ready = self._hear(START_SECONDS)
            if self._ready is None:
                words = self._last_words()
                self.close()
                raise NotGraded(f"the {self.framework} worker did not start: {words}")
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
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(0.5)  # its socket closes before it has ended
        self.log.seek(0)
        lines = self.log.read().decode("utf-8", "replace").strip().splitlines()
        status = self.process.returncode
        ended = "it does not answer" if status is None else f"it ended with status {status}"
        return lines[-1][:500] if lines else f"{ended} and printed nothing"

    def fork(self, limits: Limits, opens: bool = False) -> ForkedWorker:
        """A new child. Raises NotGraded if the server has ended.

        opens: it opens files of a submission, and does not run one.
        """
        self.wait()
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        widen(far)
        output = tempfile.TemporaryFile()  # noqa: SIM115  closed by Worker.close
        os.set_blocking(output.fileno(), True)
        with (
            far,
            os.fdopen(
                os.open(f"/proc/self/fd/{output.fileno()}", os.O_WRONLY | os.O_APPEND), "wb"
            ) as append,
        ):
            asked = {"op": "fork", "limits": limits.plain(), "opens": opens}
            packet = json.dumps(asked).encode()
            fds = array.array("i", [far.fileno(), append.fileno()])
            try:
                self.control.sendmsg([packet], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
            except OSError:
                output.close()
                near.close()
                self.close(patience=0.0)
                raise NotGraded(f"the {self.framework} worker has ended") from None
        forked = self._hear(30.0)
        if forked is None:
            output.close()
            near.close()
            words = self._last_words()
            self.close()
            raise NotGraded(f"the {self.framework} worker could not fork: {words}")
        made = ForkedWorker(self, Connection(near, limits.message, strange=True), output, limits)
        made.group = self._enclose(forked, limits)
        return made

    def _enclose(self, forked: dict[str, Any], limits: Limits) -> Group | None:
        """Put a child that has not run anything yet into a new cgroup. None if the system offers none."""
        lent = cgroup.find()
        inside = f"\t{int(forked['pid'])}"
        if lent is None:
            return None
        for pid in watch.below(self.process.pid):
            with contextlib.suppress(OSError):
                status = Path(f"/proc/{pid}/status").read_text()
                if status.partition("NSpid:")[2].partition("\n")[0].endswith(inside):
                    group = lent.group(limits)
                    group.add(pid)
                    return group
        raise NotGraded(f"the {self.framework} worker could not be put into a cgroup")

    def end_child(self) -> dict[str, Any]:
        """End the running child and all that it started. A server that does not answer is ended too."""
        try:
            self.control.send(b'{"op": "end"}')
            ending = self._hear(END_SECONDS)
        except OSError:
            ending = None
        if ending is None:
            self.close(patience=0.0)
            return {"status": signal.SIGKILL, "server": "lost"}
        return ending

    @property
    def alive(self) -> bool:
        """Whether it can still fork."""
        return self.process.poll() is None and self.control.fileno() >= 0

    def close(self, patience: float = 2.0) -> None:
        """End the server and its children. After `patience` seconds, kill them."""
        with contextlib.suppress(OSError):
            self.control.send(b'{"op": "stop"}')
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.control.close()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class ForkedWorker(Worker):
    """A child of a warm server."""

    def __init__(
        self, server: Server, connection: Connection, output: IO[bytes], limits: Limits
    ) -> None:
        super().__init__(connection, output, limits)
        self.server = server
        self.group: Group | None = None

    def pids(self) -> list[int]:
        """The child and all that it started, and what the launcher put around the server, which sleeps meanwhile."""
        return list(watch.below(self.server.process.pid))

    def end(self) -> None:
        """Ask the server to end the child and all that it started."""
        if not self.dead:
            super().end()
            if self.group is not None:
                self.group.kill()
            self.ending = self.server.end_child()
            if self.group is not None:
                if self.group.exceeded() and not self.ending.get("reason"):
                    kept = self.limits.memory >> 20
                    self.ending["reason"] = f"used more than {kept} MiB of memory"
                self.group.close()
