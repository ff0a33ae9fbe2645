#!/usr/bin/env python3
"""Install katagrad into .venv beside this file, then run a command. Requires Python 3.10 to 3.13.

  python3 start.py demo             grade a small sample class and print the table
  python3 start.py test [ARGS]      run the project's tests; ARGS are passed to pytest
  python3 start.py setup            install what demo and test need, and run nothing
  python3 start.py COMMAND [ARGS]   run any other command of kata, for example `data`

By default both frameworks are installed. To install one, write `--framework torch` or
`--framework tensorflow` before the command.

The first run installs the packages with the settings of pip, which takes minutes. Later runs start
at once. To start over, delete .venv.
"""

# An older Python must reach main(), which then refuses it in one line. Therefore no syntax is newer
# than 3.6, and newer annotations are in quotes.

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
# Written last, so it exists only if the installation is complete.
STAMP = VENV / "katagrad-installed.json"
STATE = ROOT / ".start"
LOG = STATE / "log"
# Exists while .venv changes. If a later run finds it, the installation was interrupted.
UNFINISHED = STATE / "unfinished"


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
        parser.add_argument("--framework", choices=FRAMEWORKS, help="install only this framework")
        parser.add_argument("command", help="demo, test, setup, or a command of kata")
        parser.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the command")
        asked = parser.parse_args(arguments or ["--help"])
        frameworks = [asked.framework] if asked.framework else FRAMEWORKS
        prepare(frameworks + (["dev"] if asked.command in ("test", "setup") else []))
        return become(asked.command, asked.arguments)
    except Stop as stop:
        print(f"start.py: {stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstart.py: stopped. Run the same command again to continue.", file=sys.stderr)
        return 130
    except OSError as error:
        print(
            f"start.py: {error}. Check that {ROOT} is writable and that the disk has space.",
            file=sys.stderr,
        )
        return 1


def other_python() -> "list[str]":
    """Return the command of the newest supported Python."""
    inside = f"import sys; sys.exit(not {OLDEST} <= sys.version_info[:2] <= {NEWEST})"
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        for name, flags in ((f"python3.{minor}", []), ("py", [f"-3.{minor}"])):
            path = shutil.which(name)
            ask = [path or "", *flags, "-c", inside]
            # Run it, since a version manager's shim may refer to a Python that is not installed.
            if path and subprocess.call(ask, stderr=subprocess.DEVNULL) == 0:
                return [path, *flags]
    raise Stop(
        f"this is Python {sys.version.split()[0]}, but katagrad needs 3.{OLDEST[1]} to "
        f"3.{NEWEST[1]}, and none of these is on the PATH. Install one, then run this file with "
        "it, for example: python3.12 start.py demo"
    )


def become(command: str, arguments: "list[str]") -> int:
    """Run the command in .venv. On POSIX, it replaces this process."""
    line = [str(PYTHON), "-m", "katagrad", command, *arguments]
    if command == "setup":
        return 0
    if command == "test":
        os.chdir(ROOT)  # the folder with pytest's settings and the tests
        chosen = any(word.startswith(("-n", "--numprocesses")) for word in arguments)
        # One process for each core. Who has finished takes tests over, so that none waits for the slowest.
        line[2:4] = ["pytest", *([] if chosen else ["-n", "logical", "--dist", "worksteal"])]
        if not any((ROOT / word.split("::")[0]).exists() for word in arguments if word):
            line.append("tests")  # without a path, pytest runs the exercises
        if not arguments:  # of a whole run, the slowest tests are worth knowing
            line += ["--durations=40", "--durations-min=15"]
    if os.name == "nt":
        return subprocess.call(line)
    return os.execv(line[0], line)


def prepare(extras: "list[str]") -> None:
    """Update .venv to these files and extras, if it is not up to date."""
    if ready(extras):
        return
    STATE.mkdir(exist_ok=True)
    with lock():
        if ready(extras):  # another run may have installed it meanwhile
            return
        reason = beyond_repair()
        if reason:
            say(f"replacing .venv: {reason}")
            VENV.unlink() if VENV.is_symlink() else shutil.rmtree(VENV)
        UNFINISHED.write_text("An installation into .venv has begun and has not ended.\n")
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
    """Return why the existing .venv must be replaced, or "" if it can be updated."""
    if not os.path.lexists(VENV):
        return ""
    if UNFINISHED.exists():
        return "its installation was interrupted"
    if not PYTHON.exists():
        return "its Python is missing"
    made_for = read_stamp().get("identity", identity())
    return "" if made_for == identity() else f"it was made for {made_for}, not for {identity()}"


def identity() -> str:
    # A virtual environment cannot be moved, and cannot be used with another minor version.
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
        # Before pip prints this line, .venv is unchanged and can be kept.
        if "Installing collected packages" not in LOG.read_text(encoding="utf-8"):
            UNFINISHED.unlink()
        raise
    part = STAMP.with_suffix(".part")
    stamp = {"identity": identity(), "files": files, "extras": extras}
    part.write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
    part.replace(STAMP)
    say(f"installed in {time.monotonic() - began:.0f} s")


def make_environment(log: TextIO) -> None:
    # Not sys.executable, which may belong to a virtual environment, even to the one to be replaced.
    base = getattr(sys, "_base_executable", None) or sys.executable
    if importlib.util.find_spec("ensurepip"):
        return run("making .venv", [base, "-m", "venv", str(VENV)], log)
    run("making .venv", [base, "-m", "venv", "--without-pip", str(VENV)], log)
    say("this Python lacks ensurepip, as on Debian and Ubuntu; looking for pip elsewhere")
    with tempfile.TemporaryDirectory(prefix="katagrad-") as scratch:
        for attempt in pip_sources(base, Path(scratch), log):
            execute(attempt, log)
            if execute([str(PYTHON), "-m", "pip", "--version"], log) == 0:
                return None
    raise Stop(
        "this Python cannot install pip: it lacks the module ensurepip, and neither pip, uv nor a "
        "package with pip was found. Install ensurepip (on Debian and Ubuntu: apt install "
        f"python3-venv), then run the same command again. The log is {LOG}"
    )


def pip_sources(base: str, scratch: Path, log: TextIO) -> "Iterator[list[str]]":
    """Yield commands that may install pip into .venv, those without network access first."""
    for folder in (sysconfig.get_config_var("WHEEL_PKG_DIR"), "/usr/share/python-wheels"):
        yield from wheel_installers(Path(folder or os.devnull))
    if shutil.which("uv"):
        yield ["uv", "pip", "install", "--python", str(PYTHON), "pip"]
    # `--target`, since pip before 22.3 has no --python, and a system's pip may write nowhere else.
    scheme = "nt" if os.name == "nt" else "posix_prefix"
    site = sysconfig.get_path("purelib", scheme, {"base": str(VENV)})
    yield [base, "-m", "pip", "install", "--no-input", "--target", site, "pip"]
    if shutil.which("apt-get") and shutil.which("dpkg-deb"):
        # With its lists in a separate folder, apt needs no rights, does not change the system, and
        # works without an earlier update, as in a new container.
        (scratch / "lists/partial").mkdir(parents=True)
        apt = ["apt-get", "-o", f"Dir::State::lists={scratch}/lists"]
        apt += ["-o", f"Dir::Cache={scratch}/cache"]
        for step in (["update"], ["download", "python3-pip-whl"]):
            execute([*apt, *step], log, scratch)
        for package in scratch.glob("*.deb"):
            execute(["dpkg-deb", "-x", str(package), str(scratch)], log)
        yield from wheel_installers(scratch / "usr/share/python-wheels")


def wheel_installers(folder: Path) -> "Iterator[list[str]]":
    for wheel in folder.glob("pip-*.whl"):  # Python can run a wheel, so pip can install itself
        yield [str(PYTHON), str(wheel / "pip"), "install", "--no-index", "--no-deps", str(wheel)]


def run(step: str, command: "list[str]", log: TextIO) -> None:
    status = execute(command, log)
    if status:
        tail = "\n  ".join(LOG.read_text(encoding="utf-8").splitlines()[-20:])
        raise Stop(
            f"{step} failed: `{' '.join(command[1:4])}` ended with status {status}. The last "
            f"lines of {LOG}:\n\n  {tail}\n\n"
            "Check the network connection and the disk space, then run the same command again."
        )


def execute(command: "list[str]", log: TextIO, folder: Path = ROOT) -> int:
    """Run a command, write its output to the log, and show progress in one line on a terminal."""
    log.write(f"$ {' '.join(command)}\n")
    # These would make pip install elsewhere.
    astray = ("PIP_TARGET", "PIP_PREFIX", "PYTHONHOME")
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
        close_fds=False,  # the command holds the lock, even if this process is killed
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
    """Lock .venv against other runs. The system releases the lock when this process ends."""
    with (STATE / "lock").open("a") as handle:
        os.set_inheritable(handle.fileno(), True)
        if not try_lock(handle.fileno()):
            say("another start.py is installing here; waiting for it")
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
        # Some network file systems have no locks. Continue without one.
        return error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
