"""One cgroup for each submission, if the system lets the driver create cgroups.

The kernel then counts all memory used for a submission, including its own, and kills what exceeds
the limit. The driver creates cgroups in one of these folders:

- the folder that KATAGRAD_CGROUP names;
- the driver's cgroup, if systemd has delegated it
  (`systemd-run --user --scope -p Delegate=yes ...`);
- the root of the driver's cgroup namespace, for example in a container that may write there.

All other cgroups belong to whoever manages the machine. If none of these folders exists,
`katagrad.worker.watch` bounds the memory.
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

# The name of the memory bound without a cgroup.
WATCHED = "watch"
# The driver's processes move to this cgroup: in version 2 a cgroup with processes has no children.
DRIVER = "katagrad-driver"
END_SECONDS = 2.0
_serial = itertools.count()


class Lent:
    """A folder in which this process may create cgroups.

    version: 2, or 1 with one hierarchy for each controller.
    folders: by controller. "memory" is always present.
    """

    def __init__(self, version: int, folders: dict[str, Path]) -> None:
        self.version, self.folders = version, folders
        self.name = f"cgroup v{version}"

    def group(self, limits: Limits) -> Group:
        """Create a cgroup with limits. Raises OSError if the system refuses."""
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
        for name, value in wanted.items():  # some kernels lack these files
            with contextlib.suppress(OSError):
                (memory / name).write_text(value)
        if "pids" in self.folders:
            (self.folders["pids"] / "pids.max").write_text(str(limits.processes))

    def add(self, pid: int) -> None:
        """Move a process, with all that it starts from now on. Raises OSError if it has ended."""
        for folder in set(self.folders.values()):
            (folder / "cgroup.procs").write_text(str(pid))

    def exceeded(self) -> bool:
        """Whether the kernel has killed a process because the cgroup exceeded its memory limit."""
        memory = self.folders["memory"]
        events = memory / ("memory.events" if self.version == 2 else "memory.oom_control")
        with contextlib.suppress(OSError, ValueError):
            counts = dict(line.split() for line in events.read_text().splitlines())
            return int(counts.get("oom_kill", 0)) > 0
        return False

    def kill(self) -> None:
        """Kill every process in the cgroup at once, if the kernel supports it."""
        with contextlib.suppress(OSError):
            (self.folders["memory"] / "cgroup.kill").write_text("1")

    def close(self) -> None:
        """Remove the cgroup. Waits briefly for ending processes; after that the folder stays."""
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
    """Return the folder in which this process may create cgroups, or None."""
    try:
        lent = _named() or _own()
        if lent is not None:  # prove it: create a cgroup with limits
            lent.group(Limits()).close()
    except (OSError, ValueError):
        return None
    return lent


def _named() -> Lent | None:
    """The folder that KATAGRAD_CGROUP names: version 2, or the memory controller of version 1."""
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
    """Enable the controllers in a version 2 folder. Its processes move to a child cgroup."""
    offered = (folder / "cgroup.controllers").read_text().split()
    if "memory" not in offered:
        return None
    control = folder / "cgroup.subtree_control"
    wanted = [name for name in ("memory", "pids") if name in offered]
    if not set(wanted) <= set(control.read_text().split()):
        for pid in (folder / "cgroup.procs").read_text().split():
            (folder / DRIVER).mkdir(exist_ok=True)
            (folder / DRIVER / "cgroup.procs").write_text(pid)
        control.write_text(" ".join(f"+{name}" for name in wanted))
    return Lent(2, dict.fromkeys(wanted, folder))


def _groups() -> Iterator[tuple[str, str]]:
    """Yield (controller, path) of this process. The controller of version 2 is ""."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, path


def _mounts() -> Iterator[tuple[Path, str, str]]:
    """Yield (mount point, root within the file system, type) for version 2 and version 1's memory."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, options = after.split()[0], after.split()[-1].split(",")
        if kind == "cgroup2" or (kind == "cgroup" and "memory" in options):
            yield Path(before.split()[4]), before.split()[3], kind


def _delegated(folder: Path) -> bool:
    """Whether this user may create cgroups here: systemd delegated it, or root changed its owner."""
    for name in ("trusted.delegate", "user.delegate"):
        with contextlib.suppress(OSError):
            return os.getxattr(folder, name) == b"1"
    return os.geteuid() != 0 and folder.stat().st_uid == os.geteuid()


def _first_of_all() -> bool:
    """Whether this is the machine's initial cgroup namespace (its inode is fixed), not a container."""
    return Path("/proc/self/ns/cgroup").stat().st_ino == 0xEFFFFFFB
