"""Hidden checks of exercises/graph_compile.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.companion import plant
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.expect import (
    close,
    dtype,
    equal,
    generator,
    holds,
    normal,
    number,
    raises,
)
from katagrad.authoring.structure import keys
from katagrad.boundary.implementation import opaque

PYTHON = "f itself may run only while a graph is made; then the graph runs."
SIZES = "TensorFlow: input_signature with None for each size. PyTorch: dynamic=True."
NUMBERS = "Make a tensor () of each Python number before the graph sees it."
# The first graph of a process takes PyTorch seconds, and a busy machine far more.
COMPILING = 90
STATE = "A graph freezes Python numbers. Hold state in variables, or pass it in and out."

# Functions that the grader plants beside the submission. EAGER notes each time that Python code runs outside of
# a trace. `made` is how many graphs the framework itself has made.
FUNCTIONS = '''
EAGER = []


def poly(x, s):
    note()
    return (x * x + 3.0 * x) * s


def dense(x, w, b):
    note()
    return x @ w + b


def double(x):
    note()
    return x + x


def far(x):
    """Not the same numbers while it is traced."""
    return x + 1.5 if tracing() else x


def uneven(x):
    """Less while it is traced, by another difference in each element."""
    return x - x * x if tracing() else x


def twofold(x, i):
    return i + i


def lost(x):
    return x * float("nan") if tracing() else x


def spotted(x):
    """The same numbers, but NaN while it is traced where x is 0."""
    return x * (x / x) if tracing() else x


def nowhere(x):
    return x * float("nan")


def endless(x):
    """Infinite, traced or not: infinity less infinity is NaN."""
    return x * float("inf")


def note():
    if not tracing():
        EAGER.append(1)
'''
CLOCK = """
SEEN = []


class Clock:
    def __init__(self, first, later):
        self.now, self.calls, self.log, self.first, self.later = 0 * first, 0, [], first, list(later)

    def read(self):
        self.log.append("read")
        return self.now

    def work(self, *args):
        self.log.append("call")
        self.now += self.first if self.calls == 0 else self.later[(self.calls - 1) % len(self.later)]
        self.calls += 1
        SEEN.append(len(args))


def slow():
    import time

    time.sleep(0.02)


def stop_time():
    # As if the clock of the system had been set back. Returns what makes it go again.
    import time

    kept, time.time = time.time, lambda: 0.0
    return lambda: setattr(time, "time", kept)
"""
TORCH = """
import torch
from torch._dynamo.utils import counters

USED = []


@torch._dynamo.register_backend
def planted(graph, inputs):
    USED.append(1)
    return graph.forward


def tracing():
    return torch.compiler.is_compiling()


def made():
    return counters["stats"]["unique_graphs"]
"""
# PyTorch imports the module of a function that another one calls in a graph.
FOUND = """
import sys
import types

here = types.ModuleType(__name__)
here.__dict__.update(globals())
sys.modules[__name__] = here
"""
TENSORFLOW = '''
import tensorflow as tf


def tracing():
    return not tf.executing_eagerly()


def foreign(x):
    """XLA cannot hold a call of Python."""
    found = tf.numpy_function(lambda a: a, [x], x.dtype)
    found.set_shape(x.shape)
    return found
'''


def planted(impl):
    """The functions above, in a process of its own."""
    # What torch.compile keeps for the code of a function outlives the objects: no more than eight graphs for it.
    impl.restart()
    source = TORCH + FUNCTIONS + FOUND if impl.framework == "torch" else TENSORFLOW + FUNCTIONS
    return plant(impl, "planted.py", source)


def poly(x, s):
    return (x * x + 3 * x) * s


def count(compiled, expected, of):
    found = compiled.traces()
    holds(type(found) is int, f"traces() {of} is {found!r}, but should be a Python integer")
    equal(found, expected, of=f"traces() {of}")


# -- Compiled --------------------------------------------------------------------------------------


@pytest.mark.grade(points=2, seconds=COMPILING)
@pytest.mark.parametrize("dtype_", ["float32", "float64"])
def test_compiled_has_the_numbers_of_f(impl, dtype_):
    """results are those of f, for any sizes and numbers, in the dtype of the arguments, each time anew"""
    module = planted(impl)
    given = impl.float64 if dtype_ == "float64" else impl
    scaled = given.Compiled(module.get("poly"))
    layer = given.Compiled(module.get("dense"))
    for rows in (2, 5, 5, 1, 9):
        x, w, b = normal(rows, 3), normal(3, 4), normal(4)
        s = 0.1 * rows
        found = scaled(x, s)
        dtype(found, dtype_, of=f"Compiled(f)(x, s), x in {dtype_}")
        rtol = 1e-4 if dtype_ == "float32" else 1e-10
        close(found, poly(x, s), of=f"Compiled(f)(x, {s:g}), x of {rows} rows", rtol=rtol)
        large = 1000 * np.abs(x)
        of = f"Compiled(f)(x, {s:g}), x about 1,000"
        close(scaled(large, s), poly(large, s), of=of, rtol=rtol)
        of = f"Compiled(dense)(x, w, b), x of {rows} rows"
        close(layer(x, w, b), x @ w + b, of=of, rtol=10 * rtol, atol=rtol)
    i = np.array([3, 2**24 + 1])
    of = "Compiled(f)(x, i), where f is i + i and i an int64 tensor"
    found = given.Compiled(module.get("twofold"))(normal(2, 3), i)
    close(found, 2 * i, of=of, rtol=0, atol=0, dtype="int64")


@pytest.mark.grade(points=2, hint=PYTHON, seconds=COMPILING)
def test_graphs_run_in_place_of_python(impl):
    """f runs while a graph is made, and not again; the framework has made as many graphs as traces() says"""
    module = planted(impl)
    before = module.made() if impl.framework == "torch" else 0
    compiled = impl.Compiled(module.get("poly"))
    count(compiled, 0, "before the first call")
    for _ in range(4):
        compiled(normal(2, 3), 2.0)
    count(compiled, 1, "after four calls of one form")
    equal(
        len(listed(module, "EAGER")),
        0,
        of="the number of calls of f outside of a trace, of four calls of Compiled(f)",
    )
    if impl.framework == "torch":
        equal(
            module.made() - before,
            1,
            of="the number of graphs that torch.compile made for Compiled(f)",
        )


def listed(module, name):
    found = module.get(name)
    return found if isinstance(found, list) else list(found.fetch())


@pytest.mark.grade(points=2, hint=SIZES, seconds=COMPILING)
def test_sizes_share_a_graph(impl):
    """other sizes make no graph; another dtype or number of axes makes one"""
    module = planted(impl)
    compiled = impl.Compiled(module.get("double"))
    for size in ((2, 3), (5, 3), (4, 7), (1000, 2)):
        compiled(normal(*size))
        count(compiled, 1, f"after x of shape {size}, where earlier ones had two axes, too,")
    wide = normal(4, 3)
    compiled_wide = impl.float64.Compiled(module.get("dense"))
    for rows, inner, outer in ((5, 3, 2), (8, 3, 2), (40, 3, 2), (7, 4, 6), (9, 5, 3)):
        x, w, b = normal(rows, inner), normal(inner, outer), normal(outer)
        close(compiled_wide(x, w, b), x @ w + b, of=f"Compiled(dense)(x, w, b), w {w.shape}")
        count(compiled_wide, 1, f"after x {x.shape}, w {w.shape} and b {b.shape}, and other sizes,")
    close(compiled(normal(4)) * 0, np.zeros(4), of="Compiled(f)(x), x of one axis")
    count(compiled, 2, "after x of one axis, where earlier ones had two,")
    close(compiled(wide), 2 * wide, of="Compiled(f)(x), again x of two axes")
    count(compiled, 2, "after x of two axes, as before,")
    for size in ((2, 3, 4), (5, 6, 7), (3, 2, 9)):
        compiled(normal(*size))
        count(compiled, 3, f"after x of shape {size}, and earlier ones of one and of two axes,")


@pytest.mark.grade(points=2, hint=NUMBERS, seconds=COMPILING)
def test_numbers_share_a_graph(impl):
    """Python numbers become tensors of the dtype of x: others make no graph, and none is frozen"""
    for given in (impl, impl.float64):
        # For the code of one function, another dtype counts twice in PyTorch.
        module = planted(impl)
        compiled, made = given.Compiled(module.get("poly")), 1
        x = normal(2, 3)
        for s in (2.0, 0.1, 3, -4, 1, 0):
            close(
                compiled(x, s),
                poly(x, s),
                of=f"Compiled(f)(x, {s})",
                rtol=1e-4 if given is impl else 1e-10,
            )
            # With a float64 tensor (), PyTorch may give up a first attempt; some solutions count it.
            if s == 2.0 and given is not impl:
                made = compiled.traces()
            count(compiled, made, f"after s = {s}, where earlier calls had other numbers,")


@pytest.mark.grade(points=1, seconds=COMPILING)
def test_objects_have_graphs_of_their_own(impl):
    """two objects count their own graphs, of one function and of two"""
    module = planted(impl)
    one, other = impl.Compiled(module.get("double")), impl.Compiled(module.get("double"))
    x = normal(2, 3)
    one(x)
    count(other, 0, "of an object that was not called")
    close(other(x), 2 * x, of="the result of a second object")
    third = impl.Compiled(module.get("poly"))
    close(third(x, 1.0), poly(x, 1.0), of="the result of an object of another function")
    for compiled in (one, other, third):
        count(compiled, 1, "of each of three objects, after one call")


@pytest.mark.grade(points=2, seconds=COMPILING)
def test_backends_are_used(impl):
    """a backend that is named compiles the graph, with the same numbers; another name raises ValueError"""
    module = planted(impl)
    for name in ("nothing", "XLA!", ""):
        with raises("ValueError", of=f"Compiled(f, {name!r})"):
            impl.Compiled(module.get("poly"), name)
    x = normal(2, 3)
    names = (
        ("eager", "aot_eager", "eager_noexcept", "planted")
        if impl.framework == "torch"
        else ("xla",)
    )
    for name in names:
        compiled = impl.Compiled(module.get("poly"), backend=name)
        close(compiled(x, 0.5), poly(x, 0.5), of=f"Compiled(f, {name!r})(x, 0.5)", rtol=1e-4)
        count(compiled, 1, f"after a call of Compiled(f, {name!r})")
    if impl.framework == "torch":
        equal(
            len(listed(module, "USED")),
            1,
            of="how often torch.compile asked a backend of the grader, named 'planted',",
        )
        return
    foreign = module.get("foreign")
    close(
        impl.Compiled(foreign)(x),
        x,
        of="Compiled(f)(x), f with a call of Python, which XLA cannot hold",
    )
    with raises(
        ("InvalidArgumentError", "UnimplementedError", "NotFoundError", "InternalError"),
        of="Compiled(f, 'xla')(x), f with a call of Python",
    ):
        impl.Compiled(foreign, "xla")(x)


# -- state -----------------------------------------------------------------------------------------


@pytest.mark.grade(points=3, hint=STATE, seconds=COMPILING)
@pytest.mark.parametrize("width", [7, 1])
def test_running_mean_takes_all_rows(impl, width):
    """each update adds its rows, whatever their number; two objects share nothing"""
    impl.restart()
    one, other = impl.RunningMean(width), impl.RunningMean(width)
    seen = np.zeros((0, width))
    for rows in (2, 3, 1, 5, 3):
        x = normal(rows, width, shift=3.0)
        seen = np.concatenate([seen, x])
        found = one.update(x, returns=None)
        of = f"update(x) of {rows} rows, after {len(seen) - rows} others"
        dtype(found, "float32", of=of)
        mistakes = {"the mean of these rows alone": x.mean(0)} if len(seen) > rows else {}
        close(found, seen.mean(0), of=of, rtol=1e-4, atol=1e-5, mistakes=mistakes)
    count(other, 0, "of an object without an update, where another had some,")
    x = normal(4, width)
    close(other.update(x), x.mean(0), of="update(x) of a second object", rtol=1e-4, atol=1e-5)
    x = normal(2, width)
    seen = np.concatenate([seen, x])
    close(
        one.update(x),
        seen.mean(0),
        of="update(x) after one of a second object",
        rtol=1e-4,
        atol=1e-5,
    )
    for size in (1e-3, 1e6):
        other.reset()
        x = size * normal(4, width)
        of = f"update(x) after a reset, x about {size:g}"
        close(other.update(x), x.mean(0), of=of, rtol=1e-4, atol=1e-5 * size)
    wider = impl.RunningMean(width + 2)
    other.reset()
    for mean, size in ((wider, width + 2), (other, width)):
        x = normal(4, size)
        of = f"update(x), x of width {size}, after an object of another width was made,"
        close(mean.update(x), x.mean(0), of=of, rtol=1e-4, atol=1e-5)


@pytest.mark.grade(points=2, hint=STATE, seconds=COMPILING)
def test_running_mean_needs_one_graph(impl):
    """updates of any number of rows share one graph, which a reset keeps"""
    impl.restart()
    mean = impl.RunningMean(4)
    count(mean, 0, "before the first update")
    mean.update(normal(2, 4))
    graphs = mean.traces()
    # The state has an axis of the size of x's, and PyTorch may give up its first attempt and start anew.
    if graphs != 2 or impl.framework != "torch":
        graphs = 1
    count(mean, graphs, "after the first update")
    for rows in (2, 3, 6, 50):
        mean.update(normal(rows, 4))
        count(mean, graphs, f"after updates of up to {rows} rows")
    equal(mean.reset(), None, of="reset()")
    count(mean, graphs, f"after {rows} rows and a reset")
    for rows in (3, 5):
        x = normal(rows, 4)
        found = mean.update(x)
        if rows == 3:
            close(found, x.mean(0), of="update(x) after reset()", rtol=1e-4, atol=1e-5)
    count(mean, graphs, "after a reset and further updates")
    other = impl.RunningMean(4)
    count(other, 0, "before the first update of a second object")
    count(mean, graphs, "after a second object was made")


@pytest.mark.grade(points=1, seconds=COMPILING)
def test_results_of_updates_stay(impl):
    """a result does not change at later updates, and x is left as it was"""
    impl.restart()
    conform(impl, "update", [normal(5, 3)], on=anew("RunningMean", 3),
            expected=lambda x: x.mean(0).astype(np.float32),
            only=["result", "untouched", "shared", "settings"])  # fmt: skip
    mean = impl.RunningMean(3)
    x = normal(5, 3)
    first = mean.update(x, returns=opaque)
    mean.update(normal(2, 3))
    of = "an earlier result, after one more update"
    close(first.fetch(), x.mean(0), of=of, rtol=1e-4, atol=1e-5)
    mean.reset()
    last = mean.update(x, returns=opaque)
    mean.reset()
    close(last.fetch(), x.mean(0), of="the last result, after reset()", rtol=1e-4, atol=1e-5)


# -- counting and timing ---------------------------------------------------------------------------


@pytest.mark.grade(points=1, seconds=COMPILING)
def test_traces_of_calls_are_counted(impl):
    """a new object makes all calls in order: 1 where a form is new, else 0"""
    module = planted(impl)
    one, two = normal(2, 3), normal(5)
    cases = [([(one,), (normal(4, 6),), (two,), (one,)], [1, 0, 1, 0]), ([(two,)], [1]), ([], [])]
    for calls, expected in cases:
        found = impl.count_traces(module.get("double"), calls)
        of = f"count_traces(f, calls), x of {[args[0].ndim for args in calls]} axes"
        holds(isinstance(found, list), f"{of} is {type(found).__name__}, but should be a list")
        equal(found, expected, of=of)
        holds(
            all(type(n) is int for n in found),
            f"{of} is {found!r}, but should hold Python integers",
        )


@pytest.mark.grade(points=2, seconds=COMPILING)
def test_differences_are_seen(impl):
    """the largest absolute difference between the graph and f; infinite, if it is not a number"""
    module = planted(impl)
    x = normal(2, 3)
    x[1, 1] = np.abs(x).max() + 1  # the largest difference is neither the first nor the last
    for name, args, expected in (
        ("uneven", (x,), float((x * x).max())),
        ("far", (normal(2, 3),), 1.5),
        ("lost", (normal(2, 3),), np.inf),
        ("spotted", (x * (np.arange(6) != 4).reshape(2, 3),), np.inf),
        ("nowhere", (normal(2, 3),), np.inf),
        ("endless", (normal(2, 3),), np.inf),
        ("poly", (normal(2, 3), 2.0), 0.0),
    ):
        found = impl.max_difference(module.get(name), args)
        of = f"max_difference({name}, args)"
        holds(type(found) is float, f"{of} is {found!r}, but should be a Python float")
        number(found, expected, of=of, rtol=1e-4, atol=1e-4)
    name = "planted" if impl.framework == "torch" else "xla"
    number(
        impl.max_difference(module.get("far"), (normal(3),), backend=name),
        1.5,
        of=f"max_difference(far, args, {name!r})",
        rtol=1e-4,
    )
    if impl.framework == "torch":
        equal(
            len(listed(module, "USED")),
            1,
            of="how often max_difference(..., backend='planted') used this backend",
        )
    else:
        with raises(
            ("InvalidArgumentError", "UnimplementedError", "NotFoundError", "InternalError"),
            of="max_difference(f, args, 'xla'), f with a call of Python",
        ):
            impl.max_difference(module.get("foreign"), (normal(3),), "xla")


@pytest.mark.grade(points=3, hint="The slow first call belongs to the warm-up.")
def test_warm_up_is_not_timed(impl):
    """a slow first call is reported as such, and moves neither median nor iqr; the clock is read around each call"""
    module = plant(impl, "clock.py", CLOCK)
    cases = ((1, 1, 4096.0), (3, 8, 4096.0), (2, 5, 4096.0), (1, 30, 4096.0), (3, 4, 0.25))
    for warmup, repeats, first in cases:
        later = generator().integers(1, 1000, warmup + repeats - 1) / 64
        later[: warmup - 1] += 500
        clock = module.Clock(first, later.tolist(), returns=opaque)
        found = impl.time_calls(
            clock.get("work"), (normal(2), 3.0), warmup, repeats, clock.get("read")
        )
        of = f"time_calls(f, args, {warmup}, {repeats}, clock)"
        keys(found, of, ("first", "median", "iqr"))
        holds(
            all(type(v) is float for v in found.values()),
            f"{of} is {found!r}, but should hold Python floats",
        )
        timed = later[warmup - 1 :]
        low, middle, high = np.quantile(timed, [0.25, 0.5, 0.75])
        number(found["first"], first, of=f"first of {of}", rtol=1e-9)
        everything = np.median([first, *later])
        mistakes = (
            {"the mean": timed.mean(), "the median with warm-up": everything} if repeats > 2 else {}
        )
        number(found["median"], middle, of=f"median of {of}", rtol=1e-6, mistakes=mistakes)
        number(
            found["iqr"],
            high - low,
            of=f"iqr of {of}",
            rtol=1e-6,
            atol=1e-9,
            mistakes={"the range": np.ptp(timed)} if repeats > 2 else {},
        )
        equal(clock.get("calls"), warmup + repeats, of=f"how often {of} called f")
        equal(listed(module, "SEEN")[-1], 2, of=f"the number of arguments of f in {of}")
        # The reads between two calls that are timed: one after the first, and one before the second.
        between = "".join(one[0] for one in clock.get("log")).split("c")[warmup:]
        reads = [
            len(between[0][-1:]),
            *(min(len(r), 2) for r in between[1:-1]),
            len(between[-1][:1]),
        ]
        equal(
            reads,
            [1, *[2] * (repeats - 1), 1],
            of=f"how often {of} read the clock before the timed calls, between them and after",
        )


@pytest.mark.grade(points=1)
def test_timing_has_its_defaults_and_errors(impl):
    """3 and 20 calls and a real clock by default; numbers below 1 raise ValueError, before f is called"""
    module = plant(impl, "clock.py", CLOCK)
    clock = module.Clock(1.0, [1.0], returns=opaque)
    found = impl.time_calls(clock.get("work"), (1,))
    equal(clock.get("calls"), 23, of="how often time_calls(f, args) called f")
    holds(
        all(0 <= v < 5 for v in found.values()),
        f"time_calls(f, args) is {found!r}, but should be seconds of a real clock",
    )
    slow = module.get("slow")
    found = impl.time_calls(slow, (), 1, 2)
    holds(
        0.019 < found["median"] < 5,
        f"median of time_calls of a function that sleeps for 0.02 s is {found['median']!r}",
    )
    resume = module.stop_time(returns=opaque)
    try:
        found = impl.time_calls(slow, (), 1, 2)
    finally:
        resume()
    holds(
        found["median"] > 0.019,
        f"median of time_calls of a function that sleeps for 0.02 s, while time.time stands still, is "
        f"{found['median']!r}, but the clock should be time.perf_counter",
    )
    # A clock that counts in integers, as time.perf_counter_ns does.
    clock = module.Clock(6, [2, 4], returns=opaque)
    found = impl.time_calls(clock.get("work"), (1,), 1, 2, clock.get("read"))
    of = "time_calls(f, args, 1, 2, clock), where the clock counts in integers,"
    for name, expected in (("first", 6.0), ("median", 3.0), ("iqr", 1.0)):
        kind = type(found[name])
        holds(kind is float, f"{name} of {of} is of the type {kind.__name__}, but should be float")
        number(found[name], expected, of=f"{name} of {of}")
    clock = module.Clock(1.0, [1.0], returns=opaque)
    for warmup, repeats in ((0, 5), (5, 0), (-1, 2)):
        with raises("ValueError", of=f"time_calls(f, args, {warmup}, {repeats})"):
            impl.time_calls(clock.get("work"), (1,), warmup, repeats)
    equal(clock.get("calls"), 0, of="how often time_calls called f before it raised ValueError")


@pytest.mark.grade(points=2)
def test_compiling_pays_off_from_a_number_of_calls(impl):
    """the smallest n with first + (n - 1) compiled < n eager, or None"""
    for first, compiled, eager in (
        (100.0, 1.0, 3.0),
        (99.5, 1.0, 3.0),
        (2.0, 1.0, 2.0),
        (2.0, 1.0, 2.5),
        (8.0, 2.0, 2.0),
        (1.0, 2.0, 2.0),
        (1.0, 5.0, 2.0),
        (9.0, 5.0, 2.0),
        (0.5, 0.25, 0.5),
        (4096.0, 0.0, 0.125),
        (2.0**17, 0.0, 0.5),
        (5, 1, 3),
    ):
        found = impl.break_even(first, compiled, eager)
        wanted = next((n for n in range(1, 2**19) if first + (n - 1) * compiled < n * eager), None)
        of = f"break_even({first}, {compiled}, {eager})"
        equal(found, wanted, of=of)
        holds(
            found is None or type(found) is int,
            f"{of} is {found!r}, but should be a Python integer or None",
        )
    conform(impl, "break_even", [100.0, 1.0, 3.0], expected=lambda a, b, c: 50)  # noqa: ARG005
