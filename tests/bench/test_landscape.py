"""Four models, and one body in every way that it can run: the tables, and the ways that exist here."""

import subprocess
import sys

import pytest

from katagrad.bench import landscape, machine, models
from katagrad.bench.landscape import Timed, Way, lines, ways
from katagrad.topics import root, topics


def test_every_way_is_there_once():
    found = list(ways(["torch", "tensorflow"], ("float32", "bfloat16"), 4))
    assert len(found) == len(set(found)) == (2 + 3) * 2 * 2
    assert [way.label for way in ways(["tensorflow"], ("float32",), 1)] == [
        "TensorFlow, eager, 1 thread",
        "tf.function, 1 thread",
        "XLA, 1 thread",
    ]


def test_the_table_sets_compiling_apart_and_compares_with_eager():
    eager = Way("torch", "eager", 2, "bfloat16")
    found = {"f[small]": {eager: Timed(0.01, 0.002), eager._replace(mode="compiled"): Timed(4.001, 0.001)}}  # fmt: skip
    name, head, first, second = lines(found)
    assert name == "f[small]"
    assert head.split() == ["first", "call", "compiling", "steady", "by", "eager"]
    assert first.split() == [
        "PyTorch,",
        "eager,",
        "2",
        "threads,",
        "bfloat16",
        *["10.0", "ms", "-", "2.00", "ms", "-"],
    ]
    assert second.split()[-8:] == [
        "4.00",
        "s",
        "4.00",
        "s",
        "1.00",
        "ms",
        "0.500",
        "\N{MULTIPLICATION SIGN}",
    ]
    assert len(first) == len(second) == len(head)


def test_bfloat16_is_for_processors_that_have_it(monkeypatch):
    monkeypatch.setattr(machine, "has_bfloat16", lambda: False)
    assert landscape.precisions() == ("float32",)
    monkeypatch.setattr(machine, "has_bfloat16", lambda: True)
    assert landscape.precisions() == ("float32", "bfloat16")


@pytest.mark.needs("torch")
def test_xla_is_of_tensorflow():
    command = [
        sys.executable,
        "-m",
        "pytest",
        "benchmarks/softmax.py",
        "--framework=torch",
        "--mode=xla",
    ]
    done = subprocess.run(command, cwd=root(), capture_output=True, text=True)
    assert done.returncode == 4
    assert "--mode xla is for --framework tensorflow" in done.stderr


def test_one_body_is_timed_by_xla():
    pytest.importorskip("tensorflow")
    seen = []
    every = [Way("tensorflow", "xla", 1, "float32")]
    found, problems = landscape.run(
        topics()["softmax"],
        every,
        "small",
        "bench_softmax and not log and not gradient",
        True,
        lambda *about: seen.append(about),
    )
    assert problems == []
    (timed,) = found.values()
    assert timed[every[0]].first > 0
    assert seen[0] == (0, 1, "XLA, 1 thread")


def test_a_selection_of_nothing_ends_before_the_ways():
    pytest.importorskip("torch")
    command = [sys.executable, "-m", "katagrad", "bench", "landscape", "softmax", "-k", "nothing"]
    done = subprocess.run([*command, "--framework=torch"], capture_output=True, text=True)
    said = "kata: no benchmark of softmax has the size small and matches 'nothing'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_models_are_timed(framework, monkeypatch):
    pytest.importorskip(framework)
    chosen = [one for one in models.MODELS if one.name == "MLP"]
    monkeypatch.setattr(models, "MODELS", chosen)
    head, line = models.run(framework, "small", True, 1, "cpu", None)
    assert head.split() == ["training", "inference"]
    assert line.startswith("MLP")
    assert line.count("/s") == 2, line
