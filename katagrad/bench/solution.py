"""One solution in a worker that is about to be timed: the base of the `bench` fixture."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

from katagrad.bench.runner import SECONDS, Runner
from katagrad.boundary.implementation import Implementation
from katagrad.boundary.transport import Transport
from katagrad.topics import Topic


class Solution:
    """A topic's solution, loaded in a worker of its own. Close it when done."""

    def __init__(self, runner: Runner, topic: Topic) -> None:
        self.runner, self.topic = runner, topic
        self.transport = self._transport()
        # Further workers, which a pair needs.
        self.beside: list[Transport] = []
        try:
            self.transport.begin(0, SECONDS)
            self.impl = Implementation(self.transport)
            if getattr(runner, "precision", "float32") != "float32":
                self._ask("precision", name=runner.precision)
        except BaseException:
            self.close()  # nothing else would end this worker, which holds memory and a folder
            raise

    def _transport(self) -> Transport:
        """The worker's, in which the solution is loaded."""
        # No from-scratch rules here: their traps would cost time, and bind what a pair compares with.
        bare = dataclasses.replace(self.topic, forbid={}, imports=None)
        self.source = self.runner.submission.source(bare)
        return Transport(self.runner.pool, self.source)

    def _ask(self, op: str, **arguments: Any) -> Any:
        self.transport.deadline = time.monotonic() + SECONDS
        return self.transport.request(op, f"timing {self.topic.name}", arguments)

    def close(self) -> None:
        """End the workers of this benchmark."""
        for one in (self.transport, *self.beside):
            one.close()
