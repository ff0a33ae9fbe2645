"""The time of a check is the submission's own: what other programs or the grader take of it is given back."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from katagrad.boundary import Implementation, Pool
from katagrad.boundary.transport import Transport
from katagrad.boundary.turns import Turns
from katagrad.errors import Failure, Overtime
from katagrad.grading.submission import Submission
from katagrad.topics import topics
from katagrad.worker.limits import Limits

linux = pytest.mark.skipif(
    not Path("/proc/self/schedstat").exists(), reason="the system does not count waiting"
)
BURN = "while True: pass"
# Works, or sleeps, for as many seconds as it is told.
SUBMISSION = """
import time
import torch

def softmax(x, axis=-1, temperature=1.0):
    until = time.process_time() + temperature
    if axis == 0:
        time.sleep(temperature)
    while axis != 0 and time.process_time() < until:
        pass
    return x
"""


@pytest.fixture
def crowded():
    """A pool on one processor, which three other programs use all the time."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    pool, others = Pool(Limits()), []
    try:
        pool.prepare("torch")
        pool.versions("torch")
        others += [subprocess.Popen([sys.executable, "-c", BURN]) for _ in range(3)]
        yield pool
    finally:
        for other in others:
            other.kill()
            other.wait()
        pool.close()
        os.sched_setaffinity(0, before)


def started(pool, seconds):
    submission = Submission(Path("/nonexistent"), "torch", {"softmax.py": SUBMISSION.encode()})
    transport = Transport(pool, submission.source(topics()["softmax"]))
    transport.begin(0, seconds)
    return transport, Implementation(transport)


@linux
@pytest.mark.needs("torch")
def test_a_busy_machine_does_not_use_up_the_time_of_a_check(crowded):
    transport, softmax = started(crowded, 1.5)
    began = time.monotonic()
    softmax.call("softmax", np.ones(2, "float32"), temperature=1.0)
    transport.close()
    assert time.monotonic() - began > 1.5  # or this test shows nothing


@linux
@pytest.mark.needs("torch")
def test_sleeping_and_endless_work_still_use_it_up(crowded):
    transport, softmax = started(crowded, 1.0)
    began = time.monotonic()
    with pytest.raises(Overtime, match="s that were left for this check"):
        softmax.call("softmax", np.ones(2, "float32"), axis=0, temperature=60.0)
    transport.close()
    assert time.monotonic() - began < 3
    transport, softmax = started(crowded, 1.0)
    began = time.monotonic()
    with pytest.raises(Overtime, match="s more, since the machine was busy"):
        softmax.call("softmax", np.ones(2, "float32"), temperature=60.0)
    transport.close()
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("ran", "waited", "more"),
    [(0.2, 0.8, 0.8), (1.9, 9.0, 6.0), (4.0, 9.0, 0.0), (0.2, 0.01, 0.0)],
    ids=["waited", "at most three times", "its own threads", "hardly"],
)
def test_waiting_counts_within_bounds(ran, waited, more):
    transport = Transport(SimpleNamespace(), SimpleNamespace())
    transport.seconds = 2.0
    transport._turns = SimpleNamespace(since=lambda pids: (ran, waited))
    worker = SimpleNamespace(pids=list)
    assert transport.more(worker) == pytest.approx(more)
    assert transport.deadline == pytest.approx(more)
    assert transport.more(worker) == 0.0  # what was given is not given again


@pytest.mark.needs("torch")
def test_the_work_of_a_grader_is_not_the_submissions():
    pool = Pool(Limits())
    try:
        transport, softmax = started(pool, 1.0)
        for _ in range(2):
            time.sleep(0.45)
            softmax.call("softmax", np.ones(2, "float32"), temperature=0.2)
        time.sleep(1.5)  # more than a grader may have
        with pytest.raises(Failure, match="that were left"):
            softmax.call("softmax", np.ones(2, "float32"), temperature=0.6)
        transport.close()
    finally:
        pool.close()


@linux
def test_waiting_is_counted_by_thread():
    other = subprocess.Popen([sys.executable, "-c", BURN])
    try:
        turns = Turns([other.pid])
        time.sleep(0.5)
        ran, waited = turns.since([other.pid])
    finally:
        other.kill()
        other.wait()
    assert 0.1 < ran + waited < 1.5
    assert Turns().since([2**22 + 1])[0] == 0.0  # no such process
