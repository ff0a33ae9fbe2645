"""A closure around f, counts in a list, a module for the step, and the standard library's statistics; in PyTorch."""

import itertools
import statistics
import time

import torch


class Compiled:
    def __init__(self, f, backend=None):
        if backend is not None and backend not in torch._dynamo.list_backends(exclude_tags=None):
            raise ValueError(backend)
        self.graphs = []
        self.inner = torch._dynamo.lookup_backend("aot_eager" if backend is None else backend)

        def run(*args):
            return f(*args)

        self.compiled = torch.compile(run, backend=self.keep, dynamic=True)

    def keep(self, graph, example_inputs):
        self.graphs.append(graph)
        return self.inner(graph, example_inputs)

    def __call__(self, first, *others):
        given = [first]
        for value in others:
            if not torch.is_tensor(value):
                value = torch.full((), value, dtype=first.dtype)
            given.append(value)
        return self.compiled(*given)

    def traces(self):
        return len(self.graphs)


class Step(torch.nn.Module):
    def forward(self, x, mean, count):
        rows = x.new_ones(x.shape[0]).sum()
        return mean + (x.sum(0) - rows * mean) / (count + rows)


class RunningMean:
    def __init__(self, width):
        self.state = {"mean": torch.zeros(width), "count": 0}
        self.compiled = Compiled(Step())

    def update(self, x):
        count = torch.tensor(float(self.state["count"]))
        mean = self.compiled(x, self.state["mean"], count)
        self.state = {"mean": mean, "count": self.state["count"] + len(x)}
        return mean.clone()

    def reset(self):
        self.state = {"mean": torch.zeros_like(self.state["mean"]), "count": 0}

    def traces(self):
        return self.compiled.traces()


def count_traces(f, calls):
    compiled, totals = Compiled(f), [0]
    for args in calls:
        compiled(*args)
        totals.append(compiled.traces())
    return [after - before for before, after in itertools.pairwise(totals)]


def max_difference(f, args, backend=None):
    gaps = torch.sub(Compiled(f, backend)(*args), f(*args)).abs().flatten().tolist()
    return max(float("inf") if gap != gap else gap for gap in gaps)


def time_calls(f, args, warmup=3, repeats=20, clock=None):
    if min(warmup, repeats) <= 0:
        raise ValueError("too few calls")
    clock = time.perf_counter if clock is None else clock

    def timed():
        start = clock()
        f(*args)
        end = clock()
        return end - start

    warm = [timed() for _ in range(warmup)]
    later = sorted(timed() for _ in range(repeats))
    low = high = later[0]
    if repeats > 1:
        low, _, high = statistics.quantiles(later, n=4, method="inclusive")
    return {
        "iqr": float(high - low),
        "first": float(warm[0]),
        "median": float(statistics.median(later)),
    }


def break_even(first, compiled, eager):
    n, limit = 1, 10**6
    while n < limit:
        if first + (n - 1) * compiled < n * eager:
            return n
        if eager <= compiled:
            return None
        n += 1
    return None
