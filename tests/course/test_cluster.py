"""Grading on a real cluster of processes: the scores of one process, also while workers are killed."""

import contextlib
import importlib.util
import os
import random
import signal
import socket
import subprocess
import sys
import time

import pytest

pytest.importorskip("distributed")

from katagrad.course import cluster as module
from katagrad.course.cluster import ClusterPool, grade_there
from katagrad.course.grade import GradingRequest, run
from katagrad.course.ledger import Ledger
from katagrad.course.sample_class import generate
from katagrad.course.worker_pool import Plan
from katagrad.errors import BadOption
from katagrad.grading.checks import Rules
from katagrad.topics import root, topics
from katagrad.worker.limits import Limits

SMALL = [topics()[name] for name in ("softmax", "cross_entropy")]
STUDENTS = 8
PLAN = Plan(Rules(7, full_size=False), Limits(), "process")
# Seconds in which a process of the cluster starts on a busy machine.
SOON = 120


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Cluster:
    """A scheduler and workers, each a process group of its own."""

    def __init__(self, folder):
        self.folder, self.address = folder, f"tcp://127.0.0.1:{free_port()}"
        port = self.address.rpartition(":")[2]
        self.processes = [
            self.start("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
        ]
        self.workers = []

    def start(self, *words):
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words],
            cwd=self.folder, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def add_worker(self):
        # No nanny: what is killed stays dead, as a machine does.
        words = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        one = self.start("worker", self.address, *words)
        self.processes.append(one)
        self.workers.append(one)

    def wait(self, count):
        from distributed import Client

        end = time.monotonic() + SOON
        while time.monotonic() < end:
            with (
                contextlib.suppress(OSError),
                Client(self.address, timeout=5, set_as_default=False) as client,
            ):
                client.wait_for_workers(count, timeout=SOON)
                return
        raise TimeoutError("the cluster did not start")

    def kill(self, process):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def close(self):
        for process in self.processes:
            self.kill(process)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    found = Cluster(tmp_path_factory.mktemp("dask"))
    yield found
    found.close()


def scores(folder):
    ledger = Ledger(folder / "ledger.sqlite")
    found = {
        (student, topic): [(c.name, c.status, c.points, c.message) for c in record.checks]
        for student, topic, record in ledger.records()
    }
    ledger.close()
    return found


def test_no_scheduler_is_one_line(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 2)
    with pytest.raises(BadOption, match="no scheduler answers there") as refused:
        ClusterPool(PLAN, f"tcp://127.0.0.1:{free_port()}")
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1:8786", "tcp://", "tcp://a b:1", ""])
def test_what_is_no_address_is_one_line_at_once(address):
    with pytest.raises(BadOption, match=r"is no address; write tcp://HOST:8786"):
        ClusterPool(PLAN, address)


def test_another_grader_is_not_mixed_in():
    with pytest.raises(ValueError, match="another grader of softmax"):
        grade_there(PLAN, "ada", "softmax", "hash", {}, None)


@pytest.mark.needs("torch")
def test_workers_killed_at_random_change_no_score(cluster, tmp_path):
    generate(tmp_path / "class", STUDENTS, SMALL, seed=3, frameworks=["torch"])

    def request(out, address):
        return GradingRequest(
            tmp_path / "class", tmp_path / out, SMALL, "process", 2, seed=7, cluster=address
        )

    with pytest.raises(BadOption, match="has no worker"):
        run(request("none", cluster.address))
    for _ in range(2):
        cluster.add_worker()
    cluster.wait(2)
    draw, killed = random.Random(5), []

    def progress(done, total, student):
        if done in (3, 9):
            victim = draw.choice([w for w in cluster.workers if w.poll() is None])
            cluster.kill(victim)
            killed.append(victim)
            cluster.add_worker()

    summary = run(request("cluster", cluster.address), progress)
    assert len(killed) == 2
    assert summary.problems == {}
    assert summary.graded == STUDENTS * len(SMALL)
    run(request("alone", None))
    assert scores(tmp_path / "cluster") == scores(tmp_path / "alone")
    assert run(request("cluster", cluster.address)).graded == 0


def simulated(**changed):
    path = root() / "benchmarks" / "course" / "cluster.py"
    spec = importlib.util.spec_from_file_location("measured_cluster", path)
    found = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    times = found.Times(
        **{"service": [0.5], "central": 0.0, "serial": 0.0, "start": 0.0, **changed}
    )
    return lambda workers: found.simulate(times, 100, 5, workers)


def test_simulation_is_linear_until_the_driver_is_busy():
    free, busy = simulated(), simulated(central=0.01, serial=0.1, start=3.0)
    assert [free(workers) for workers in (1, 10, 50)] == pytest.approx([250, 25, 5])
    assert free(1000) == pytest.approx(0.5), "no shorter than a topic"
    assert busy(1) == pytest.approx(250 + 10 + 3, abs=0.1)
    assert busy(500) == pytest.approx(0.5 + 500 * 0.01 + 10 + 3, abs=0.1), (
        "the driver takes one by one"
    )
