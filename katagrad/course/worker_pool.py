"""Grader processes: each holds warm servers and grades one submission's topic after the other."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from katagrad.boundary.implementation import Transport
from katagrad.boundary.process import Pool
from katagrad.errors import NOT_GRADED
from katagrad.grading.checks import Outcome, Rules, manifest, run_topic
from katagrad.grading.records import TopicResult, topic_result
from katagrad.grading.session import launcher_for
from katagrad.grading.submission import Submission
from katagrad.topics import Topic
from katagrad.worker.limits import Limits


@dataclass(frozen=True)
class Plan:
    """The settings that every grader process is started with."""

    rules: Rules
    limits: Limits
    isolation: str


@dataclass(frozen=True)
class Job:
    """One submission's topic."""

    student: str
    topic: Topic
    submission: Submission


def grade(pool: Pool, plan: Plan, job: Job) -> TopicResult:
    """The result of one job. Never raises. If the harness fails, the checks are "not graded"."""
    source = job.submission.source(job.topic)
    try:
        outcomes = run_topic(Transport(pool, source), job.topic, plan.rules)
    except Exception as fault:
        reason = f"the grader itself failed ({type(fault).__name__}: {str(fault)[:200]})"
        outcomes = {
            check.name: Outcome(NOT_GRADED, reason)
            for check in manifest(job.topic, plan.rules.speed)
        }
    framework, isolation = source.known_framework, pool.launcher.name
    return topic_result(
        job.topic,
        outcomes,
        framework,
        plan.rules.speed,
        isolation,
        memory_bound=pool.memory_bound,
    )


def _run_grader(pipe: Connection, plan: Plan) -> None:
    """Run a grader process: it receives jobs and sends results, and ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pool = Pool(plan.limits, launcher_for(plan.isolation))
    with contextlib.suppress(EOFError, OSError):
        while True:
            job = pipe.recv()
            pipe.send(grade(pool, plan, job))
    pool.close()


def _end_with_parent() -> None:
    """End this process as soon as its parent has ended, even by a signal and in the middle of a job."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # the server that it started ends when their pipe is closed


class GraderPool:
    """A number of grader processes. Use as a context manager."""

    def __init__(self, plan: Plan, workers: int) -> None:
        self.plan = plan
        # Not forked: a fork of a process that has threads, such as a progress display, may hang.
        self.context = multiprocessing.get_context("spawn")
        self.processes: dict[Connection, Any] = {}
        for _ in range(workers):
            self._start()

    def _start(self) -> Connection:
        near, far = self.context.Pipe()
        process = self.context.Process(target=_run_grader, args=(far, self.plan), daemon=True)
        process.start()
        far.close()
        self.processes[near] = process
        return near

    def _send(self, pipe: Connection, job: Job) -> Connection:
        """Give a job to a process, or to a new one if this one died while it had no job. Returns its pipe."""
        try:
            pipe.send(job)
        except OSError:
            self.processes.pop(pipe).join()
            pipe = self._start()
            pipe.send(job)
        return pipe

    def work(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, TopicResult]]:
        """Grade jobs as processes become free; yields each with its result. A job whose process dies is tried again."""
        queue = iter(jobs)
        retry: list[Job] = []
        busy: dict[Connection, Job] = {}
        failed: set[tuple[str, str]] = set()
        free = list(self.processes)
        while True:
            while free and (job := retry.pop() if retry else next(queue, None)) is not None:
                pipe = self._send(free.pop(), job)
                busy[pipe] = job
            if not busy:
                return
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                job = busy.pop(ready)
                try:
                    record = ready.recv()
                except (EOFError, OSError):
                    self.processes.pop(ready).join()
                    free.append(self._start())
                    if (job.student, job.topic.name) not in failed:
                        failed.add((job.student, job.topic.name))
                        retry.append(job)
                        continue
                    lost = {
                        c.name: Outcome(NOT_GRADED, "the grader process died twice in this topic")
                        for c in manifest(job.topic, self.plan.rules.speed)
                    }
                    yield job, topic_result(job.topic, lost, None, self.plan.rules.speed)
                    continue
                free.append(ready)
                yield job, record

    def __enter__(self) -> GraderPool:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        for pipe in self.processes:
            pipe.close()
        for process in self.processes.values():
            # Left by an exception, such as Ctrl-C, it is in the middle of a job.
            process.join(0 if kind else 10)
            if process.is_alive():
                process.kill()
