"""How a cluster grades a course: measured with a few worker processes, simulated with many machines.

    python benchmarks/course/cluster.py --save times.json     # starts a scheduler and workers on this machine
    python benchmarks/course/cluster.py --times times.json    # simulates again from what was measured

The simulation has one centre: the driver or the scheduler, whichever takes longer for a topic. It spends the measured
`central` seconds on each topic. A worker takes the measured time of a topic. No more tasks are in flight than
`kata course grade --cluster` sends ahead.
"""

from __future__ import annotations

import argparse
import contextlib
import heapq
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import psutil

from katagrad.course import cluster
from katagrad.course.grade import GradingRequest, run
from katagrad.course.ledger import Ledger
from katagrad.course.sample_class import generate
from katagrad.course.worker_pool import Job, Plan
from katagrad.grading.checks import Rules
from katagrad.grading.submission import Submission
from katagrad.topics import FRAMEWORKS, topics
from katagrad.worker.limits import Limits

TOPICS = ("softmax", "cross_entropy", "losses", "metrics", "activations")
WORKERS = (1, 2, 4)
MACHINES = (1, 2, 5, 10, 20, 50, 100, 200)
# Seconds in which a process of the cluster starts on a busy machine.
SOON = 120


@dataclass
class Times:
    """What was measured, in seconds of CPU time, so that other work on the machine counts little.

    service: of a worker, for each topic graded. central: of the driver or the scheduler, whichever takes longer, for a
    topic. serial: of the driver alone, for each student: reading what was handed in, and writing the results.
    start: until the first result, in seconds of a clock.
    """

    service: list[float]
    central: float
    serial: float
    start: float


def simulate(times: Times, students: int, each: int, workers: int, seed: int = 0) -> float:
    """Seconds that a course takes: `students` of `each` topics, on `workers` worker processes."""
    draw = random.Random(seed)
    left = students * each
    free = [times.start] * workers  # when each worker has nothing to do
    done: list[float] = []  # when the tasks in flight end
    now = times.start

    def send() -> None:
        nonlocal left
        left -= 1
        begun = max(heapq.heappop(free), now)
        ended = begun + draw.choice(times.service)
        heapq.heappush(free, ended)
        heapq.heappush(done, ended)

    for _ in range(min(left, cluster.AHEAD * workers)):
        send()
    while done:
        now = max(now, heapq.heappop(done)) + times.central
        if left:
            send()
    return now + students * times.serial


@contextlib.contextmanager
def started(workers: int, folder: Path) -> Iterator[tuple[str, list[psutil.Process]]]:
    """(address, processes) of a scheduler with workers, each a process of its own."""
    from distributed import Client

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    local = ("--host", "127.0.0.1", "--no-dashboard")
    commands = [("scheduler", "--port", str(port), *local)]
    commands += [("worker", address, "--nthreads", "1", "--no-nanny", *local)] * workers
    running = []
    try:
        for words in commands:
            line = [sys.executable, "-m", "dask", *words]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            running.append(subprocess.Popen(line, cwd=folder, start_new_session=True, **quiet))
        end = time.monotonic() + SOON
        while time.monotonic() < end:
            with contextlib.suppress(OSError), Client(address, timeout=5) as client:
                client.wait_for_workers(workers, timeout=SOON)
                break
        yield address, [psutil.Process(process.pid) for process in running]
    finally:
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def cpu(processes: list[psutil.Process]) -> float:
    """Seconds of CPU time of processes and of all below them, those that ended included."""
    spent = 0.0
    for process in processes:
        for one in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):  # its parent has counted it by now
                spent += sum(one.cpu_times()[:4])
    return spent


def rate(
    plan: Plan, address: str, jobs: list[Job], warm: int, clock: Callable[[], float]
) -> tuple[float, float, float]:
    """(seconds to the first result; seconds a topic after `warm` results of this cluster; and of `clock`)."""
    begun = time.monotonic()
    with cluster.ClusterPool(plan, address) as pool:
        made = pool.work([*jobs[:warm], *jobs])
        next(made)
        start = time.monotonic() - begun
        for _ in range(warm - 1):
            next(made)
        begun, spent = time.monotonic(), clock()
        for _ in made:
            pass
        return start, (time.monotonic() - begun) / len(jobs), (clock() - spent) / len(jobs)


def nothing(record: str):
    """A task of the cluster that grades nothing, and returns `record`."""

    def grade_there(*_: object) -> str:
        return record

    return grade_there


def measure(framework: str, students: int, rounds: int, isolation: str) -> Times:
    """Grade a generated class with 1, 2 and 4 workers in turn, `rounds` times, and print the rates."""
    chosen = [topics()[name] for name in TOPICS]
    plan = Plan(Rules(7, full_size=False), Limits(), isolation)
    with tempfile.TemporaryDirectory(prefix="katagrad-cluster-") as temporary:
        folder = Path(temporary)
        generate(folder / "class", students, chosen, seed=3, frameworks=[framework])
        handed = {home.name: Submission(home) for home in sorted((folder / "class").iterdir())}
        jobs = [Job(name, topic, one) for name, one in handed.items() for topic in chosen]
        found: dict[int, list[float]] = {workers: [] for workers in WORKERS}
        starts, spent = [], []
        for _ in range(rounds):
            for workers in WORKERS:  # in turn, so that all meet the same machine
                with started(workers, folder) as (address, running):
                    start, seconds, worked = rate(
                        plan, address, jobs, 4 * workers, partial(cpu, running[1:])
                    )
                    starts.append(start)
                    found[workers].append(seconds)
                    spent.append(worked)
                print(f"{workers} workers: {1 / seconds:.2f} topics a second", flush=True)
        for workers, seconds in found.items():
            ratios = [a / b for a, b in zip(found[1], seconds, strict=True)]
            print(
                f"{workers} workers: {1 / statistics.median(seconds):.2f} topics a second, "
                f"{statistics.median(ratios):.2f} times one worker ({min(ratios):.2f} to {max(ratios):.2f})"
            )
        request = GradingRequest(folder / "class", folder / "out", chosen, isolation, 2, seed=7)
        run(request)
        begun = time.process_time()
        assert run(request).graded == 0
        serial = (time.process_time() - begun) / students
        ledger = Ledger(folder / "out" / "ledger.sqlite")
        records = [(student, topic, record) for student, topic, record in ledger.records()]
        waits = []
        for student, topic, record in records:
            begun = time.monotonic()
            ledger.write(student, topic, "again", record)
            waits.append(time.monotonic() - begun)
        ledger.close()
        checks = [sum(check.seconds for check in record.checks) for _, _, record in records]
        scale = statistics.median(spent) / statistics.mean(checks)
        real = cluster.grade_there
        cluster.grade_there = nothing(json.dumps(records[-1][2].to_json()))
        try:
            with started(1, folder) as (address, running):
                scheduler = rate(plan, address, jobs * 4, 8, partial(cpu, running[:1]))[2]
                driver = rate(plan, address, jobs * 4, 8, time.process_time)[2]
        finally:
            cluster.grade_there = real
        central = max(driver + statistics.median(waits), scheduler)
    service = [scale * seconds for seconds in checks]
    return Times(service, central, serial, statistics.median(starts))


def main() -> None:
    """Measure or read the times, and print a line for each number of machines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--framework", choices=FRAMEWORKS, default="torch")
    parser.add_argument("--measured", type=int, default=16, help="students of the measured class")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--isolation", choices=("process", "namespace"), default="process")
    parser.add_argument("--students", type=int, default=10_000)
    parser.add_argument("--cores", type=int, default=4, help="workers of a machine")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--times", type=Path, help="read what --save wrote, and measure nothing")
    given = parser.parse_args()
    if given.times:
        times = Times(**json.loads(given.times.read_text()))
    else:
        times = measure(given.framework, given.measured, given.rounds, given.isolation)
    if given.save:
        given.save.write_text(json.dumps(asdict(times)))
    mean = statistics.mean(times.service)
    print(
        f"a topic: {mean:.3f} s of a worker, {1e3 * times.central:.1f} ms of the centre; a student: "
        f"{1e3 * times.serial:.1f} ms of the driver alone; first result after {times.start:.1f} s"
    )
    print(f"the centre is busy all the time from about {mean / times.central:.0f} workers on")
    each = len(TOPICS)
    for machines in MACHINES:
        workers = machines * given.cores
        seconds = simulate(times, given.students, each, workers)
        ideal = given.students * each * mean / workers
        print(
            f"{given.students} students, {each} topics each, {machines} machines of {given.cores}: "
            f"{seconds:,.0f} s; {100 * ideal / seconds:.0f} % of linear"
        )


if __name__ == "__main__":
    main()
