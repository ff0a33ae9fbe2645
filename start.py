#!/usr/bin/env python3
"""Set katagrad up in this clone, then run it. Needs Python 3.10 to 3.13 and nothing installed.

  python3 start.py demo             grade a small sample class and print its table
  python3 start.py test [ARGS]      run the project's own tests; ARGS go to pytest
  python3 start.py setup            install what demo and test need, and stop there
  python3 start.py COMMAND [ARGS]   any other command of kata, for instance `data`

With `--framework torch` or `--framework tensorflow` before the word, only that one is installed.

The first run installs into .venv beside this file, with pip's own settings; later ones start at
once. To start over, delete .venv.
"""

# An older Python must get as far as main() to be refused in one line. Hence no syntax newer than
# 3.6, and annotations that it cannot evaluate stand in quotes.

import argparse
import errno
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

OLDEST, NEWEST = (3, 10), (3, 13)
FRAMEWORKS = ["torch", "tensorflow"]

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "katagrad-installed.json"  # written last, so it vouches for the whole installation
STATE = ROOT / ".start"
LOG = STATE / "log"
UNFINISHED = STATE / "unfinished"  # there while .venv changes; found later, it was interrupted


class Stop(Exception):
    """What happened, what was expected, what to do next. Shown without a traceback."""


def say(line: str) -> None:
    print(f"start.py: {line}", flush=True)


def main(arguments: "list[str]") -> int:
    try:
        if not OLDEST <= sys.version_info[:2] <= NEWEST:
            return subprocess.call([*other_python(), __file__, *arguments])
        form = argparse.RawDescriptionHelpFormatter
        parser = argparse.ArgumentParser("start.py", description=__doc__, formatter_class=form)
        parser.add_argument("--framework", choices=FRAMEWORKS, help="install only this one")
        parser.add_argument("command", help="demo, test, setup, or a command of kata")
        parser.add_argument("arguments", nargs=argparse.REMAINDER, help="passed on as they are")
        asked = parser.parse_args(arguments or ["--help"])
        frameworks = [asked.framework] if asked.framework else FRAMEWORKS
        prepare(frameworks + (["dev"] if asked.command in ("test", "setup") else []))
        return become(asked.command, asked.arguments)
    except Stop as stop:
        print(f"start.py: {stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstart.py: stopped. Run the same line again to go on.", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"start.py: {error}. Is {ROOT} writable, and is there room?", file=sys.stderr)
        return 1


def other_python() -> "list[str]":
    """Return the command of a Python in range, the newest there is."""
    inside = f"import sys; sys.exit(not {OLDEST} <= sys.version_info[:2] <= {NEWEST})"
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        for name, flags in ((f"python3.{minor}", []), ("py", [f"-3.{minor}"])):
            path = shutil.which(name)
            ask = [path or "", *flags, "-c", inside]
            # Asked, not trusted: a version manager's shim may stand for a Python that is not there.
            if path and subprocess.call(ask, stderr=subprocess.DEVNULL) == 0:
                return [path, *flags]
    raise Stop(
        f"this is Python {sys.version.split()[0]}, but katagrad needs 3.{OLDEST[1]} to "
        f"3.{NEWEST[1]}, and none of these is on the PATH. Install one, then run this file with "
        "it, for instance: python3.12 start.py demo"
    )


def become(command: str, arguments: "list[str]") -> int:
    """Run the command in .venv, in this process's place where the system has that."""
    line = [str(PYTHON), "-m", "katagrad", command, *arguments]
    if command == "setup":
        return 0
    if command == "test":
        os.chdir(ROOT)  # where pytest finds its settings and its tests
        told = any(word.startswith(("-n", "--numprocesses")) for word in arguments)
        line[2:4] = ["pytest", *([] if told else ["-n", "logical"])]  # one test for each core
        if not any((ROOT / word.split("::")[0]).exists() for word in arguments if word):
            line.append("tests")  # pytest alone runs the exercises
    if os.name == "nt":
        return subprocess.call(line)
    return os.execv(line[0], line)


def prepare(extras: "list[str]") -> None:
    """Bring .venv up to date with these files and extras; do nothing where it is."""
    if ready(extras):
        return
    STATE.mkdir(exist_ok=True)
    with lock():
        if ready(extras):  # by the run that held the lock before this one
            return
        reason = beyond_repair()
        if reason:
            say(f"making .venv anew: {reason}")
            VENV.unlink() if VENV.is_symlink() else shutil.rmtree(VENV)
        UNFINISHED.write_text("An installation into .venv was begun and not ended.\n")
        with LOG.open("w", encoding="utf-8", buffering=1) as log:
            if not PYTHON.exists():
                say(f"making .venv with Python {sys.version.split()[0]}")
                make_environment(log)
            install(sorted({*extras, *read_stamp().get("extras", [])}), log)
        UNFINISHED.unlink()


def ready(extras: "list[str]") -> bool:
    stamp = read_stamp()
    same = stamp.get("identity") == identity() and stamp.get("files") == fingerprint()
    whole = PYTHON.exists() and not UNFINISHED.exists()
    return same and whole and set(extras) <= set(stamp["extras"])


def beyond_repair() -> str:
    """Say why installing into the .venv that is there would not mend it, or nothing."""
    if not os.path.lexists(VENV):
        return ""
    if UNFINISHED.exists():
        return "its installation was interrupted"
    if not PYTHON.exists():
        return "its Python is gone"
    made_for = read_stamp().get("identity", identity())
    return "" if made_for == identity() else f"it is of {made_for}, but this is {identity()}"


def identity() -> str:
    # A virtual environment can neither be moved nor serve another minor version.
    return f"Python {sys.version_info[0]}.{sys.version_info[1]} in {ROOT}"


def fingerprint() -> str:
    files = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    return hashlib.sha256(b"\0".join(files)).hexdigest()


def read_stamp() -> "dict[str, Any]":
    try:
        return dict(json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def install(extras: "list[str]", log: TextIO) -> None:
    project = f".[{','.join(extras)}]"
    say(f"installing katagrad{project[1:]}; this takes a minute or more (log: .start/log)")
    began, files = time.monotonic(), fingerprint()
    command = [str(PYTHON), "-m", "pip", "install", "--no-input", "--progress-bar=off"]
    try:
        run("installing", [*command, "-c", "constraints.txt", "-e", project], log)
    except BaseException:
        # Before this line of pip's nothing in .venv changes, and what it holds can be kept.
        if "Installing collected packages" not in LOG.read_text(encoding="utf-8"):
            UNFINISHED.unlink()
        raise
    part = STAMP.with_suffix(".part")
    stamp = {"identity": identity(), "files": files, "extras": extras}
    part.write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
    part.replace(STAMP)
    say(f"installed in {time.monotonic() - began:.0f} s")


def make_environment(log: TextIO) -> None:
    # Not sys.executable: it may itself be of a virtual environment, even of the one made anew.
    base = getattr(sys, "_base_executable", None) or sys.executable
    if importlib.util.find_spec("ensurepip"):
        return run("making .venv", [base, "-m", "venv", str(VENV)], log)
    run("making .venv", [base, "-m", "venv", "--without-pip", str(VENV)], log)
    say("this Python came without ensurepip, as on Debian and Ubuntu; looking for pip elsewhere")
    with tempfile.TemporaryDirectory(prefix="katagrad-") as scratch:
        for attempt in pip_sources(base, Path(scratch), log):
            execute(attempt, log)
            if execute([str(PYTHON), "-m", "pip", "--version"], log) == 0:
                return None
    raise Stop(
        "this Python cannot set up pip: it lacks the module ensurepip, and neither pip, uv nor a "
        "package of pip was there to take it from. Install it (on Debian and Ubuntu: apt install "
        f"python3-venv), then run the same line again. The log is {LOG}"
    )


def pip_sources(base: str, scratch: Path, log: TextIO) -> "Iterator[list[str]]":
    """Yield commands that may put pip into .venv, those that need no network first."""
    for folder in (sysconfig.get_config_var("WHEEL_PKG_DIR"), "/usr/share/python-wheels"):
        yield from wheel_installers(Path(folder or os.devnull))
    if shutil.which("uv"):
        yield ["uv", "pip", "install", "--python", str(PYTHON), "pip"]
    # `--target`, since a system's pip may write nowhere else, and one before 22.3 has no --python.
    scheme = "nt" if os.name == "nt" else "posix_prefix"
    site = sysconfig.get_path("purelib", scheme, {"base": str(VENV)})
    yield [base, "-m", "pip", "install", "--no-input", "--target", site, "pip"]
    if shutil.which("apt-get") and shutil.which("dpkg-deb"):
        # With lists in a folder of its own apt needs no rights, leaves the system as it is, and
        # works where it was never updated, as in a new container.
        (scratch / "lists/partial").mkdir(parents=True)
        apt = ["apt-get", "-o", f"Dir::State::lists={scratch}/lists"]
        apt += ["-o", f"Dir::Cache={scratch}/cache"]
        for step in (["update"], ["download", "python3-pip-whl"]):
            execute([*apt, *step], log, scratch)
        for package in scratch.glob("*.deb"):
            execute(["dpkg-deb", "-x", str(package), str(scratch)], log)
        yield from wheel_installers(scratch / "usr/share/python-wheels")


def wheel_installers(folder: Path) -> "Iterator[list[str]]":
    for wheel in folder.glob("pip-*.whl"):  # Python runs it as it is, so it installs itself
        yield [str(PYTHON), str(wheel / "pip"), "install", "--no-index", "--no-deps", str(wheel)]


def run(step: str, command: "list[str]", log: TextIO) -> None:
    status = execute(command, log)
    if status:
        tail = "\n  ".join(LOG.read_text(encoding="utf-8").splitlines()[-20:])
        raise Stop(
            f"{step} failed: `{' '.join(command[1:4])}` ended with status {status}. Its last "
            f"lines, of all in {LOG}:\n\n  {tail}\n\n"
            "Is there a connection, and room on the disk? Then run the same line again."
        )


def execute(command: "list[str]", log: TextIO, folder: Path = ROOT) -> int:
    """Run a command into the log, and on a terminal show in one line what it is at."""
    log.write(f"$ {' '.join(command)}\n")
    astray = ("PIP_TARGET", "PIP_PREFIX", "PYTHONHOME")  # these lead away from .venv
    environment = {name: value for name, value in os.environ.items() if name not in astray}
    environment.update(PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONIOENCODING="utf-8")
    width = shutil.get_terminal_size().columns - 1 if sys.stdout.isatty() else 0
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        cwd=str(folder),
        env=environment,
        close_fds=False,  # it keeps the lock, should this process be killed before it
    ) as process:
        for line in process.stdout or ():
            log.write(line)
            if width and line.lstrip().startswith(("Collecting", "Downloading", "Installing")):
                print(f"  {line.strip()}"[:width].ljust(width), end="\r", flush=True)
    if width:
        print(" " * width, end="\r", flush=True)
    return process.returncode


@contextmanager
def lock() -> "Iterator[None]":
    """Keep other runs off .venv. The system lets go of it when this one ends, however it ends."""
    with (STATE / "lock").open("a") as handle:
        os.set_inheritable(handle.fileno(), True)
        if not try_lock(handle.fileno()):
            say("another start.py is installing here; waiting until it is done")
            while not try_lock(handle.fileno()):
                time.sleep(0.2)
        yield


def try_lock(number: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network file systems have no locks at all, which is no reason to refuse.
        return error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
