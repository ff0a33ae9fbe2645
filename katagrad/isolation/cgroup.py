"""A cgroup of its own for every submission, where the system lends the driver one to make more in.

Then the kernel counts all memory on a submission's account, its own included, and ends what takes more. Lent is:

- the folder that KATAGRAD_CGROUP names;
- the driver's own group, where systemd marks it as delegated (`systemd-run --user --scope -p Delegate=yes ...`);
- the root of the driver's own namespace of cgroups, as in a container that may write there.

Anything else belongs to whoever manages the machine. There `katagrad.worker.watch` bounds what is used.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from katagrad.worker.limits import Limits

# How memory is bounded where no cgroup is lent.
WATCHED = "watch"
# The group of the driver: in version 2 a group with processes has no groups below it.
DRIVER = "katagrad-driver"
END_SECONDS = 2.0
_serial = itertools.count()


class Lent:
    """A folder of cgroups in which this process may make more.

    version: 2, or 1 with a hierarchy for each controller. folders: by controller; "memory" is always among them.
    """

    def __init__(self, version: int, folders: dict[str, Path]) -> None:
        self.version, self.folders = version, folders
        self.name = f"cgroup v{version}"

    def group(self, limits: Limits) -> Group:
        """A new group with limits. Raises OSError where the system does not let us."""
        return Group(self, f"katagrad-{os.getpid()}-{next(_serial)}", limits)


class Group:
    """The cgroup of one submission's topic."""

    def __init__(self, lent: Lent, name: str, limits: Limits) -> None:
        self.version = lent.version
        self.folders = {kind: folder / name for kind, folder in lent.folders.items()}
        try:
            for folder in set(self.folders.values()):
                folder.mkdir()
            self._limit(limits)
        except OSError:
            self.close()
            raise

    def _limit(self, limits: Limits) -> None:
        memory, most = self.folders["memory"], str(limits.memory)
        if self.version == 2:
            (memory / "memory.max").write_text(most)
            wanted = {"memory.swap.max": "0", "memory.oom.group": "1"}
        else:
            (memory / "memory.limit_in_bytes").write_text(most)
            wanted = dict.fromkeys(
                ("memory.memsw.limit_in_bytes", "memory.kmem.tcp.limit_in_bytes"), most
            )
        for name, value in wanted.items():  # not every kernel has them
            with contextlib.suppress(OSError):
                (memory / name).write_text(value)
        if "pids" in self.folders:
            (self.folders["pids"] / "pids.max").write_text(str(limits.processes))

    def add(self, pid: int) -> None:
        """Put a process in; what it starts from then on is in, too. Raises OSError if it is gone."""
        for folder in set(self.folders.values()):
            (folder / "cgroup.procs").write_text(str(pid))

    def exceeded(self) -> bool:
        """Whether the kernel has ended a process for the memory that the group used."""
        memory = self.folders["memory"]
        told = memory / ("memory.events" if self.version == 2 else "memory.oom_control")
        with contextlib.suppress(OSError, ValueError):
            counts = dict(line.split() for line in told.read_text().splitlines())
            return int(counts.get("oom_kill", 0)) > 0
        return False

    def kill(self) -> None:
        """End all that is in the group at once, where the kernel can."""
        with contextlib.suppress(OSError):
            (self.folders["memory"] / "cgroup.kill").write_text("1")

    def close(self) -> None:
        """Remove the group. Processes that are still ending get a moment; then the folder stays, empty."""
        patience = time.monotonic() + END_SECONDS
        for folder in set(self.folders.values()):
            while folder.is_dir():
                try:
                    folder.rmdir()
                except OSError:
                    if time.monotonic() > patience:
                        break
                    time.sleep(0.002)


@cache
def find() -> Lent | None:
    """What this process is lent; None where that is nothing."""
    try:
        lent = _named() or _own()
        if lent is not None:  # a group with limits can be made, or there is nothing lent
            lent.group(Limits()).close()
    except (OSError, ValueError):
        return None
    return lent


def _named() -> Lent | None:
    """The folder in KATAGRAD_CGROUP: of version 2, or of the memory controller of version 1."""
    folder = Path(os.environ.get("KATAGRAD_CGROUP") or "/nonexistent")
    if (folder / "memory.limit_in_bytes").exists():
        return Lent(1, {"memory": folder})
    return _enabled(folder) if (folder / "cgroup.controllers").exists() else None


def _own() -> Lent | None:
    own = dict(_groups())
    for mount, root, kind in _mounts():
        where = own.get("" if kind == "cgroup2" else "memory")
        if where is None or (kind == "cgroup" and "memory" not in own):
            continue
        folder = mount / os.path.relpath(where, root)
        folder = folder.parent if folder.name == DRIVER else folder
        alone = where in ("/", f"/{DRIVER}") and root == "/" and not _first_of_all()
        if not (alone or _delegated(folder)) or not os.access(folder, os.W_OK):
            continue
        if kind == "cgroup":
            return Lent(1, {"memory": folder})
        if "memory" in (folder / "cgroup.controllers").read_text().split():
            return _enabled(folder)
    return None


def _enabled(folder: Path) -> Lent | None:
    """A folder of version 2 whose groups have the controllers; the processes in it move to a group of their own."""
    offered = (folder / "cgroup.controllers").read_text().split()
    if "memory" not in offered:
        return None
    control, wanted = (
        folder / "cgroup.subtree_control",
        [c for c in ("memory", "pids") if c in offered],
    )
    if not set(wanted) <= set(control.read_text().split()):
        for pid in (folder / "cgroup.procs").read_text().split():
            (folder / DRIVER).mkdir(exist_ok=True)
            (folder / DRIVER / "cgroup.procs").write_text(pid)
        control.write_text(" ".join(f"+{name}" for name in wanted))
    return Lent(2, dict.fromkeys(wanted, folder))


def _groups() -> Iterator[tuple[str, str]]:
    """(controller, path) of this process; the controller of version 2 is ""."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, path


def _mounts() -> Iterator[tuple[Path, str, str]]:
    """(place, root within the file system, type) of mounted cgroups: version 2, and the memory of version 1."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, options = after.split()[0], after.split()[-1].split(",")
        if kind == "cgroup2" or (kind == "cgroup" and "memory" in options):
            yield Path(before.split()[4]), before.split()[3], kind


def _delegated(folder: Path) -> bool:
    """Whether systemd, or root by giving the folder away, says that this user may make groups here."""
    for name in ("trusted.delegate", "user.delegate"):
        with contextlib.suppress(OSError):
            return os.getxattr(folder, name) == b"1"
    return os.geteuid() != 0 and folder.stat().st_uid == os.geteuid()


def _first_of_all() -> bool:
    """Whether this is the machine's own namespace of cgroups (its inode is fixed), and no container."""
    return Path("/proc/self/ns/cgroup").stat().st_ino == 0xEFFFFFFB
