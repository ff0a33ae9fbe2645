"""Time the intake of a class with and without hostile archives: python -m tests.course.measure_intake --pairs 5

Prints seconds of wall and processor time for each pair, which differ in ten archives alone.
"""

import argparse
import gzip
import resource
import statistics
import tempfile
import time
from pathlib import Path

from katagrad.course.intake import take_in
from katagrad.topics import topics
from tests.course.archives import FORMS, HOSTILE, _headers, honest

WIDE = {"folders.tar.gz": lambda: gzip.compress(_headers(655_360), 1)}


def processor():
    """Seconds of this process and of those that it waited for."""
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=5)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="intake-"))
    for name in ("without", "with"):
        (folder / name).mkdir()
        for number in range(asked.students):
            form = FORMS[number % len(FORMS)]
            (folder / name / f"student{number:04d}.{form}").write_bytes(honest(form))
    for name, make in {**HOSTILE, **WIDE}.items():
        (folder / "with" / name.replace(".", "-archive.", 1)).write_bytes(make())
    wanted, more = [topics()["softmax"]], []
    for number in range(asked.pairs):
        took = {}
        for name in ("without", "with") if number % 2 else ("with", "without"):
            wall, used = time.monotonic(), processor()
            found = take_in(folder / name, None, wanted)
            took[name] = (time.monotonic() - wall, processor() - used)
            assert sum(map(bool, found.work.values())) == asked.students
            assert len(found.problems) == (len(HOSTILE) if name == "with" else 0)
        (wall, used), (wall_with, used_with) = took["without"], took["with"]
        more.append(wall_with - wall)
        print(
            f"without {wall:6.2f} s ({used:.2f} of the processor), with {wall_with:6.2f} s ({used_with:.2f})"
        )
    print(f"{len(HOSTILE)} hostile archives add {statistics.median(more):.1f} s (median)")


if __name__ == "__main__":
    main()
