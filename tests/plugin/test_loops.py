"""Endless loops, in a submission and in a grader; Ctrl-C; and debuggers, which stop in the student's function."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.needs("torch")

ENDLESS = "    while True:\n        pass\n    weights = "
QUICK = ("--limit", "wall=2")


def spoil(workspace, old, new):
    """Change one line of softmax's solution."""
    path = workspace.solve()
    text = path.read_text()
    assert text.count(old) == 1, text
    path.write_text(text.replace(old, new))
    return path


def test_endless_loop_is_waited_for_once_and_told_to_all_checks_of_its_function(workspace):
    spoil(workspace, "    weights = ", ENDLESS)
    record = workspace.results("exercises/softmax.py", *QUICK)
    checks = record["topics"]["softmax"]["checks"]
    late = [c for c in checks if "is there an endless loop?" in c["message"]]
    assert len(late) >= 6
    assert len({c["message"] for c in late}) == 1
    assert sum(c["seconds"] for c in late) < 2 * 2.0
    passed = {c["name"] for c in checks if c["status"] == "passed"}
    assert "test_log_softmax_stays_finite" in passed
    output = workspace.run("exercises/softmax.py", *QUICK, expect=1)
    assert output.count("is there an endless loop?") == 1, output
    assert "failed for the same reason" in output


def test_function_that_answered_before_gets_one_short_chance_more(workspace):
    spoil(workspace, "    weights = ", "    while axis in (0, 1):\n        pass\n    weights = ")
    record = workspace.results("graders/softmax.py", "--limit", "wall=8")
    checks = {c["name"]: c for c in record["topics"]["softmax"]["checks"]}
    assert checks["test_softmax_keeps_shape_and_dtype"]["status"] == "passed"
    late = checks["test_softmax_normalizes_along_its_axis"]
    assert "is there an endless loop?" in late["message"]
    assert 8 < late["seconds"] < 5 * 8  # a busy machine adds up to three limits
    # From then on, all that its checks may wait for it is nothing.
    assert checks["test_log_softmax_stays_finite"]["status"] == "passed"


GRADER_LOOP = """
@pytest.mark.grade(points=1)
def test_grader_that_never_ends(impl):
    \"\"\"a check whose own loop has no end\"\"\"
    impl.softmax(np.ones(3))
    while True:
        try:
            pass
        except Exception:
            pass


@pytest.mark.grade(points=1)
def test_next_check_is_judged(impl):
    \"\"\"softmax gives something\"\"\"
    impl.softmax(np.ones(3))
"""


def test_loop_of_a_grader_ends_and_is_not_the_students_fault(workspace):
    workspace.solve()
    grader = workspace.folder / "graders" / "softmax.py"
    grader.write_text("import numpy as np\nimport pytest\n" + GRADER_LOOP)
    record = workspace.results("graders/softmax.py", *QUICK)
    loop, following = record["topics"]["softmax"]["checks"]
    assert loop["status"] == "not graded"
    assert re.search(
        r"reached no verdict within [\d.]+ s and was stopped \(softmax grader, line \d+\)",
        loop["message"],
    )
    assert following["status"] == "passed"


@pytest.mark.parametrize("options", [(), ("--in-process",)], ids=["process", "in-process"])
def test_interrupt_ends_the_run(workspace, options):
    reached = workspace.folder / "reached"
    loop = f"    open({str(reached)!r}, 'w').close()\n{ENDLESS}"
    spoil(workspace, "    weights = ", loop)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "exercises", *options]
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "CI"))}
    with subprocess.Popen(
        command, cwd=workspace.folder, env=plain, stdout=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 100
        while not reached.exists() and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        output, _ = process.communicate(timeout=100)
    assert time.monotonic() - sent < 15
    assert process.returncode == 2, output
    assert "KeyboardInterrupt" in output
    assert "passed" not in output


def test_pdb_stops_where_the_submission_raised(workspace):
    spoil(workspace, "    weights = ", "    mine = {}[axis]\n    weights = ")
    output = workspace.run(
        "exercises/softmax.py", "--pdb", "-k", "offset", typed="w\np 'axis', axis\nq\n", expect=2
    )
    assert "('axis', -1)" in output
    assert "-> mine = {}[axis]" in output
    stack = output.partition("(Pdb) ")[2]
    assert not re.search(
        r"plugin\.py|session\.py|local\.py|graders", stack.partition("progress")[0]
    )
    assert "in-process run: not a grade" in output


def test_pdb_repeats_the_call_whose_answer_was_wrong_from_its_first_line(workspace):
    spoil(workspace, ") / temperature", ") * temperature")
    typed = "p 'temperature', temperature\nn\np shifted.shape == x.shape\nq\n"
    output = workspace.run(
        "exercises/softmax.py", "--pdb", "-k", "divides_by_its", typed=typed, expect=2
    )
    assert re.search(r"softmax\(x.* is .*, but should be", output.partition("(Pdb)")[0])
    assert "The same call again, from the first line of softmax:" in output
    assert re.search(r"\('temperature', \d", output)
    assert "(Pdb) True" in output
    assert output.count("The same call again") == 1, "q ends the run"


def test_pdb_stays_out_where_no_line_of_the_student_is_to_blame(workspace):
    workspace.write("import torch\ndef softmax(x:\n    return x\n")
    output = workspace.run("exercises/softmax.py", "--pdb", "-k", "offset", expect=1)
    assert "(Pdb)" not in output
    assert "'(' was never closed" in output
