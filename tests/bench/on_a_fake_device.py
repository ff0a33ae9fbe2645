"""Run all PyTorch benchmarks on a device that is not there, and print a line for each that could not.

A stand-in for a GPU, where none is: PyTorch's fake tensors compute nothing, but know their device and refuse to mix
two, and a Python backend gives the device a name. What CUDA refuses besides is added here: generators of another
device, indices of another device, drivers of LAPACK. Not seen: types (a fake product takes any), numbers, and what
depends on numbers.
"""

import importlib
import importlib.util
import os
import sys
import tempfile
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from katagrad.topics import root, topics
from katagrad.worker.adapters import torch as for_torch
from katagrad.worker.session import Session
from katagrad.worker.wire import Random

DEVICE = "pretended"
# What they ask fake tensors cannot answer: whether a number is in a tuple, an index from a list, whether all is finite
# or near or equal.
UNSEEN = (
    "roc_auc::bench_multiclass_auc",
    "classification_problem::bench_train",
    "debugging::bench_nan_guard",
    "image_project::bench_groups",
    "pruning::bench_cluster",
)
# Their benchmarks write files and open them again, or answer requests: fake tensors have no numbers to write.
ELSEWHERE = ("save_load", "export_model", "export_onnx", "export_litert", "serving")


class Strict(TorchFunctionMode):
    """What CUDA refuses and a fake tensor lets through, and stand-ins for what depends on numbers."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is torch.tensor:
            with torch.device("cpu"):
                return torch.tensor(*args, **{**kwargs, "device": "cpu"}).to(DEVICE)
        if func is torch.bincount:
            return torch.zeros(kwargs["minlength"], dtype=torch.int64, device=args[0].device)
        if func is torch.Tensor.unique:
            found = args[0].new_zeros(2)
            return (found, found) if kwargs.get("return_counts") else found
        if func is torch.linalg.lstsq and kwargs.get("driver") not in (None, "gels"):
            raise RuntimeError("on CUDA, lstsq has the driver gels alone")
        if func is torch.Tensor.__getitem__:
            indexed, index = args
            for one in index if isinstance(index, tuple) else (index,):
                if not isinstance(one, torch.Tensor):
                    continue
                if one.device.type not in ("cpu", indexed.device.type):
                    raise RuntimeError(f"an index on {one.device} for a tensor on {indexed.device}")
                if one.dtype == torch.bool:
                    return indexed[:2]
        if kwargs.get("generator") is not None:
            drawn = kwargs.get("device") or (args[0].device if _tensor(args) else DEVICE)
            if torch.device(drawn).type != kwargs["generator"].device.type:
                raise RuntimeError(f"a generator of {kwargs['generator'].device} draws on {drawn}")
        return func(*args, **kwargs)


def _tensor(args):
    return bool(args) and isinstance(args[0], torch.Tensor)


class Bench:
    """The fixture, in this process: it makes the call, and does not time it."""

    def __init__(self, session):
        self.session, self.generator = session, np.random.default_rng(0)

    def normal(self, *size, scale=1.0):
        return self.generator.standard_normal(size, np.float32) * np.float32(scale)

    def uniform(self, *size, low=0.0, high=1.0):
        return (self.generator.random(size, np.float32) * (high - low) + low).astype(np.float32)

    def integers(self, high, *size):
        return self.generator.integers(0, high, size)

    def rng(self, seed=0):
        return Random(seed)

    def call(self, name, *args, **kwargs):
        kwargs.pop("returns", None)  # the form of the result on the wire, which is not crossed
        return getattr(self.session.module, name)(*self.lift(args), **self.lift(kwargs))

    def drive(self, function):
        return lambda *args: function(self.session.module, *args)

    def lift(self, value):
        if isinstance(value, (list, tuple)):
            return type(value)(self.lift(one) for one in value)
        if isinstance(value, dict):
            return {key: self.lift(one) for key, one in value.items()}
        if isinstance(value, (np.floating, np.ndarray)) and value.dtype == np.float64:
            value = np.asarray(value, np.float32)
        return self.session.lift(np.asarray(value) if isinstance(value, np.generic) else value)

    def time(self, target, *args, items, unit, backward=False, wrt=0, output=(), exhaust=False, **kwargs):  # fmt: skip
        for name in ("flops", "bytes", "against"):
            kwargs.pop(name, None)
        function = target
        if isinstance(target, str):
            function = getattr(self.session.module, target)
        elif isinstance(target, tuple):
            function = getattr(*target)
        lifted, named = self.lift(args), self.lift(kwargs)
        leaves = []
        for one in (wrt if isinstance(wrt, list) else [wrt]) if backward else ():
            self.session.collect(lifted[one], leaves)
        tape = for_torch.Tape(leaves)
        result = function(*lifted, **named)
        if exhaust:
            list(result)
        if backward:
            for step in output if isinstance(output, (list, tuple)) else [output]:
                result = result[step]
            tape.pull(result)


def main(names, solutions=None):
    warnings.simplefilter("ignore")
    os.chdir(tempfile.mkdtemp())  # solutions write files
    _setup_privateuseone_for_python_backend(DEVICE)
    FakeTensorMode.may_turn_const = lambda self, tensor: False
    torch.Tensor.item = lambda self: 1.0 if self.is_floating_point() else 1
    for name, value in {"__float__": 1.0, "__int__": 1, "__bool__": False}.items():
        setattr(torch.Tensor, name, lambda self, value=value: value)
    torch.Tensor.tolist = lambda self: [0] * len(self) if self.dim() else 0
    for_torch.configure(1, DEVICE)
    sys.path.insert(0, str(solutions or root() / "solutions" / "torch"))
    session = Session(for_torch, Path())
    done = 0
    for name in names or [name for name in topics() if name not in ELSEWHERE]:
        path = root() / "benchmarks" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(f"bench_of_{name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        session.module = importlib.import_module(name)
        for title, function in list(vars(module).items()):
            if not title.startswith("bench_") or f"{name}::{title}" in UNSEEN:
                continue
            marks = {one.args[0]: list(one.args[1]) for one in function.pytestmark}
            marks["size"] = ["small"]
            for values in product(*marks.values()):
                with FakeTensorMode(allow_non_fake_inputs=True), Strict():
                    try:
                        function(bench=Bench(session), **dict(zip(marks, values, strict=True)))
                        done += 1
                    except Exception as error:
                        line = (str(error).splitlines() or [""])[0]
                        print(f"{name}::{title}{values}: {type(error).__name__}: {line}")
    print(f"{done} ran on {DEVICE}")


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # the Python backend does not survive the interpreter's end
