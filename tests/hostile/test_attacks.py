"""Every attack scores no more than the honest wrong answer that it dresses up, learns nothing and harms nobody."""

import json
import os
import re

import pytest

from katagrad.grading.checks import manifest
from katagrad.text import visible

from tests.hostile.conftest import HERE, LIMITS, STAND_IN, installed, processes, shut_in  # isort: skip

pytestmark = pytest.mark.skipif(bool(shut_in()), reason=shut_in())

ATTACKS = sorted(path.stem for path in (HERE / "submissions").glob("*.py"))
# Those that meet a framework's own ways: its threads, its memory, its tensors, its lazy imports.
IN_BOTH = [
    "crash_in_one", "endless_and_deaf", "equal_to_everything", "exit_in_call", "forged_answers",
    "fork_bomb", "frames_walked", "left_for_the_next", "lying_array", "memory_balloon", "opened_by_path",
    "own_memory_read", "patched_numpy", "session_patched", "server_read", "thread_bomb",
]  # fmt: skip
BESIDE = [
    "conftest.py", "pytest.ini", "pyproject.toml", "sitecustomize.py", "usercustomize.py", "start.pth", "numpy.py",
    "torch.py", "tensorflow.py", "katagrad.py", "katagrad/__init__.py", "tests/test_more.py", "tox.ini", "setup.cfg",
]  # fmt: skip
MAY_SAY = {"imported katagrad.worker"}  # what an attack can do, and may


def header(name):
    """What an attack dresses up, which checks show it, and the frameworks that it is for."""
    words = (HERE / "submissions" / f"{name}.py").read_text().split('"""')[1]
    dressed = re.search(r"Dresses up: (\w+)", words)
    checks = re.search(r"Checks: ([\w\s]+)\.", words)
    return dressed and dressed[1], tuple(checks[1].split()) if checks else ()


def beside(arena):
    """Files that a naive grader would run, each of which leaves a mark if anyone does."""
    code = f"for path in {arena.world.place['marks']!r}:\n    open(path, 'w').write('PWNED')\n"
    return {name: code.encode() for name in BESIDE}


def test_every_attack_says_what_it_dresses_up():
    assert len(ATTACKS) >= 40
    for name in ATTACKS:
        assert header(name)[0] in ("wrong", "rule"), name


def kinds(name):
    found = ["bare"] if name not in IN_BOTH and name not in ("lying_tensor", "trap_undone") else []
    if name in (*IN_BOTH, "lying_tensor", "trap_undone"):
        found.append("torch")
    return [*found, "tensorflow"] if name in IN_BOTH else found


CASES = [(name, kind) for name in ATTACKS for kind in kinds(name)]
CASES.sort(key=lambda case: case[1])  # one server at a time


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_attack_gains_nothing(arena, name, kind):
    if kind != "bare" and not installed(kind):
        pytest.skip(f"{kind} is not installed")
    dressed, only = header(name)
    before, world = arena.world.state(), arena.world
    there, others = set(os.listdir(arena.temporary)), arena.strangers()
    descriptors = len(os.listdir("/proc/self/fd"))
    more = beside(arena) if name == "files_beside" else None
    honest = honest_points(arena, kind)
    arena.pool(kind).prepare(STAND_IN if kind == "bare" else kind)
    fight = arena.run(arena.attack(name), kind, only, more=more)
    asked = [c.name for c in manifest(arena.topic) if not only or c.name in only]

    assert list(fight.statuses) == asked, "a check has vanished"
    assert set(fight.statuses.values()) <= {"passed", "failed", "not started"}, fight.words
    for check, points in fight.points.items():
        allowed = 0 if dressed == "rule" else honest[check]
        assert points <= allowed, (check, fight.words)
    assert fight.loot == [], fight.words
    assert fight.heard == []
    assert set(fight.opened) <= MAY_SAY, fight.words
    assert "FOUND" not in fight.words, fight.words
    assert fight.words == visible(fight.words, 10**9)
    json.dumps(fight.words).encode()

    assert arena.witness(kind) == []
    assert world.state() == before
    assert not any(os.path.exists(mark) for mark in world.place["marks"])
    left = set(os.listdir(arena.temporary)) - there
    assert all(entry.startswith("katagrad-") for entry in left), left
    # The server may have been replaced; its bubblewrap, its first process and itself are all there is.
    assert len(processes() - others) <= 3 * len(arena.pools)
    assert len(os.listdir("/proc/self/fd")) <= descriptors + 4
    cases = sum(len(c.cases) for c in manifest(arena.topic) if c.name in asked)
    assert fight.seconds < cases * LIMITS.wall + 30
    if name == "crash_in_one":
        assert fight.points == honest | {"test_softmax_jvp_multiplies_by_the_jacobian": 0}


_honest = {}


def honest_points(arena, kind):
    """What the honest wrong answer earns, check by check."""
    if kind not in _honest:
        fight = arena.run((HERE / "wrong" / f"{kind}.py").read_text(), kind)
        assert set(fight.statuses.values()) <= {"passed", "failed"}, fight.words
        _honest[kind] = fight.points
    return _honest[kind]
