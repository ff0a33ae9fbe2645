"""Profiles: nested events become stacks, a flame graph and a table, and the page links to them."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from katagrad.bench import profile
from katagrad.bench.fixture import Timing
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


def test_kernels_of_a_gpu_stand_beside_the_operators_that_start_them():
    torch = pytest.importorskip("torch")
    from katagrad.worker.adapters.torch_profile import KERNELS, by_thread

    cpu, gpu = torch.autograd.DeviceType.CPU, torch.autograd.DeviceType.CUDA

    def event(name, start, end, device, thread=1, stream=7):
        span = SimpleNamespace(start=start, end=end)
        return SimpleNamespace(
            name=name, time_range=span, device_type=device, thread=thread, device_resource_id=stream
        )

    events = [event("mm", 0, 10, cpu), event("launch", 1, 3, cpu), event("sgemm", 2, 30, gpu)]
    stacks = merged(by_thread(events))
    assert {path: round(own * 1e6) for path, own, _ in stacks} == {
        ("mm",): 8,
        ("mm", "launch"): 2,
        (KERNELS, "sgemm"): 28,
    }
    shown = profile.page("a", {"stacks": stacks, "calls": 1})
    assert KERNELS == profile.KERNELS
    assert "run beside the operators that start them" in shown


def test_no_profile_takes_the_place_of_another(tmp_path):
    found = {"stacks": [[["mm"], 1.0, 1]], "calls": 1}
    titles = ["a f[1.5]", "a f[1,5]", "a f[1-5]", "a f[1 5]", f"a {'b' * 200}", f"a {'b' * 201}"]
    paths = {profile.write(tmp_path, title, found) for title in titles}
    assert len(paths) == len(titles)


def timing(**about):
    """The fixture's part that writes a profile, of a run with these settings."""
    usual = {"framework": "torch", "mode": "eager", "device": "cpu", "threads": 1, "precision": "float32"}  # fmt: skip
    return SimpleNamespace(
        runner=SimpleNamespace(**{**usual, **about}),
        topic=SimpleNamespace(name="softmax"),
        name="bench_softmax[small]",
        _ask=lambda *_, **__: {"stacks": [[["mm"], 1.0, 1]], "calls": 1},
    )


def test_runs_of_other_frameworks_and_modes_have_profiles_of_their_own(tmp_path):
    ways = [{}, {"framework": "tensorflow"}, {"mode": "compiled"}, {"threads": 2}]
    written = [Timing._profile(timing(profile=tmp_path, **way), None)["profile"] for way in ways]
    assert len(set(written)) == len(ways)
    assert Path(written[0]).name.startswith("softmax-bench_softmax-small-torch-")


@pytest.mark.parametrize("plugin", ["katagrad.bench.plugin", "katagrad.bench.own.plugin"])
def test_a_folder_that_cannot_hold_profiles_is_refused_before_the_timing(tmp_path, plugin):
    (tmp_path / "file").write_text("")
    own = plugin == "katagrad.bench.own.plugin"
    option = "--bench-profile" if own else "--profile"
    (tmp_path / "bench_a.py").write_text("def bench_a(bench): bench(len, [])\n")
    command = [sys.executable, "-m", "pytest", f"{option}={tmp_path / 'file'}", "-p", "no:cacheprovider"]  # fmt: skip
    command += (
        ["-p", "no:katagrad", "-p", plugin, str(tmp_path)]
        if own
        else ["benchmarks/softmax.py", "--framework=torch", "-k", "log_softmax-small"]
    )
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    folder = tmp_path if own else root()
    done = subprocess.run(command, cwd=folder, env=plain, capture_output=True, text=True)
    assert done.returncode == 4, done.stdout + done.stderr
    assert f"{option} cannot be written: " in done.stderr
    assert "[1/1]" not in done.stdout


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
