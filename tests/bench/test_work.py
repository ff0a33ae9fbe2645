"""What a benchmark says that a call is: operations and bytes, counted by hand and by a framework; and long blocks."""

import ast
import importlib.util
import itertools
import subprocess
import sys
from unittest.mock import MagicMock

import pytest

from katagrad.bench import work
from katagrad.bench.blocks import BLOCK_SECONDS, calls
from katagrad.bench.networks import EXPORTED
from katagrad.bench.runner import Ceilings
from katagrad.grading.cases import _axis
from katagrad.topics import root, topics

# Steps of training in PyTorch under its own counter of operations, for which only matrix products count.
COUNTED = """
import torch
from torch.utils.flop_counter import FlopCounterMode
widths, rows, batch = [7, 5, 3, 2], 10, 4
layers = [torch.nn.Linear(a, b) for a, b in zip(widths, widths[1:])]
model = torch.nn.Sequential(*[part for layer in layers for part in (layer, torch.nn.ReLU())])
x = torch.randn(rows, 7)
with FlopCounterMode(display=False) as counter:
    model(x)
forward = counter.get_total_flops()
with FlopCounterMode(display=False) as counter:
    for part in x.split(batch):
        model(part).sum().backward()
training = counter.get_total_flops()
with FlopCounterMode(display=False) as counter:
    model(x.requires_grad_()).sum().backward()
print(forward, training, counter.get_total_flops())
"""


@pytest.mark.needs("torch")
def test_operations_of_dense_layers_are_those_that_pytorch_counts():
    answered = subprocess.run(
        [sys.executable, "-c", COUNTED], capture_output=True, text=True, check=True, timeout=120
    )
    forward, training, with_inputs = map(int, answered.stdout.split())
    widths = [7, 5, 3, 2]
    assert work.forward(widths, 10)["flops"] == forward
    assert work.training(widths, 10, 4, work.ADAM)["flops"] == training
    assert work.gradient(widths, 10)["flops"] == training
    assert work.gradient(widths, 10, inputs=True)["flops"] == with_inputs


def test_bytes_are_what_must_be_read_and_written_once():
    # (3, 2) times (2, 4): 6 numbers and 8 numbers in, 12 out, of four bytes.
    assert work.product(3, 2, 4) == {"flops": 48, "bytes": 4 * 26}
    assert work.elementwise(10, 5, 3) == {"flops": 50, "bytes": 120}
    # 10 rows of 7 in and of 2 out; 35 + 15 + 6 weights and 10 biases.
    assert work.forward([7, 5, 3, 2], 10)["bytes"] == 4 * (70 + 20 + 66)
    # The parameters are read, and their gradients written; labels have eight bytes.
    assert work.gradient([7, 5, 3, 2], 10)["bytes"] == 4 * (70 + 2 * 66) + 8 * 10
    assert work.gradient([7, 5, 3, 2], 10, inputs=True)["bytes"] == 4 * (140 + 2 * 66) + 8 * 10
    # Three steps (4, 4 and 2 rows), in each of which weights and both means are read and written.
    assert work.training([7, 5, 3, 2], 10, 4, work.ADAM)["bytes"] == 3 * 4 * 6 * 66 + 10 * (28 + 8)
    bytewise = work.training([7, 5, 3, 2], 10, 10, work.SGD, target=4, value=1)
    assert bytewise["bytes"] == 4 * 2 * 66 + 10 * (7 + 4)


def test_a_short_call_fills_a_block_although_its_end_takes_long():
    asked = []

    def block(
        count,
    ):  # a microsecond a call, and a tenth of a millisecond to read a number at the end
        asked.append(count)
        return 1e-6 * count + 1e-4

    count = calls(block, 1e-6 + 1e-4)
    assert 0.8 * BLOCK_SECONDS <= block(count) <= 1.3 * BLOCK_SECONDS
    assert len(asked) <= 4


def test_a_long_call_is_a_block_and_is_not_tried():
    def block(count):
        raise AssertionError(f"{count} calls were made")

    assert calls(block, BLOCK_SECONDS * 1.5) == 1


def test_a_clock_that_stands_still_ends_somewhere():
    assert calls(lambda count: 0.0, 0.0) >= 1


def test_every_topic_has_benchmarks_at_two_sizes():
    for name in topics():
        text = (root() / "benchmarks" / f"{name}.py").read_text(encoding="utf-8")
        tree = ast.parse(text)
        functions = [one for one in tree.body if isinstance(one, ast.FunctionDef)]
        made = [one for one in functions if one.name.startswith("bench_")]
        assert made, name
        for function in made:
            assert "size" in {argument.arg for argument in function.args.args}, (name, function)
        tables = [
            [getattr(key, "value", None) for key in node.value.keys]
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        ]
        if "from katagrad.bench.networks import EXPORTED" in text:
            tables.append(list(EXPORTED))
        sizes = [keys for keys in tables if keys[0] == "small"]
        assert sizes, name
        assert all(len(keys) >= 2 for keys in sizes), name


def test_a_call_is_held_against_a_copy_of_its_own_size():
    found = Ceilings(copies={1 << 10: 3e10, 1 << 16: 9e10, 1 << 24: 4e10})
    assert found.copy() == 4e10  # of memory, where nothing is known
    assert found.copy(8 << 16) == 9e10
    assert found.copy((8 << 16) + 1) == 4e10
    # The smallest copy is slow by what starting it takes: what is as small may be as fast as any larger one.
    assert found.copy(100) == 9e10
    assert found.copy(1e12) == 4e10
    assert Ceilings().copy(5) == 0.0


def stated(path):
    """Whether flops and bytes are stated, for each benchmark of a file at each size."""
    spec = importlib.util.spec_from_file_location(f"counted_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, function in vars(module).items():
        if name.startswith("bench_"):
            marks = [mark for mark in function.pytestmark if mark.name == "parametrize"]
            for values in itertools.product(*(_axis(mark, name) for mark in marks)):
                bench = MagicMock()
                function(bench, **{k: v for one in values for k, v in one.arguments.items()})
                (call,) = bench.time.call_args_list
                yield {"flops", "bytes"} <= set(call.kwargs)


def test_the_document_counts_the_benchmarks_that_state_flops_and_bytes():
    found = [both for name in topics() for both in stated(root() / "benchmarks" / f"{name}.py")]
    text = (root() / "docs" / "benchmarking.md").read_text(encoding="utf-8")
    said = f"{sum(found)} of the {len(found)} benchmarks state both"
    assert said in " ".join(text.split()), f"docs/benchmarking.md should say: {said}"
