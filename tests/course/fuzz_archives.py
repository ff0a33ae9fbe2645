"""Read many mutated archives: python -m tests.course.fuzz_archives --count 20000 --seed 1

Prints, for each form, how many were read as files, how many became one line, and the most frequent lines. Ends with
status 1 if anything else came of one, whose bytes are then kept.
"""

import argparse
import random
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from katagrad.course.archives import Reader
from katagrad.course.contents import check_paths
from katagrad.errors import SubmissionProblem
from tests.course.archives import FORMS, mutant


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="archives in all")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="archives-"))
    broken, slowest, started = 0, 0.0, time.monotonic()
    with Reader() as reader:
        for form in FORMS:
            draw, came = random.Random(f"{asked.seed} {form}"), Counter()
            for number in range(asked.count // len(FORMS)):
                path = folder / f"{number}.{form}"
                path.write_bytes(mutant(form, draw))
                begun = time.monotonic()
                try:
                    check_paths(reader.read(path))
                    came["files"] += 1
                except SubmissionProblem as problem:
                    came[re.sub(r"'.*'|\(.*\)|[0-9]+", "...", str(problem))] += 1
                except Exception as error:
                    broken += 1
                    print(f"{path}: {type(error).__name__}: {error}")
                    continue
                slowest = max(slowest, time.monotonic() - begun)
                path.unlink()
            print(f"{form}: {sum(came.values()):,} read; {came['files']:,} gave files", flush=True)
            for line, count in came.most_common(8):
                print(f"    {count:6,}  {line[:90]}")
    print(
        f"{broken} broke the intake; the slowest took {slowest:.2f} s; {time.monotonic() - started:.0f} s in all"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
