"""Profiles: nested events become stacks, a flame graph and a table, and the page links to them."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from katagrad.bench import profile
from katagrad.bench.page.page import write
from katagrad.topics import root
from katagrad.worker.profiling import merged, nested

EVENTS = [
    ("step", 0.0, 10.0),
    ("mm", 1.0, 4.0),
    ("copy", 2.0, 3.0),
    ("mm", 5.0, 6.0),
    ("step", 20.0, 21.0),
]


def test_nested_events_become_stacks_with_their_own_time():
    assert {path: (own, count) for path, own, count in nested(EVENTS)} == {
        ("step",): (6.0 + 1.0, 2),
        ("step", "mm"): (2.0 + 1.0, 2),
        ("step", "mm", "copy"): (1.0, 1),
    }


def test_threads_are_merged_longest_first():
    (first, *_) = merged([nested(EVENTS), nested([("wait", 0.0, 30.0)])])
    assert first == (("wait",), 30.0, 1)


def test_the_page_of_a_profile_shows_shares_and_escapes_names():
    found = {"stacks": [[["<b>"], 3.0, 6], [["<b>", "mm"], 1.0, 3]], "calls": 3}
    shown = profile.page("a<b", found)
    assert "<title>a&lt;b</title>" in shown
    assert "<b>" not in shown
    assert "<title>&lt;b&gt;: 100" in shown
    assert "<script" not in shown
    assert profile.operators(profile.tree(found["stacks"])) == [("<b>", 3.0, 6), ("mm", 1.0, 3)]


@pytest.mark.parametrize(("framework", "operator"), [("torch", "aten::"), ("tensorflow", "Sub")])
def test_a_run_writes_a_profile_and_the_page_links_to_it(tmp_path, framework, operator):
    if importlib.util.find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    written = tmp_path / "result.json"
    command = [sys.executable, "-m", "pytest", "benchmarks/softmax.py", "-p", "no:cacheprovider"]
    command += ["--framework", framework, "--quick", "-k", "log_softmax-small"]
    command += ["--profile", str(tmp_path / "profiles"), f"--benchmark-json={written}"]
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=root(), env=plain, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (one,) = json.loads(written.read_text())["benchmarks"]
    (path,) = (tmp_path / "profiles").iterdir()
    assert one["extra_info"]["profile"] == path.as_posix()
    assert operator in path.read_text()
    write([written], tmp_path / "page.html")
    assert f'<a href="profiles/{path.name}">profile</a>' in (tmp_path / "page.html").read_text()
