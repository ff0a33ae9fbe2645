"""start.py: the two lines of the README, on machines good and bad."""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pip
import pytest

from katagrad.cli import app

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]


# --- one clone, run again and again ---


def test_a_second_run_installs_nothing(set_up):
    status, output = set_up.run("validate", "softmax", "--framework", "torch")
    assert (status, output) == (0, "kata validate softmax --framework torch\n")


def test_the_status_of_the_command_is_passed_on(set_up):
    assert set_up.run("fail")[0] == 3


def test_test_runs_pytest_in_the_clone_wherever_it_was_called(set_up, tmp_path):
    status, output = set_up.run("test", "-n", "2", "-k", "a or b", cwd=tmp_path)
    assert (status, output) == (0, f"pytest -n 2 -k a or b tests in {set_up.folder}\n")
    status, output = set_up.run("test")
    assert output.startswith("pytest -n logical --dist worksteal tests --durations=")
    part = "tests/plugin/test_loops.py::test_interrupt"
    (set_up.folder / "tests" / "plugin").mkdir(parents=True)
    (set_up.folder / "tests" / "plugin" / "test_loops.py").touch()
    status, output = set_up.run("test", "-n0", part)
    assert (status, output) == (0, f"pytest -n0 {part} in {set_up.folder}\n")


def test_help_names_commands_that_are_there():
    help_ = subprocess.run(
        [sys.executable, ROOT / "start.py", "--help"], capture_output=True, text=True, check=True
    ).stdout
    named = re.findall(r"for example `(\w+)", help_)
    assert named
    there = {command.name or command.callback.__name__ for command in app.registered_commands}
    there |= {group.name for group in app.registered_groups}
    assert set(named) <= there


def test_changed_pins_are_installed_into_the_same_environment(set_up):
    set_up.change_pins()
    # Settings of pip's that would send the installation elsewhere, or stop it.
    status, output = set_up.run(
        "setup", PIP_USER="1", PIP_TARGET="elsewhere", PIP_PREFIX="/nowhere"
    )
    assert status == 0, output
    assert "installing katagrad[dev,tensorflow,torch]" in output
    assert "making .venv" not in output


def test_an_installation_that_was_killed_is_made_anew(set_up):
    hang, log = set_up.folder / "hang", set_up.folder / ".start/log"
    hang.touch()
    log.unlink()
    set_up.change_pins()
    first = set_up.begin("setup")
    try:
        wait_for(lambda: log.exists() and "Obtaining" in log.read_text())
        first.send_signal(signal.SIGKILL)
    finally:
        hang.unlink()
        first.communicate()
    # The killed run's pip may still be at work; it keeps the lock, so this run waits for it.
    status, output = set_up.run("list")
    assert status == 0, output
    assert "replacing .venv: its installation was interrupted" in output
    assert output.endswith("kata list\n")


def test_a_failed_installation_says_so_and_keeps_what_was_there(set_up):
    before = (set_up.folder / "constraints.txt").read_text()
    broken = set_up.folder / "break"
    broken.touch()
    set_up.change_pins()
    try:
        status, output = set_up.run("list")
    finally:
        broken.unlink()
    assert status == 1
    assert "start.py: installing failed: `-m pip install` ended with status 1" in output
    assert "the disk is full of cats" in output
    assert "run the same command again" in output
    assert "Traceback" not in output
    assert "kata list" not in output
    (set_up.folder / "constraints.txt").write_text(before)
    assert set_up.run("list") == (0, "kata list\n")


def test_two_runs_at_once_install_once(set_up):
    hang, log = set_up.folder / "hang", set_up.folder / ".start/log"
    hang.touch()
    log.unlink()
    set_up.change_pins()
    first = set_up.begin("list")
    wait_for(lambda: log.exists() and "Obtaining" in log.read_text())
    second = set_up.begin("list")
    said = second.stdout.readline()
    hang.unlink()
    assert "another start.py is installing here; waiting" in said
    assert second.communicate()[0] == "kata list\n"
    assert first.communicate()[0].count("installing katagrad") == 1
    assert (first.returncode, second.returncode) == (0, 0)


def test_an_environment_of_another_python_or_place_is_made_anew(set_up):
    stamp = set_up.folder / ".venv/katagrad-installed.json"
    held = json.loads(stamp.read_text())
    stamp.write_text(json.dumps({**held, "identity": "Python 3.9 in /elsewhere"}))
    status, output = set_up.run("list")
    assert status == 0, output
    assert "replacing .venv: it was made for Python 3.9 in /elsewhere, not for Python" in output


def wait_for(condition, seconds=100):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


# --- what is installed, and with which Python ---


@pytest.mark.parametrize(
    ("line", "extras"),
    [
        ("demo", ["torch", "tensorflow"]),
        ("test", ["torch", "tensorflow", "dev"]),
        ("--framework torch test -k x", ["torch", "dev"]),
        ("--framework=tensorflow check softmax", ["tensorflow"]),
        # After the first word it is an option of kata's, not of start.py's.
        ("check --framework torch", ["torch", "tensorflow"]),
    ],
)
def test_each_command_installs_what_it_needs(start, monkeypatch, line, extras):
    asked = []
    monkeypatch.setattr(start, "prepare", asked.extend)
    monkeypatch.setattr(start, "become", lambda command, arguments: 0)
    assert start.main(line.split()) == 0
    assert asked == extras


def test_an_unknown_framework_is_refused(start, capsys):
    with pytest.raises(SystemExit) as stop:
        start.main(["--framework", "jax", "demo"])
    assert stop.value.code == 2
    assert "invalid choice: 'jax'" in capsys.readouterr().err


def test_without_a_word_the_lines_to_type_are_shown(start, capsys):
    with pytest.raises(SystemExit):
        start.main([])
    assert "python3 start.py demo" in capsys.readouterr().out


def test_no_python_in_range_is_one_clear_line(start, monkeypatch, capsys):
    monkeypatch.setattr(start, "OLDEST", (3, 98))
    monkeypatch.setattr(start, "NEWEST", (3, 99))
    monkeypatch.setenv("PATH", "")
    assert start.main(["demo"]) == 1
    error = capsys.readouterr().err
    assert f"this is Python {sys.version.split()[0]}, but katagrad needs 3.98 to 3.99" in error
    assert "Install one" in error
    assert error.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="makes executables with a shebang")
def test_another_python_is_taken_only_if_it_runs(start, monkeypatch, tmp_path):
    shim = tmp_path / "python3.13"
    shim.write_text("#!/bin/sh\necho 'no such version is installed' >&2\nexit 127\n")
    shim.chmod(0o755)
    good = tmp_path / "python3.11"
    good.symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert start.other_python() == [str(good)]


def test_an_older_python_can_read_the_file_so_far_as_to_refuse():
    ast.parse((ROOT / "start.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_the_range_of_pythons_is_that_of_the_package(start):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest, newest = start.OLDEST[1], start.NEWEST[1]
    assert project["requires-python"] == f">=3.{oldest},<3.{newest + 1}"


# --- Python without ensurepip, as Debian ships it ---


@pytest.fixture
def no_ensurepip(start, monkeypatch):
    monkeypatch.setattr(start.importlib.util, "find_spec", lambda name: None)
    return start


def test_pip_comes_from_a_wheel_of_the_system(no_ensurepip, monkeypatch, tmp_path):
    start = no_ensurepip
    bundled = Path(sysconfig.get_path("stdlib")) / "ensurepip/_bundled"
    if not bundled.is_dir():
        pytest.skip("this Python has no wheel of pip to lend")
    monkeypatch.setattr(start.sysconfig, "get_config_var", lambda name: str(bundled))
    with start.LOG.open("w", buffering=1) as log:
        start.make_environment(log)
    command = [str(start.PYTHON), "-m", "pip", "--version"]
    assert str(tmp_path) in subprocess.run(command, capture_output=True, text=True).stdout


def test_pip_comes_from_the_pip_of_the_system(no_ensurepip, monkeypatch):
    start = no_ensurepip
    monkeypatch.setattr(start, "wheel_installers", lambda folder: iter(()))
    monkeypatch.setattr(start.shutil, "which", lambda name: None)

    def execute(command, log):
        if "--target" not in command:
            return subprocess.call(command)
        # What pip would do with a connection.
        target = Path(command[command.index("--target") + 1])
        shutil.copytree(Path(pip.__file__).parent, target / "pip")
        return 0

    monkeypatch.setattr(start, "execute", execute)
    start.make_environment(None)
    assert subprocess.call([str(start.PYTHON), "-m", "pip", "--version"]) == 0


def test_without_any_pip_the_line_says_what_to_install(no_ensurepip, monkeypatch):
    start = no_ensurepip
    monkeypatch.setattr(start, "pip_sources", lambda base, scratch, log: iter(()))
    with start.LOG.open("w", buffering=1) as log, pytest.raises(start.Stop) as stop:
        start.make_environment(log)
    assert "it lacks the module ensurepip" in str(stop.value)
    assert "apt install python3-venv" in str(stop.value)
