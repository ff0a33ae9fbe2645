"""Grading on a dask.distributed cluster that the course runs: `dask scheduler`, and `dask worker` on each machine.

Each worker process keeps warm servers of its own, and grades one submission's topic at a time. A worker that dies
costs what it had in flight another try, by the scheduler.
"""

from __future__ import annotations

import atexit
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from typing import Any

from katagrad import __version__
from katagrad.boundary.process import Pool
from katagrad.course.locate import packed
from katagrad.course.worker_pool import Job, Plan, grade
from katagrad.errors import NOT_GRADED, BadOption
from katagrad.grading.checks import Outcome, grader_hash, manifest
from katagrad.grading.records import TopicResult, topic_result
from katagrad.grading.session import launcher_for
from katagrad.topics import topics

ADDRESS = re.compile(r"[a-z]+://[^\s/]+(:\d{1,5})?/?")
# Seconds to reach the scheduler.
PATIENCE = 15
# Tasks for each thread of the cluster that wait there, so that no machine waits for this one.
AHEAD = 2


@cache
def executor() -> ThreadPoolExecutor:
    """The thread of a worker process that grades.

    A sandbox ends with the thread that started it, and dask's threads come and go.
    """
    return ThreadPoolExecutor(1)


@cache
def pool_of(plan: Plan) -> Pool:
    """The warm servers of a worker process."""
    pool = Pool(plan.limits, launcher_for(plan.isolation))
    atexit.register(pool.close)
    return pool


def grade_there(
    plan: Plan,
    student: str,
    topic: str,
    graders: str,
    files: Mapping[str, bytes],
    framework: str | None,
) -> str:
    """Grade one submission's topic in a worker process; returns the record as JSON. graders: the hash of the grader."""
    if topic not in topics() or grader_hash(topics()[topic]) != graders:
        raise ValueError(
            f"this machine has another grader of {topic}; install the same katagrad on all machines"
        )
    submission = packed(files)
    submission.framework = framework
    job = Job(student, topics()[topic], submission)
    made = executor().submit(lambda: grade(pool_of(plan), plan, job)).result()
    return json.dumps(made.to_json())


class ClusterPool:
    """A cluster as a pool of graders. Use as a context manager. Raises BadOption for one that cannot be used."""

    def __init__(self, plan: Plan, address: str) -> None:
        try:
            distributed: Any = import_module("distributed")
        except ModuleNotFoundError:
            raise BadOption(
                "--cluster needs dask.distributed; run: pip install 'katagrad[course]'"
            ) from None
        if not ADDRESS.fullmatch(
            address
        ):  # dask would wait for it, and go on to complain after its end
            raise BadOption(f"--cluster {address} is no address; write tcp://HOST:8786")
        self.plan, self.as_completed = plan, distributed.as_completed
        # Hashes of graders by topic, which take a fifth of the time that this process has for a task.
        self.graders: dict[str, str] = {}
        try:
            self.client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise BadOption(
                f"--cluster {address}: no scheduler answers there ({type(error).__name__}); "
                "start one with `dask scheduler`, and name its address, tcp://HOST:8786"
            ) from None
        threads = self.client.nthreads()
        if not threads:
            self.client.close()
            raise BadOption(
                f"--cluster {address}: the scheduler has no worker; start some with "
                f"`dask worker {address} --nthreads 1`"
            )
        self.ahead = AHEAD * sum(threads.values())
        self._check_versions(address)

    def _check_versions(self, address: str) -> None:
        def version() -> str:
            import katagrad

            return str(katagrad.__version__)

        found = self.client.run(version, on_error="return")
        other = {place: v for place, v in found.items() if v != __version__}
        if other:
            self.client.close()
            place, said = next(iter(other.items()))
            raise BadOption(
                f"--cluster {address}: {place} has katagrad {str(said)[:200]}, not {__version__}; "
                "install the same on all machines"
            )

    def work(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, TopicResult]]:
        """Grade jobs as machines become free; yields each with its result."""
        left = iter(jobs)
        held: dict[str, Job] = {}
        waiting = self.as_completed(loop=self.client.loop)
        for job in left:
            waiting.add(self._submit(job, held))
            if len(held) >= self.ahead:
                break
        while held:
            future = next(waiting)
            job = held.pop(future.key)
            yield job, self._result(future, job)
            future.release()
            following = next(left, None)
            if following is not None:
                waiting.add(self._submit(following, held))

    def _submit(self, job: Job, held: dict[str, Job]) -> Any:
        submission, name = job.submission, job.topic.name
        if name not in self.graders:
            self.graders[name] = grader_hash(job.topic)
        future = self.client.submit(
            grade_there, self.plan, job.student, name, self.graders[name],
            dict(submission.files), submission.framework, pure=False,
        )  # fmt: skip
        held[future.key] = job
        return future

    def _result(self, future: Any, job: Job) -> TopicResult:
        """The record; "not graded" where the cluster failed, which is no fault of the submission."""
        if future.status == "finished":
            return TopicResult.from_json(json.loads(future.result()))
        error = future.exception() if future.status == "error" else future.status
        reason = f"the cluster did not grade it ({type(error).__name__}: {str(error)[:200]})"
        if type(error).__name__ == "KilledWorker":
            reason = "every worker of the cluster that tried it died at it"
        lost = {
            check.name: Outcome(NOT_GRADED, reason)
            for check in manifest(job.topic, self.plan.rules.speed)
        }
        return topic_result(job.topic, lost, None, self.plan.rules.speed)

    def __enter__(self) -> ClusterPool:
        return self

    def __exit__(self, *exc: object) -> None:
        self.client.close()
