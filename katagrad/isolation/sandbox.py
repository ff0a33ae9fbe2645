"""Isolation level "namespace": workers run in bubblewrap, if the system supports it.

A worker sees a read-only system, one interpreter with its packages, and `katagrad.worker`. It does
not see the network, other processes, home folders, other submissions, graders, or the driver's
environment variables. It can write to /tmp, whose size is limited. The server empties /tmp after
every submission.
"""

from __future__ import annotations

import itertools
import os
import shutil
import site
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from katagrad.errors import BadOption
from katagrad.isolation import seccomp
from katagrad.isolation.launcher import (
    ENTRY,
    OPTIONS,
    Launcher,
    PlainLauncher,
    worker_environment,
)
from katagrad.topics import root

# Bytes of /tmp, and of /dev/shm.
SCRATCH = 512 << 20
# The folder of the worker's code, inside the sandbox.
HOUSE = "/katagrad"
WRITABLE = ("/tmp", "/dev/shm")
SYSTEM = ("/bin", "/lib", "/lib32", "/lib64", "/usr/bin", "/usr/lib", "/usr/lib32", "/usr/lib64")
# The compiler's files, and what the loader and the frameworks read about the machine.
MORE = ("/usr/libexec", "/usr/include", "/etc/alternatives", "/etc/ld.so.cache", "/sys/devices/system/cpu")  # fmt: skip
NAMESPACES = ("ipc", "pid", "net", "uts")
ADVICE = "install bubblewrap (apt install bubblewrap), or grade with --isolation process"
# systemd reserves these uids for dynamic users, so no account has them. A worker that root starts
# switches to one of them, because most limits do not apply to root.
PASSING_USERS = range(61184, 65520)
# Data sets that installed packages contain. katagrad grades on some of them, so a submission that
# reads them would know the answers.
SETS = (
    "sklearn/datasets/data", "sklearn/datasets/images", "sklearn/datasets/tests", "statsmodels/datasets",
    "vega_datasets", "palmerpenguins", "mlxtend/data", "torchvision/datasets", "scipy/datasets",
)  # fmt: skip
PROBE = (
    "import os, json; own = dict(l.split(':\\t') for l in open('/proc/self/status') if ':\\t' in l);"
    "print(json.dumps([own['NoNewPrivs'].strip(), own['Seccomp'].strip(),"
    "*(os.readlink('/proc/self/ns/' + n) for n in ('ipc', 'pid', 'net', 'uts', 'mnt'))]))"
)
_users = itertools.count(os.getpid())


class Unavailable(Exception):
    """Namespaces are not available here. The message is one line that says why."""


class Sandbox:
    """Starts each worker in new namespaces.

    The kernel kills the sandbox when the thread that started it ends (--die-with-parent).

    user: which user a worker runs as: "own" (in a user namespace; works for everyone) or "passing"
    (an unused uid; requires root).
    """

    name = "namespace"
    alone = True

    def __init__(self, bwrap: str, user: str) -> None:
        self.bwrap, self.user = bwrap, user

    def settings(self, folder: Path) -> dict[str, Any]:  # noqa: ARG002
        """Settings of the worker."""
        uid = PASSING_USERS[next(_users) % len(PASSING_USERS)] if self.user == "passing" else None
        return {"alone": True, "uid": uid, "writable": list(WRITABLE)}

    def environment(self, folder: Path) -> dict[str, str]:  # noqa: ARG002  `folder` is outside
        """Environment variables of a worker. They name no path outside the sandbox."""
        return {**worker_environment("/tmp"), "PATH": "/usr/bin:/bin"}

    def entry(self) -> list[str]:
        """The command that starts the interpreter."""
        return [sys.executable, *OPTIONS, ENTRY.format(root=HOUSE)]

    def options(self) -> list[str]:
        """The options of bubblewrap, except the system-call filter."""
        options = ["--die-with-parent", "--new-session", "--hostname", "katagrad", "--cap-drop", "ALL"]  # fmt: skip
        options += [f"--unshare-{name}" for name in NAMESPACES] + ["--unshare-cgroup-try"]
        if self.user == "own":
            options += ["--unshare-user", "--uid", "1000", "--gid", "1000"]
        else:
            options += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        options += ["--proc", "/proc", "--dev", "/dev"]
        for mount in _in_order(list(_mounts())):
            options += mount
        return [*options, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]

    def start(
        self,
        python: Sequence[str],
        folder: Path,
        fds: Sequence[int],
        environment: dict[str, str] | None = None,
        **streams: Any,
    ) -> subprocess.Popen[bytes]:
        """Start an interpreter with the arguments `python` in a sandbox."""
        inside = {**self.environment(folder), **(environment or {})}
        return self.run([*self.entry(), *python], inside, fds, **streams)

    def run(
        self, command: Sequence[str], environment: dict[str, str], fds: Sequence[int] = (), **streams: Any
    ) -> subprocess.Popen[bytes]:  # fmt: skip
        """Start any command in a sandbox."""
        with tempfile.TemporaryFile() as options, tempfile.TemporaryFile() as filters:
            filters.write(self.filter())
            filters.seek(0)
            given = [*self.options(), "--seccomp", str(filters.fileno())]
            options.write("\0".join(given).encode())
            options.seek(0)
            return subprocess.Popen(
                [self.bwrap, "--args", str(options.fileno()), "--", *command],
                env=environment,
                cwd="/",
                pass_fds=[*fds, options.fileno(), filters.fileno()],
                start_new_session=True,
                **streams,
            )

    def filter(self) -> bytes:
        """The system-call filter."""
        return seccomp.program()


def _in_order(mounts: list[tuple[str, list[str]]]) -> Iterator[list[str]]:
    """Yield outer mounts before inner ones, and create the folders above them with mode 0755."""
    made = {"/", "/dev", "/proc"} | {place for place, _ in mounts}
    bound = [place for place, options in mounts if options[0].startswith("--ro-bind")]
    for place, options in sorted(mounts, key=lambda found: len(Path(found[0]).parts)):
        for parent in reversed(Path(place).parents):
            if str(parent) not in made and not any(map(parent.is_relative_to, bound)):
                made.add(str(parent))
                yield ["--perms", "0755", "--dir", str(parent)]
        yield options


def _mounts() -> Iterator[tuple[str, list[str]]]:
    """Yield (path, options of bubblewrap) for everything that a worker sees, in no order."""
    for place in WRITABLE:
        yield place, ["--perms", "1777", "--size", str(SCRATCH), "--tmpfs", place]
    package = Path(__file__).resolve().parents[1]
    for part in ("__init__.py", "worker"):
        place = f"{HOUSE}/katagrad/{part}"
        yield place, ["--ro-bind", str(package / part), place]
    for place in SYSTEM:
        if Path(place).is_symlink():
            yield place, ["--symlink", str(Path(place).readlink()), place]
        else:
            yield place, ["--ro-bind-try", place, place]
    for place in MORE:
        yield place, ["--ro-bind-try", place, place]
    seen = _interpreter()
    for place in seen:
        yield place, ["--ro-bind", place, place]
    for place in _hidden():
        if any(Path(place).is_relative_to(shown) for shown in (*seen, *SYSTEM, *MORE)):
            yield place, ["--tmpfs", place, "--remount-ro", place]


def _interpreter() -> list[str]:
    """Folders and files of the interpreter, its virtual environment, and their packages."""
    found = []
    for prefix in dict.fromkeys((sys.base_prefix, sys.base_exec_prefix, sys.prefix)):
        found += [f"{prefix}/{name}" for name in ("bin", "lib", "lib64", "include", "pyvenv.cfg")]
    found += [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += site.getsitepackages()
    found += filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":"))
    found += [os.path.realpath(path) for path in found]
    there = [path for path in dict.fromkeys(found) if Path(path).exists() and path not in SYSTEM]
    return [p for p in there if not any(p != q and Path(p).is_relative_to(q) for q in there)]


def _hidden() -> list[str]:
    """Folders to hide from workers, even inside a folder that workers see."""
    packages = {*site.getsitepackages(), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}  # fmt: skip
    own = [Path(folder) / "katagrad" for folder in packages]
    topics = [
        root() / name for name in ("exercises", "graders", "solutions", "benchmarks", "tests")
    ]
    sets = [folder / name for folder in _packages() for name in SETS]
    places = (*own, *topics, *sets, Path.cwd(), Path.home())
    found = {path.resolve() for path in places if path.is_dir()}
    shown = [Path(path) for path in (*_interpreter(), *SYSTEM)]
    return [str(path) for path in sorted(found) if not any(s.is_relative_to(path) for s in shown)]


def _packages() -> set[Path]:
    """Every folder of installed packages that a worker sees, for all versions of Python."""
    found = {Path(place) for place in _interpreter()}
    for place in (*_interpreter(), *SYSTEM):
        for kind in ("site-packages", "dist-packages"):
            found.update(Path(place).glob(f"python*/{kind}"))
    return {path.resolve() for path in found}


def probe(sandbox: Sandbox) -> None:
    """Run a process in the sandbox. Raises Unavailable if it is not fully isolated."""
    import json

    try:
        process = sandbox.run(
            [sys.executable, "-I", "-S", "-c", PROBE], sandbox.environment(Path("/")),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        with process:
            try:
                out, err = process.communicate(timeout=30)
            finally:
                process.kill()  # of one that has not ended in this time, too
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"bubblewrap does not run here: {error}") from None
    if process.returncode:
        lines = err.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise Unavailable(f"bubblewrap does not work here: {lines[-1][:200]}")
    privileges, filtered, *inside = json.loads(out)
    outside = [str(Path(f"/proc/self/ns/{name}").readlink()) for name in (*NAMESPACES, "mnt")]
    if privileges != "1" or filtered != "2" or set(inside) & set(outside):
        raise Unavailable("bubblewrap runs here, but does not isolate the processes that it starts")


@cache
def find() -> Sandbox:
    """Return the sandbox that works on this machine. Raises Unavailable if none does."""
    if not seccomp.supported():
        raise Unavailable("namespaces need Linux on x86-64 or ARM64")
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise Unavailable("bubblewrap is not installed")
    reason = Unavailable("bubblewrap does not work here")
    for user in ("passing", "own") if os.geteuid() == 0 else ("own",):
        try:
            sandbox = Sandbox(bwrap, user)
            probe(sandbox)
            return sandbox
        except Unavailable as error:
            reason = error
    raise reason


def launcher(required: bool = False) -> Launcher:
    """Return the strongest launcher that works here.

    Raises BadOption if `required` is true and namespaces are not available.
    """
    try:
        return find()
    except Unavailable as reason:
        if required:
            raise BadOption(f"--isolation namespace: {reason}; {ADVICE}") from None
        return PlainLauncher(weaker_because=str(reason))
