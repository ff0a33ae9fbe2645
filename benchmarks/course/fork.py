"""What a fresh fork costs: the CPU time of grading a topic once in a fork, beside grading it a second time there.

    python benchmarks/course/fork.py --framework tensorflow --rounds 5
    python benchmarks/course/fork.py --framework tensorflow --together

The reference solutions are graded. The second time is the submission's own computing with what the worker does around
it; what the first takes more is loading, the first operations of a process, and the memory that the fork copies.

With --together, topics of one student are graded in a fork each, and all in one fork. One file holds all solutions, and
only the rules of the first topic are in force there, so this measures time alone: it is no way to grade.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path

from katagrad.boundary.process import Pool
from katagrad.boundary.transport import Transport
from katagrad.errors import PASSED
from katagrad.grading.checks import Rules, manifest, run_check
from katagrad.grading.session import ISOLATION, launcher_for
from katagrad.grading.submission import Submission
from katagrad.topics import FRAMEWORKS, root, topics

# The first one's rule forbids nothing that the others need, and no two functions have the same name.
SHARED = ("roc_auc", "cross_entropy", "metrics", "activations", "softmax")
TOPICS = ("softmax", "cross_entropy", "losses", "metrics", "activations")


def spent(pool: Pool, framework: str, name: str, times: int) -> float:
    """Seconds of CPU time of a fork in which all checks of a topic run `times` times."""
    topic = topics()[name]
    transport = Transport(
        pool, Submission(root() / "solutions" / framework, framework).source(topic)
    )
    for _ in range(times):
        for check in manifest(topic):
            outcome = run_check(transport, check, Rules(7, patience=5.0, full_size=False))
            assert outcome.status == PASSED, (name, check.name, outcome.message)
    worker = transport.worker
    transport.close()
    return float(worker.ending["cpu"])


def together(pool: Pool, framework: str, rounds: int) -> None:
    """Print the medians of the workers' CPU time of several topics, in a fork each and in one fork."""
    texts = [topics()[name].solution(framework).read_bytes() for name in SHARED]
    text = b"\n".join(text.replace(b"from __future__ import annotations\n", b"") for text in texts)
    files = {f"{name}.py": text for name in SHARED}

    def graded(names: Sequence[str]) -> float:
        source = Submission(Path("/nonexistent"), framework, files).source(topics()[names[0]])
        transport = Transport(pool, source)
        for name in names:
            for check in manifest(topics()[name]):
                run_check(transport, check, Rules(7, patience=5.0, full_size=False))
        worker = transport.worker
        transport.close()
        return float(worker.ending["cpu"])

    graded(SHARED[:1])
    pairs = [(sum(graded([name]) for name in SHARED), graded(SHARED)) for _ in range(rounds)]
    apart, one = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(
        f"{framework}, {', '.join(SHARED)}: {apart:.3f} s in a fork each, {one:.3f} s in one fork"
    )


def main() -> None:
    """Print a line for each topic: medians of the rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--framework", choices=FRAMEWORKS, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--topics", default=",".join(TOPICS))
    parser.add_argument("--isolation", choices=ISOLATION, default="process")
    parser.add_argument("--together", action="store_true", help="topics of one student in one fork")
    given = parser.parse_args()
    pool = Pool(launcher=launcher_for(given.isolation))
    try:
        if given.together:
            together(pool, given.framework, given.rounds)
            return
        spent(pool, given.framework, TOPICS[0], 1)  # the first fork may prepare the second
        for name in given.topics.split(","):
            pairs = [
                (spent(pool, given.framework, name, 1), spent(pool, given.framework, name, 2))
                for _ in range(given.rounds)
            ]
            first = statistics.median(one for one, _ in pairs)
            again = statistics.median(two - one for one, two in pairs)
            more = statistics.median(2 * one - two for one, two in pairs)
            print(
                f"{given.framework}, {name}: {first:.3f} s of CPU time; again in the same fork {again:.3f} s; "
                f"the fresh fork {more:.3f} s",
                flush=True,
            )
    finally:
        pool.close()


if __name__ == "__main__":
    main()
