"""What a student meets: `pytest exercises/softmax.py`, from the untouched stub to full marks."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from katagrad.pytest_plugin.header import _wrapped
from katagrad.topics import root

ROOT = root()

pytestmark = pytest.mark.needs("torch")

SOFTMAX_ONLY = '''
import torch

def softmax(x, axis=-1, temperature=1.0):
    weights = torch.exp((x - x.amax(dim=axis, keepdim=True)) / temperature)
    return weights / weights.sum(dim=axis, keepdim=True)

def log_softmax(x, axis=-1):
    raise NotImplementedError("log_softmax")

def softmax_jvp(p, v):
    """A docstring may stay."""
    raise NotImplementedError
'''


def test_untouched_stub_reads_not_started_and_starts_no_worker(workspace):
    output = workspace.run("exercises/softmax.py", expect=1)
    assert re.search(r"softmax +\.+ +0/\d+ +not started", output)
    assert "Traceback" not in output
    assert "NotImplementedError" not in output


def test_solution_gets_full_marks_and_examples_run(workspace):
    workspace.solve()
    output = workspace.run("exercises/softmax.py", "-v", expect=0)
    assert "exercises/softmax.py::example softmax PASSED" in output
    assert "exercises/softmax.py::test_softmax_normalizes_along_its_axis[1] PASSED" in output
    assert re.search(r"softmax +#+ +(\d+)/\1 +done", output)


def test_half_done_file_keeps_the_points_of_its_finished_part(workspace):
    workspace.write(SOFTMAX_ONLY)
    record = workspace.results("exercises/softmax.py")["topics"]["softmax"]
    status = {check["name"]: check["status"] for check in record["checks"]}
    assert status["test_softmax_normalizes_along_its_axis"] == "passed"
    assert status["test_log_softmax_stays_finite"] == "not started"
    assert 0 < record["points"] < record["maximum"]
    messages = " ".join(check["message"] for check in record["checks"])
    assert "log_softmax is not written yet: softmax.py:" in messages


def test_what_a_framework_has_not_implemented_is_an_error_of_the_student(workspace):
    """PyTorch raises NotImplementedError for numbers of a type that an operation does not know."""
    ours = 'raise NotImplementedError("log_softmax")'
    workspace.write(SOFTMAX_ONLY.replace(ours, "return torch.nn.functional.gelu(x.long())"))
    record = workspace.results("exercises/softmax.py")["topics"]["softmax"]
    (check,) = [c for c in record["checks"] if c["name"] == "test_log_softmax_stays_finite"]
    assert check["status"] == "failed"
    assert "raised NotImplementedError" in check["message"]
    assert "not implemented for 'Long'" in check["message"]


def test_directory_collects_every_topic_by_chapter(workspace):
    workspace.solve()
    output = workspace.run("exercises", expect=1)
    assert "Building blocks" in output
    assert re.search(r"cross_entropy .* not started", output)
    assert re.search(r"softmax .* done", output)


def test_failure_teaches(workspace):
    path = workspace.solve()
    path.write_text(path.read_text().replace("weights.sum(dim=axis", "weights.sum(dim=-1"))
    output = workspace.run("exercises/softmax.py", expect=1)
    line = next(line for line in output.splitlines() if line.startswith("softmax(x, axis=0)["))
    assert re.search(r"is \d\S*, but should be \S+ within \S+ \(\d+ of 24 elements are off\)", line)
    assert "Look at: " in output
    assert "Traceback" not in output


def test_traceback_shows_the_students_frames_alone(workspace):
    workspace.write(
        SOFTMAX_ONLY.replace("weights = torch", "raise_here(x)\n    weights = torch")
        + "\ndef raise_here(x):\n    return {}[3]\n"
    )
    output = workspace.run("exercises/softmax.py", "-k", "offset", expect=1)
    assert "softmax raised KeyError: 3" in output
    assert re.search(r"softmax\.py:\d+ in raise_here: return \{\}\[3\]", output)
    assert "site-packages" not in output
    assert "session.py" not in output


def test_prints_and_helper_modules_work(workspace):
    workspace.write("import torch\nfrom own.pieces import softmax\nprint('loaded')\n")
    (workspace.exercises / "own").mkdir()
    text = SOFTMAX_ONLY.replace(
        "weights = ", "print('shape', tuple(x.shape))\n    weights = "
    ).replace("/ temperature", "")
    (workspace.exercises / "own" / "pieces.py").write_text(text)
    output = workspace.run("exercises/softmax.py", "-k", "its_temperature", expect=1)
    assert "softmax.py printed:" in output
    assert "shape (3, 5)" in output


def test_pytest_habits_hold(workspace):
    path = workspace.solve()
    path.write_text(path.read_text().replace(") / temperature", ")"))
    assert "1 failed" in workspace.run("exercises/softmax.py", "-x")
    chosen = workspace.run("exercises/softmax.py", "-k", "its_temperature")
    assert "2 failed" in chosen
    workspace.run("CACHE", "exercises/softmax.py")
    assert "run-last-failure" in workspace.run("--lf", "exercises/softmax.py")
    by_id = workspace.run("exercises/softmax.py::test_softmax_divides_by_its_temperature[0.5]")
    assert "1 failed" in by_id
    listed = workspace.run("exercises/softmax.py", "--collect-only", "-q")
    assert "exercises/softmax.py::example softmax" in listed


def test_results_are_the_same_under_xdist(workspace):
    path = workspace.solve()
    path.write_text(path.read_text().replace(") / temperature", ")"))
    alone = workspace.results("graders", "--seed", "11")
    spread = workspace.results("graders", "--seed", "11", "-n", "2")
    for record in (alone, spread):
        for topic in record["topics"].values():
            for check in topic["checks"]:
                check.pop("seconds")
    assert alone == spread
    assert alone["seed"] == 11


def test_record_holds_what_a_course_needs(workspace):
    workspace.solve()
    workspace.solve("torch", "cross_entropy")
    record = workspace.results("graders", "--seed", "5", "--junitxml", "junit.xml")
    assert record["schema"] == "katagrad/results/v1"
    assert record["framework"] == "torch"
    assert record["isolation"] == "process"
    assert record["versions"]["torch"]
    assert len(record["submission"]["sha256"]) == 64
    assert record["data"] == ["embedded"]
    check = record["topics"]["softmax"]["checks"][0]
    assert set(check) >= {"name", "status", "points", "maximum", "message", "hint", "seconds"}
    assert record["points"] == record["maximum"] > 0
    cases = ElementTree.parse(workspace.folder / "junit.xml").iter("testcase")
    points = [
        p.get("value") for case in cases for p in case.iter("property") if p.get("name") == "points"
    ]
    assert points


def test_deselected_checks_count_in_the_maximum(workspace):
    workspace.solve()
    whole = workspace.results("graders/softmax.py")
    part = workspace.results("graders/softmax.py", "-k", "its_temperature")
    assert part["maximum"] == whole["maximum"]
    assert part["points"] < whole["points"]
    status = {c["name"]: c["status"] for c in part["topics"]["softmax"]["checks"]}
    assert status.pop("test_softmax_divides_by_its_temperature") == "passed"
    assert set(status.values()) == {"deselected"}


def test_what_was_not_run_has_words_of_its_own_and_the_total_says_that_it_is_partial(workspace):
    path = workspace.solve()
    path.write_text(path.read_text().replace(") / temperature", ")"))
    output = workspace.run("exercises", "-k", "divides_by_its", "-x", "--results", "r.json")
    record = json.loads((workspace.folder / "r.json").read_text())
    status = {c["name"]: c["status"] for c in record["topics"]["softmax"]["checks"]}
    assert status["test_softmax_divides_by_its_temperature"] == "failed"
    assert status["test_log_softmax_stays_finite"] == "deselected"
    assert "cross_entropy" not in output.partition("= progress =")[2].partition("=====")[0]
    assert re.search(r"partial total: \d+ deselected of \d+ checks", output)
    workspace.run("exercises/softmax.py", "-x", "--results", "r.json", expect=1)
    record = json.loads((workspace.folder / "r.json").read_text())
    last = record["topics"]["softmax"]["checks"][-1]
    assert last["status"] == "not reached"


def test_a_check_of_which_only_some_cases_ran_earns_nothing(workspace):
    workspace.solve()
    name = "test_softmax_divides_by_its_temperature"
    found = workspace.run("graders/softmax.py", "--collect-only", "-q").splitlines()
    cases = [line for line in found if f"::{name}[" in line]
    output = workspace.run(cases[0], "--results", "r.json")
    check = checks_of(workspace)[name]
    assert (check["status"], check["points"]) == ("deselected", 0)
    assert check["message"] == f"1 of {len(cases)} cases ran; the others were left out of this run"
    assert re.search(r"softmax +\.+ +0/\d+ +deselected", output)
    workspace.run(*cases, "--results", "r.json")
    assert checks_of(workspace)[name]["status"] == "passed"
    stop = "import pytest\n\n\ndef pytest_runtest_teardown():\n    pytest.exit('enough')\n"
    (workspace.folder / "stop.py").write_text(stop)
    workspace.run(*cases, "-p", "stop", "--results", "r.json", expect=2)
    check = checks_of(workspace)[name]
    assert (check["status"], check["points"]) == ("not reached", 0)
    assert check["message"] == f"1 of {len(cases)} cases ran; the run ended before the others"


def checks_of(workspace):
    record = json.loads((workspace.folder / "r.json").read_text())
    return {check["name"]: check for check in record["topics"]["softmax"]["checks"]}


CRASH = "    print('here', axis)\n    mine = torch.summ(x)\n    weights = "


def test_same_exception_at_the_same_line_is_shown_once_where_it_happened(workspace):
    path = workspace.solve()
    path.write_text(path.read_text().replace("    weights = ", CRASH))
    line = path.read_text().splitlines().index("    mine = torch.summ(x)") + 1
    output = workspace.run("exercises/softmax.py", "--junitxml", "junit.xml", expect=1)
    assert output.count("has no attribute 'summ'. Did you mean: 'sum'?") == 1, output
    failures, summary = output.split("= short test summary info =")
    assert failures.count("softmax raised AttributeError: module 'torch'") == 1
    assert "FAILED exercises/softmax.py::example softmax - softmax raised Attr" in summary
    assert re.search(r"= 1 failed, .*\d+ failed for the same reason", summary)
    cases = ElementTree.parse(workspace.folder / "junit.xml").iter("testcase")
    messages = [f.get("message") for case in cases for f in case.iter("failure")]
    assert any(m and "softmax raised AttributeError" in m for m in messages)
    places = workspace.run("exercises/softmax.py", "--tb=line", "-x", expect=1)
    assert f"softmax.py:{line}" in places


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("    result", "is None, but should be a tensor; does the function end without `return`?"),
        (
            "    yield result",
            "is a generator, but should be a tensor; the function should `return`, not",
        ),
        ("    return [result]", "is a list ("),
    ],
)
def test_same_kind_of_wrong_result_is_shown_once(workspace, wrong, said):
    path = workspace.solve()
    source = path.read_text()
    head, _, rest = source.partition("def softmax(")
    body, end, others = rest.partition("\n\n\n")
    lines = body.splitlines()
    last = next(i for i, line in enumerate(lines) if line.startswith("    return "))
    lines[last] = f"{lines[last].replace('return', 'result =')}\n{wrong}"
    path.write_text(f"{head}def softmax({chr(10).join(lines)}{end}{others}")
    output = workspace.run("graders/softmax.py", expect=1)
    failures, summary = output.split("= short test summary info =")
    assert failures.count("softmax of a (") == 1
    # The check of the contract's words has a message of its own.
    assert failures.count("but should be a tensor") == 2
    assert said in failures
    assert "failed for the same reason" in summary


def test_checks_stand_at_the_functions_of_the_student(workspace):
    path = workspace.solve()
    conftest = workspace.folder / "conftest.py"
    hook = "def pytest_collection_modifyitems(items):\n    for i in items:\n        print('AT', *i.location)\n"
    conftest.write_text(conftest.read_text() + hook)
    output = workspace.run("exercises/softmax.py", "--collect-only", "-q", expect=0)
    line = next(i for i, s in enumerate(path.read_text().splitlines()) if "def log_softmax" in s)
    assert f"AT exercises/softmax.py {line} test_log_softmax_stays_finite" in output
    assert "AT graders" not in output


@pytest.mark.parametrize("option", ["-s", "-rA"])
def test_prints_of_passing_checks_are_shown_where_pytest_shows_prints(workspace, option):
    path = workspace.solve()
    path.write_text(path.read_text().replace("    weights = ", "    print('here')\n    weights = "))
    shown = workspace.run("exercises/softmax.py", "-k", "divides_by", option, expect=0)
    assert "| here" in shown
    assert "| here" not in workspace.run("exercises/softmax.py", "-k", "divides_by", expect=0)


def test_untouched_stubs_are_told_without_formatting_a_traceback(workspace):
    conftest = workspace.folder / "conftest.py"
    hook = "import _pytest._code\n_pytest._code.ExceptionInfo.getrepr = None\n"
    conftest.write_text(conftest.read_text() + hook)
    output = workspace.run("exercises", expect=1)
    assert re.search(r"\d+ not started in", output)
    assert "INTERNALERROR" not in output


def test_byte_order_mark_costs_neither_examples_nor_rules(workspace):
    path = workspace.solve()
    old = "    return weights / weights.sum(dim=axis, keepdim=True)"
    spoilt = path.read_text().replace(old, f"{old} + 0 * torch.softmax(x, axis)")
    path.write_text(spoilt, encoding="utf-8-sig")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    output = workspace.run("exercises/softmax.py", "-v", expect=1)
    assert "exercises/softmax.py::example softmax " in output
    assert re.search(r"softmax\.py:\d+ uses torch\.softmax, but this topic", output)


def test_no_line_of_a_run_is_wider_than_a_terminal(workspace):
    output = workspace.run("exercises", expect=1)
    header = output.partition("collected")[0]
    assert all(len(line) <= 80 for line in header.splitlines() if "rootdir" not in line), header


def test_pytest_alone_in_a_clone_runs_the_exercises():
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
    ).stdout
    collected = [line for line in listed.splitlines() if "::" in line]
    assert collected
    assert all(line.startswith("exercises/") for line in collected)


@pytest.mark.needs("torch", "tensorflow")
def test_submission_elsewhere_and_mixed_frameworks(workspace):
    workspace.solve("tensorflow", "softmax")
    workspace.solve("torch", "cross_entropy")
    (workspace.folder / "handed in").mkdir()
    workspace.exercises.rename(workspace.folder / "kept")
    record_folder = workspace.folder / "kept"
    output = workspace.run("graders", "--submission", "kept", "--results", "r.json", expect=0)
    record = json.loads((workspace.folder / "r.json").read_text())
    assert record["framework"] == "mixed"
    assert record["topics"]["softmax"]["framework"] == "tensorflow"
    assert set(record["versions"]) >= {"torch", "tensorflow"}
    assert record_folder.is_dir()
    assert "done" in output


LOADED = 'import sys\nprint("{}", sorted({{"torch", "tensorflow", "keras"}} & set(sys.modules)))\n'


@pytest.mark.parametrize(
    ("framework", "imports", "loaded"),
    [
        pytest.param("torch", "torch", "['torch']", marks=pytest.mark.needs("torch")),
        pytest.param(
            "tensorflow",
            "tensorflow as tf",
            "['keras', 'tensorflow']",
            marks=pytest.mark.needs("tensorflow"),
        ),
    ],
)
def test_run_imports_the_framework_it_needs_in_the_worker_and_none_in_pytest(
    workspace, framework, imports, loaded
):
    workspace.write(f"import {imports}\n" + LOADED.format("WORKER") + "\ndef softmax(x): pass\n")
    hook = LOADED.format("PYTEST").replace("\n", "\n    ")
    conftest = workspace.folder / "conftest.py"
    conftest.write_text(conftest.read_text() + f"\ndef pytest_unconfigure(config):\n    {hook}\n")
    output = workspace.run("graders/softmax.py", "-k", "offset", expect=1)
    assert f"WORKER {loaded}" in output
    assert "PYTEST []" in output


@pytest.mark.parametrize(
    "options", [("--start-method", "spawn"), ("--in-process",)], ids=["spawn", "in-process"]
)
def test_other_ways_to_run_give_the_same_verdicts(workspace, options):
    path = workspace.solve()
    path.write_text(path.read_text().replace(") / temperature", ")"))
    forked = workspace.results("graders/softmax.py", "--seed", "3")
    other = workspace.results("graders/softmax.py", "--seed", "3", *options)
    verdicts = [
        {c["name"]: (c["status"], c["message"]) for c in r["topics"]["softmax"]["checks"]}
        for r in (forked, other)
    ]
    assert verdicts[0] == verdicts[1]
    assert other["grade"] is (options[0] != "--in-process")


def test_in_process_run_says_that_it_is_no_grade_and_stops_at_a_breakpoint(workspace):
    workspace.write(SOFTMAX_ONLY.replace("weights = torch", "breakpoint()\n    weights = torch"))
    (workspace.folder / "debugger.py").write_text(
        "import sys\ndef stop():\n    print('STOPPED IN', sys._getframe(1).f_code.co_name)\n"
    )
    (workspace.folder / "conftest.py").write_text(
        'import sys\nsys.path.insert(0, "")\nimport debugger\npytest_plugins = ("katagrad.pytest_plugin.plugin",)\n'
        "def pytest_runtest_call(item):\n    sys.breakpointhook = debugger.stop\n"
    )
    output = workspace.run("exercises/softmax.py", "--in-process", "-k", "offset", "-s")
    assert "STOPPED IN softmax" in output
    assert "not a grade" in output
    elsewhere = workspace.run("exercises/softmax.py", "-k", "offset", expect=1)
    assert "to stop at breakpoint(), run pytest exercises/softmax.py --in-process" in elsewhere


def test_a_long_list_of_plugins_is_wrapped():
    listed = "plugins: " + ", ".join(f"plugin-{n}.0" for n in range(20))
    wrapped = _wrapped(["rootdir: /a", listed])
    assert wrapped[0] == "rootdir: /a"
    assert max(map(len, wrapped)) <= 80
    assert " ".join(line.strip() for line in wrapped[1:]) == listed
