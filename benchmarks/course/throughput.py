"""How fast a course is graded, beside the alternatives, on the same submissions and equal checks.

    python benchmarks/course/throughput.py                       # 20 students of five small topics, all three ways
    python benchmarks/course/throughput.py --students 1000 --kills 10 --only kata

Ways: `kata`, `kata course grade`; `pytest`, a fresh `pytest graders --submission` process for each student; `nbgrader`,
`nbgrader autograde` of notebooks whose test cells run the same checks inside the notebook's own kernel (needs
`katagrad[course]`). Ratios are taken in one run; those of CPU time, which are printed with isolation `process`, hold on
a busy machine, too. With --kills N the grading by kata is also killed (SIGKILL, the whole process group) at N random
moments and resumed, and its scores are compared with those of an undisturbed run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from katagrad.course.sample_class import generate
from katagrad.text import plural
from katagrad.topics import topics

SMALL = ("softmax", "cross_entropy", "losses", "metrics", "activations")


def scores(ledger: Path) -> list[tuple]:
    """Everything of a ledger that must not differ between runs."""
    with sqlite3.connect(ledger) as connection:
        rows = connection.execute(
            "SELECT student, topic, points, maximum, status FROM records ORDER BY student, topic"
        )
        return list(rows)


def command(
    submissions: Path, out: Path, names: list[str], isolation: str, workers: int
) -> list[str]:
    base = [
        sys.executable,
        "-m",
        "katagrad",
        "course",
        "grade",
        str(submissions),
        "--out",
        str(out),
    ]
    return [
        *base,
        "--topics",
        ",".join(names),
        "--seed",
        "7",
        "--isolation",
        isolation,
        "--workers",
        str(workers),
    ]


def below() -> float:
    """Seconds of CPU time of all processes that were started here and have ended."""
    found = os.times()
    return found.children_user + found.children_system


def by_kata(submissions: Path, out: Path, names: list[str], isolation: str, workers: int) -> float:
    started = time.monotonic()
    subprocess.run(
        command(submissions, out, names, isolation, workers), check=True, stdout=subprocess.DEVNULL
    )
    return time.monotonic() - started


def watched(
    submissions: Path, out: Path, names: list[str], isolation: str, workers: int
) -> tuple[float, list[float]]:
    """Seconds, and the memory in MiB of the grading processes and all below them, sampled every two seconds."""
    import psutil

    started = time.monotonic()
    process = psutil.Popen(
        command(submissions, out, names, isolation, workers), stdout=subprocess.DEVNULL
    )
    samples = []
    while process.poll() is None:
        total = 0
        for one in [process, *process.children(recursive=True)]:
            try:
                total += one.memory_full_info().uss
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        samples.append(total / 2**20)
        time.sleep(2.0)
    if process.returncode:
        raise SystemExit(f"kata course grade ended with status {process.returncode}")
    return time.monotonic() - started, samples


def flatness(samples: list[float]) -> str:
    """The medians of the second and the last quarter: the first one holds the start of the servers."""
    quarter = max(len(samples) // 4, 1)
    second, last = samples[quarter : 2 * quarter] or samples, samples[-quarter:]
    return (
        f"memory of all processes: median {statistics.median(second):.0f} MiB in the second quarter of the run, "
        f"{statistics.median(last):.0f} MiB in the last; {max(samples):.0f} MiB at most"
    )


def by_pytest(submissions: Path, names: list[str]) -> float:
    root = topics()[names[0]].root
    graders = [str(root / "graders" / f"{name}.py") for name in names]
    started = time.monotonic()
    for student in sorted(submissions.iterdir()):
        line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *graders]
        subprocess.run(
            [*line, "--submission", str(student), "--seed", "7"],
            cwd=root,
            stdout=subprocess.DEVNULL,
            check=False,
        )
    return time.monotonic() - started


CELL = """
from pathlib import Path
from katagrad.boundary.implementation import Transport
from katagrad.boundary.local import LocalPool
from katagrad.grading.checks import Rules, run_topic
from katagrad.grading.submission import Submission
from katagrad.topics import topics
topic = topics()["{name}"]
source = Submission(Path("{name}-files").resolve()).source(topic)
outcomes = run_topic(Transport(LocalPool(Path("{name}-files")), source), topic, Rules(7))
assert all(o.status == "passed" for o in outcomes.values()), [o.message for o in outcomes.values() if o.message][:1]
"""


def by_nbgrader(submissions: Path, folder: Path, names: list[str]) -> float:
    """Time `nbgrader autograde` of one notebook per student: a solution cell and a test cell per topic."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    def cell(source: str, **about: object) -> object:
        defaults = {
            "schema_version": 3,
            "grade": False,
            "solution": False,
            "locked": False,
            "task": False,
        }
        return new_code_cell(source, metadata={"nbgrader": {**defaults, **about}})

    def notebook(files: dict[str, str]) -> object:
        cells = []
        for name in names:
            write = f"%%writefile {name}-files/{name}.py\n{files[name]}"
            cells.append(new_code_cell(f"import os; os.makedirs('{name}-files', exist_ok=True)"))
            cells.append(cell(write, grade_id=f"answer-{name}", solution=True))
            cells.append(
                cell(
                    CELL.format(name=name),
                    grade_id=f"check-{name}",
                    grade=True,
                    locked=True,
                    points=1,
                )
            )
        made = new_notebook(cells=cells)
        made.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        return made

    source = folder / "source" / "ps"
    source.mkdir(parents=True)
    nbformat.write(
        notebook(dict.fromkeys(names, "### BEGIN SOLUTION\n### END SOLUTION")), source / "p.ipynb"
    )
    beside = str(Path(sys.executable).parent)  # nbgrader starts alembic by its bare name
    quiet = {
        "env": {**os.environ, "PATH": f"{beside}{os.pathsep}{os.environ.get('PATH', '')}"},
        "cwd": folder,
        "check": True,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    tool = [sys.executable, "-m", "nbgrader"]
    subprocess.run([*tool, "generate_assignment", "ps", "--force"], **quiet)
    for student in submissions.iterdir():
        target = folder / "submitted" / student.name / "ps"
        target.mkdir(parents=True)
        files = {name: (student / f"{name}.py").read_text() for name in names}
        nbformat.write(notebook(files), target / "p.ipynb")
    started = time.monotonic()
    subprocess.run([*tool, "autograde", "ps", "--force"], **{**quiet, "check": False})
    seconds = time.monotonic() - started
    graded = len(list((folder / "autograded").glob("*/ps/p.ipynb")))
    handed = len(list(submissions.iterdir()))
    assert graded >= handed / 2, f"nbgrader graded {graded} of {handed} notebooks"
    if graded < handed:  # one that ends its kernel has no grade at all
        print(f"nbgrader gave no grade to {handed - graded} of {handed} notebooks")
    return seconds


def killed(
    submissions: Path,
    out: Path,
    names: list[str],
    isolation: str,
    workers: int,
    kills: int,
    length: float,
) -> None:
    """Grade, killed `kills` times at random moments, then to the end. length: of an undisturbed run, in seconds."""
    draw = random.Random(11)
    total = len(list(submissions.iterdir())) * len(names)
    spent, done = 0.0, 0
    for i in range(kills):
        process = subprocess.Popen(
            command(submissions, out, names, isolation, workers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        # What is left is shared out among the kills that are left, at the pace so far.
        left = (total - done) * (spent / done if done else length / total)
        moment = draw.uniform(0.3, 1.7) * left / (kills - i + 1)
        time.sleep(moment)
        ended = process.poll() is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        spent += moment
        done = len(scores(out / "ledger.sqlite")) if (out / "ledger.sqlite").exists() else 0
        late = ", after its end" if ended else ""
        print(f"  kill {i + 1}{late}: {done} of {total} records safe", flush=True)
    by_kata(submissions, out, names, isolation, workers)


def row(
    way: str, seconds: dict[str, float], spent: dict[str, float], count: int, isolation: str
) -> str:
    """The line of a way, as soon as it has run. count: topics of all students."""
    # What runs in a sandbox is not waited for by this process's children, so its CPU time is not known here.
    known, compared = isolation == "process", "kata" in seconds and way != "kata"
    busy = f", {spent[way]:.1f} s of CPU time" if known else ""
    times = f", {spent[way] / spent['kata']:.1f} times its CPU time" if known and compared else ""
    ratio = f", {seconds[way] / seconds['kata']:.1f} times kata's time{times}" if compared else ""
    return f"{way}: {seconds[way]:.1f} s, {seconds[way] / count:.3f} s a topic{busy}{ratio}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--students", type=int, default=20)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--isolation", default="process", choices=("process", "namespace"))
    parser.add_argument(
        "--framework",
        choices=("torch", "tensorflow"),
        help="one framework only (nbgrader mixes none)",
    )
    parser.add_argument("--topics", default=",".join(SMALL))
    parser.add_argument("--only", default="kata,pytest,nbgrader")
    parser.add_argument(
        "--memory", action="store_true", help="sample the memory of kata's run (needs psutil)"
    )
    parser.add_argument("--scaling", action="store_true", help="also grade with one worker")
    given = parser.parse_args()
    names = given.topics.split(",")
    ways = given.only.split(",")
    folder = Path(tempfile.mkdtemp(prefix="katagrad-throughput-"))
    try:
        submissions = folder / "class"
        frameworks = (given.framework,) if given.framework else ("torch", "tensorflow")
        generate(
            submissions,
            given.students,
            [topics()[name] for name in names],
            seed=3,
            frameworks=frameworks,
        )
        count = given.students * len(names)
        print(
            f"{plural(given.students, 'student')}, {plural(len(names), 'topic')} each, "
            f"{plural(given.workers, 'worker')}, isolation {given.isolation}",
            flush=True,
        )
        seconds: dict[str, float] = {}
        spent: dict[str, float] = {}
        before = below()
        if "kata" in ways:
            job = (submissions, folder / "kata", names, given.isolation, given.workers)
            if given.memory:
                seconds["kata"], samples = watched(*job)
                print(flatness(samples), flush=True)
            else:
                seconds["kata"] = by_kata(*job)
            spent["kata"] = below() - before
            with sqlite3.connect(folder / "kata" / "ledger.sqlite") as ledger:
                records = [json.loads(r) for (r,) in ledger.execute("SELECT record FROM records")]
            checks = sum(c["seconds"] for r in records for c in r["checks"])
            idle = seconds["kata"] * given.workers - checks
            took, rest = seconds["kata"], idle / count
            print(
                f"kata: {took:.1f} s; checks took {checks:.1f} s of the workers' time; the rest {rest:.3f} s a topic",
                flush=True,
            )
            if given.scaling:
                alone = by_kata(submissions, folder / "alone", names, given.isolation, 1)
                faster = alone / seconds["kata"]
                print(
                    f"kata, one worker: {alone:.1f} s; {given.workers} workers are {faster:.2f} times as fast",
                    flush=True,
                )
        others = {
            "pytest": lambda: by_pytest(submissions, names),
            "nbgrader": lambda: by_nbgrader(submissions, folder / "nbgrader", names),
        }
        if "kata" in seconds:
            print(row("kata", seconds, spent, count, given.isolation), flush=True)
        for way in (way for way in others if way in ways):
            before = below()
            seconds[way] = others[way]()
            spent[way] = below() - before
            print(row(way, seconds, spent, count, given.isolation), flush=True)
        if given.kills:
            killed(
                submissions,
                folder / "killed",
                names,
                given.isolation,
                given.workers,
                given.kills,
                seconds.get("kata", 60.0),
            )
            same = scores(folder / "killed" / "ledger.sqlite") == scores(
                folder / "kata" / "ledger.sqlite"
            )
            print(
                f"killed {given.kills} times and resumed: scores are {'the same' if same else 'DIFFERENT'}"
            )
            sys.exit(0 if same else 1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
