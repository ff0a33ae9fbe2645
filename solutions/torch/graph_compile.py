"""Compiled functions, state that is not frozen, and fair timing, in PyTorch."""

import math
import time

import torch


class Compiled:
    def __init__(self, f, backend=None):
        backend = "aot_eager" if backend is None else backend
        if backend not in torch.compiler.list_backends(exclude_tags=()):
            raise ValueError(f"torch.compile knows no backend {backend!r}")
        compile_graph = torch._dynamo.lookup_backend(backend)
        self.made = 0

        def counted(graph, inputs):
            run = compile_graph(graph, inputs)
            # Not before: with a float64 tensor (), PyTorch may give up a first attempt and start anew.
            self.made += 1
            return run

        self.run = torch.compile(f, backend=counted, dynamic=True, fullgraph=True)

    def __call__(self, *args):
        dtype = args[0].dtype
        return self.run(
            *(a if isinstance(a, torch.Tensor) else torch.tensor(a, dtype=dtype) for a in args)
        )

    def traces(self):
        return self.made


def take_in(x, total, count):
    """The sum and the number of all rows, and the mean, as one tensor (2 width + 1,)."""
    total, count = total + x.sum(dim=0), count + x.shape[0]
    return torch.cat([total, count[None], total / count])


class RunningMean:
    def __init__(self, width):
        self.width, self.step = width, Compiled(take_in)
        self.reset()

    def update(self, x):
        state = self.step(x, self.total, self.count)
        self.total, self.count = state[: self.width], state[self.width]
        return state[self.width + 1 :].clone()

    def reset(self):
        self.total, self.count = torch.zeros(self.width), torch.tensor(0.0)

    def traces(self):
        return self.step.traces()


def count_traces(f, calls):
    compiled, found = Compiled(f), []
    for args in calls:
        before = compiled.traces()
        compiled(*args)
        found.append(compiled.traces() - before)
    return found


def max_difference(f, args, backend=None):
    difference = (Compiled(f, backend)(*args) - f(*args)).abs()
    return difference.nan_to_num(nan=math.inf, posinf=math.inf).max().item()


def time_calls(f, args, warmup=3, repeats=20, clock=None):
    if warmup < 1 or repeats < 1:
        raise ValueError(f"warmup is {warmup} and repeats {repeats}, but both should be at least 1")
    clock = clock or time.perf_counter
    seconds = []
    for _ in range(warmup + repeats):
        start = clock()
        f(*args)
        seconds.append(clock() - start)
    timed = torch.tensor(seconds[warmup:], dtype=torch.float64)
    low, median, high = timed.quantile(torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64))
    return {"first": float(seconds[0]), "median": median.item(), "iqr": (high - low).item()}


def break_even(first, compiled, eager):
    if first < eager:
        return 1
    if eager <= compiled:
        return None
    return math.floor((first - compiled) / (eager - compiled)) + 1
