"""Graded throughput: a loop falls, right solutions pass, tricks do not help, noise costs nothing."""

import os
import subprocess
import sys

import numpy as np
import pytest

from katagrad.authoring import interval, speed
from katagrad.boundary import Pool
from katagrad.boundary.local import LocalPool
from katagrad.boundary.transport import Transport
from katagrad.course.worker_pool import Job, Plan, grade
from katagrad.errors import FAILED, NOT_GRADED, PASSED
from katagrad.grading.checks import Rules, manifest, run_check
from katagrad.grading.records import topic_result
from katagrad.grading.submission import Submission
from katagrad.topics import FRAMEWORKS, root, topics
from katagrad.worker.limits import Limits

TOPIC = topics()["conv2d"]
LOOP = """
import torch

def conv2d(x, w, b, stride=1, padding=0, dilation=1):
    n, c, height, width = x.shape
    out = torch.empty(n, len(w), height - 2, width - 2)
    for i in range(height - 2):
        for j in range(width - 2):
            window = x[:, :, i : i + 3, j : j + 3].reshape(n, -1)
            out[:, :, i, j] = window @ w.reshape(len(w), -1).T + b
    return out
"""
# What a submission does to its own process does not reach the reference.
SABOTAGE = """
import time, torch
_honest = torch.einsum

def _slow(*args, **kwargs):
    time.sleep(0.001)
    return _honest(*args, **kwargs)

torch.einsum = torch.functional.einsum = _slow
time.perf_counter = time.monotonic = lambda: 0.0
"""
CACHE = """
_known = {}
_conv2d = conv2d

def conv2d(x, w, b, stride=1, padding=0, dilation=1):
    if x.shape not in _known:
        _known[x.shape] = _conv2d(x, w, b, stride, padding, dilation)
    return _known[x.shape]
"""


def solution(framework):
    return (root() / "solutions" / framework / "conv2d.py").read_text()


@pytest.fixture(scope="module")
def pools():
    made = {}
    yield lambda framework: made.setdefault(framework, Pool())
    for pool in made.values():
        pool.close()


def outcome(pool, framework, text):
    (check,) = [one for one in manifest(TOPIC, speed=True) if one.speed]
    edits = {"conv2d.py": text.encode()}
    source = Submission(root() / "solutions" / framework, framework, edits).source(TOPIC)
    transport = Transport(pool, source)
    try:
        return run_check(transport, check, Rules(7, patience=2.0, speed=True))
    finally:
        transport.close()


@pytest.mark.parametrize(
    "framework", [pytest.param(one, marks=pytest.mark.needs(one)) for one in FRAMEWORKS]
)
def test_the_solution_outruns_the_loop(pools, framework):
    found = outcome(pools(framework), framework, solution(framework))
    assert (found.status, found.message) == (PASSED, "")


@pytest.mark.needs("torch")
@pytest.mark.parametrize("trick", ["", SABOTAGE], ids=["plain", "sabotage"])
def test_a_loop_falls(pools, trick):
    found = outcome(pools("torch"), "torch", trick + LOOP)
    assert found.status == FAILED
    assert "the throughput of conv2d is " in found.message
    assert found.message.endswith("but should be at least 20 times the reference's")


@pytest.mark.needs("torch")
def test_an_answer_from_memory_is_a_wrong_one(pools):
    found = outcome(pools("torch"), "torch", solution("torch") + CACHE)
    assert found.status == FAILED
    assert "gave a wrong result while its speed was measured" in found.message


@pytest.mark.needs("torch")
def test_a_submission_that_hangs_fails_in_time(pools):
    (check,) = [one for one in manifest(TOPIC, speed=True) if one.speed]
    text = solution("torch").replace(
        "    rows, cols =", "    while True: pass\n    rows, cols =", 1
    )
    edits = {"conv2d.py": text.encode()}
    source = Submission(root() / "solutions" / "torch", "torch", edits).source(TOPIC)
    found = run_check(Transport(pools("torch"), source), check, Rules(7, patience=0.05))
    assert found.status == FAILED
    assert "took longer than" in found.message


@pytest.mark.needs("torch")
def test_what_cannot_be_judged_passes_and_says_so(pools, monkeypatch):
    ratios = [10.0, 11.0, 12.0, 19.0, 25.0, 30.0]
    monkeypatch.setattr(speed, "compare", lambda *_: speed.Comparison.of(ratios))
    found = outcome(pools("torch"), "torch", solution("torch"))
    assert found.status == PASSED
    assert found.message.startswith("cannot judge: the throughput of conv2d is 15.5 times")


@pytest.mark.needs("torch")
def test_in_process_is_not_graded():
    pool = LocalPool(root() / "solutions" / "torch")
    (check,) = [one for one in manifest(TOPIC, speed=True) if one.speed]
    source = Submission(root() / "solutions" / "torch", "torch").source(TOPIC)
    found = run_check(Transport(pool, source), check, Rules(7, speed=True))
    assert found.status == NOT_GRADED
    assert "leave --in-process out" in found.message


def test_speed_counts_only_where_it_is_asked_for():
    plain, asked = topic_result(TOPIC, {}, "torch"), topic_result(TOPIC, {}, "torch", speed=True)
    assert asked.maximum == plain.maximum + 1
    assert {c.name for c in asked.checks} - {c.name for c in plain.checks} == {
        "test_conv2d_outruns_a_loop"
    }


@pytest.mark.needs("torch")
def test_a_course_asks_for_speed_or_not(pools):
    stubs = Submission(root() / "exercises", "torch")
    maxima = {}
    for asked in (False, True):
        plan = Plan(Rules(1, speed=asked), Limits(), "process")
        maxima[asked] = grade(pools("torch"), plan, Job("ada", TOPIC, stubs)).maximum
    assert maxima[True] == maxima[False] + 1


@pytest.mark.parametrize(("asked", "there"), [((), False), (("--speed",), True)])
def test_pytest_leaves_speed_out_unless_asked(asked, there):
    given = ["-m", "pytest", "graders/conv2d.py", "--collect-only", "-q", "-p", "no:cacheprovider"]
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, *given, *asked],
        cwd=root(),
        env=plain,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("test_conv2d_outruns_a_loop" in done.stdout) == there
    assert "test_conv2d_follows_its_definition" in done.stdout


@pytest.mark.parametrize(
    ("ratios", "below", "reaches"),
    [
        ([0.7] * 6, True, False),
        ([0.7] * 5 + [0.9], False, False),  # six values enclose a median from smallest to largest
        ([0.7] * 9 + [0.9] * 3, False, False),
        ([0.7] * 10 + [0.9] * 2, True, False),
        ([0.9] * 6, False, True),
        ([0.9] * 5, False, False),  # too few to be sure of anything
        ([0.1], True, False),  # but not where no doubt is left
        ([0.1, 0.7], False, False),
    ],
)
def test_only_an_interval_below_the_bound_fails(ratios, below, reaches):
    found = speed.Comparison.of(ratios)
    assert (found.below(0.8), found.reaches(0.8)) == (below, reaches)


def test_interval_encloses_the_median_as_often_as_it_says():
    assert [interval.rank(n) for n in (5, 6, 8, 9, 12, 20)] == [0, 1, 1, 2, 3, 6]
    generator = np.random.default_rng(1)
    for count in (6, 12, 20):
        hits = [
            low <= 1.0 <= high
            for low, high in (
                interval.interval(list(np.exp(draws)))
                for draws in generator.standard_t(2, (4_000, count)) / 10
            )
        ]
        assert 0.95 - 0.012 <= np.mean(hits) <= 0.985, count
    assert interval.median([3.0, 1.0, 2.0]) == 2.0
    assert interval.median([3.0, 1.0]) == 2.0
