"""Hidden checks of exercises/callbacks.py. `impl` takes and returns NumPy arrays."""

import importlib.util
import math
import struct
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from katagrad.authoring import deployed
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.expect import (
    close,
    equal,
    holds,
    integers,
    normal,
    number,
    raises,
    random_seed,
)
from katagrad.authoring.objects import expect_apart
from katagrad.errors import Failure

NAN = float("nan")
COPY = "Copy the weights when the value improves: the model goes on changing its own."
COUNT = "Count the values since the last improvement; an improvement sets the count to 0."

# (arguments, values, after which of them to stop, counted from 0, or None)
RUNS = {
    "patience 3 by default": ({}, [1.0, 0.5, 0.6, 0.6, 0.6], 4),
    "patience 1": ({"patience": 1}, [1.0, 0.9, 0.95], 2),
    "ties do not improve": ({"patience": 2}, [1.0, 1.0, 1.0], 2),
    "an improvement sets the count back": (
        {"patience": 2},
        [1.0, 1.1, 0.9, 1.1, 0.8, 0.9, 0.9],
        6,
    ),
    "better than the last, but not than the best": ({"patience": 2}, [1.0, 3.0, 2.0], 2),
    "never": ({"patience": 2}, [5.0, 4.0, 4.5, 3.0, 3.5, 2.0], None),
    "less than min_delta": ({"patience": 2, "min_delta": 0.5}, [4.0, 3.75, 3.625], 2),
    "exactly min_delta": ({"patience": 1, "min_delta": 0.5}, [4.0, 3.5], 1),
    "more than min_delta": ({"patience": 1, "min_delta": 0.5}, [4.0, 3.25, 2.5, 2.25], 3),
    "small steps add up": ({"patience": 2, "min_delta": 0.5}, [4.0, 3.75, 3.25, 3.0, 2.5], None),
    "maximum": ({"patience": 2, "mode": "max"}, [0.5, 0.6, 0.6, 0.5], 3),
    "maximum, rising": ({"patience": 1, "mode": "max"}, [-2.0, -1.0, 0.0, 1.0], None),
    "maximum, exactly min_delta": ({"patience": 1, "mode": "max", "min_delta": 0.5}, [1.0, 1.5], 1),
    "maximum, more than min_delta": (
        {"patience": 1, "mode": "max", "min_delta": 0.5},
        [1.0, 1.75, 2.0],
        2,
    ),
    "NaN does not improve": ({"patience": 2}, [1.0, NAN, NAN], 2),
    "NaN in between": ({"patience": 2}, [1.0, NAN, 0.5, NAN, 0.4], None),
    "NaN at first": ({"patience": 2}, [NAN, 1.0, 0.5, 0.6, 0.7], 4),
    "nothing but NaN": ({"patience": 2}, [NAN, NAN], 1),
    "NaN does not improve a maximum": ({"patience": 2, "mode": "max"}, [1.0, NAN, NAN], 2),
    "small steps improve": ({"patience": 1}, [1.0, 0.99999, 0.99998, 0.99997], None),
    "it goes on saying so": ({"patience": 2}, [1.0, 1.5, 1.5, 1.5, 1.5, 1.5], 2),
    "an infinite loss": ({"patience": 2}, [math.inf, 3.0, 2.0], None),
    "an infinite loss at first": ({"patience": 1}, [math.inf, 3.0, math.inf], 2),
    "nothing but infinite losses": ({"patience": 2}, [math.inf, math.inf, math.inf], 2),
    "minus infinity at first": (
        {"patience": 1, "mode": "max"},
        [-math.inf, 3.0, 2.0],
        2,
    ),
    "an infinite maximum": ({"patience": 1, "mode": "max"}, [1.0, math.inf, 2.0], 2),
}


def best_of(values, min_delta=0.0, mode="min"):
    """Whether each value improves, by the rule of the stub."""
    best, improved = None, []
    for value in values:
        gain = NAN if best is None else (best - value if mode == "min" else value - best)
        better = not math.isnan(value) if best is None else gain > min_delta
        best = value if better else best
        improved.append(better)
    return best, improved


def network(impl):
    """A model of the framework, with given weights."""
    layers = weights()
    return deployed.made(impl, layers), layers


def weights():
    """Of dense layers, and of a batch normalization between them with its running statistics."""
    return deployed.drawn(3, 4, 2)


def expect_weights(impl, model, layers, of):
    for i, (found, wanted) in enumerate(zip(impl.layers(model), layers, strict=True)):
        for key, value in wanted.items():
            close(found[key], value, of=f"the {key} of layer {i} {of}")


@pytest.mark.grade(points=1)
def test_steps_keep_the_contracts_words(impl):
    """the steps and schedules keep what docs/contract.md says of every function"""
    conform(impl, "step", [1.5], on=anew("EarlyStopping", patience=1), expected=False)
    conform(impl, "step", [NAN], on=anew("EarlyStopping", patience=1), expected=True)
    plateau = anew("ReduceOnPlateau", 4.0, factor=0.5, patience=1)
    conform(impl, "step", [NAN], on=plateau, expected=2.0)

    def rate(epoch, every, factor=0.5, peak=1.0):
        return peak * factor ** (epoch // every)

    conform(impl, "step_decay", [5, 2], {"peak": 0.3}, expected=rate)
    conform(impl, "cosine", [0, 10], {"warmup": 2}, expected=0.5)
    conform(impl, "cosine", [6, 10, 2], {"peak": 3.0, "floor": 1.0}, expected=2.0)


@pytest.mark.grade(points=3, hint=COUNT)
@pytest.mark.parametrize("run", RUNS)
def test_early_stopping_stops_in_time(impl, run):
    """EarlyStopping stops after `patience` values without improvement, not before, and keeps returning True"""
    given, values, last = RUNS[run]
    stop = impl.EarlyStopping(**given)
    for i, value in enumerate(values):
        found = stop.step(value)
        of = f"{run}: step({value}), value {i} of {values} with {given or 'the defaults'},"
        equal(found, last is not None and i >= last, of=of)
    best, _ = best_of(values, given.get("min_delta", 0.0), given.get("mode", "min"))
    equal(stop.get("best"), best, of=f"best after {values} with {given or 'the defaults'}")


@pytest.mark.grade(points=1)
def test_early_stopping_begins_with_nothing(impl):
    """best is None at first; every EarlyStopping keeps its own count"""
    first, second = impl.EarlyStopping(patience=1), impl.EarlyStopping(patience=1)
    equal(first.get("best"), None, of="best before the first value")
    first.step(1.0)
    equal(first.step(2.0), True, of="step(2.0) after step(1.0) with patience 1")
    equal(second.step(3.0), False, of="the first step of another EarlyStopping")
    equal(second.get("best"), 3.0, of="best of another EarlyStopping")


@pytest.mark.grade(points=3, hint=COPY)
@pytest.mark.parametrize("mode", ["min", "max"])
def test_early_stopping_restores_the_best_weights(impl, mode):
    """restore gives back the weights of the best epoch, not those of the last, as often as it is asked"""
    sign = 1.0 if mode == "min" else -1.0
    model, _ = network(impl)
    stop = impl.EarlyStopping(patience=4, mode=mode)
    history = []
    for value in (3.0, 1.0, 2.0, 1.0, NAN):
        history.append(weights())
        impl.assign(model, history[-1])
        stop.step(sign * value, model)
    stop.restore(model)
    expect_weights(impl, model, history[1], "after restore")
    impl.assign(model, history[4])
    stop.restore(model)
    expect_weights(impl, model, history[1], "after a second restore")
    impl.assign(model, history[0])
    stop.step(sign * 0.5, model)
    impl.assign(model, history[2])
    stop.restore(model)
    expect_weights(impl, model, history[0], "after a new best epoch and restore")


@pytest.mark.grade(points=1, hint="Keep settings and counts in self, not in the class or a global.")
def test_callbacks_share_nothing(impl):
    """callbacks of other settings are used side by side, and each keeps its own"""
    made = [
        anew("EarlyStopping", patience=1),
        anew("EarlyStopping", patience=1, min_delta=0.5, mode="max"),
        anew("ReduceOnPlateau", 0.8, factor=0.25, patience=1, min_lr=0.1),
        anew("ReduceOnPlateau", 0.4, factor=0.5, patience=2, min_lr=0.3, mode="max"),
        anew("EarlyStopping", patience=3),
    ]
    values = [2.0, 1.0, 3.0, 3.25, 3.25, 4.0, 2.75, 2.0]
    expect_apart(impl, made, [("step", (value,)) for value in values])
    model, _ = network(impl)
    folder = impl.write({})
    paths = [f"{folder}/{name}.weights.h5" for name in ("left", "right")]
    for name, method, given in (
        ("EarlyStopping", "restore", [(), ()]),
        ("Checkpoint", "load", [(path,) for path in paths]),
    ):
        objects, best = [impl.call(name, *args) for args in given], [weights(), weights()]
        for one, layers in zip(objects, best, strict=True):
            impl.assign(model, layers)
            one.step(1.0, model)
        for which, one, layers in zip(("first", "second"), objects, best, strict=True):
            getattr(one, method)(model)
            expect_weights(impl, model, layers, f"after {method} of the {which} of two {name}s")


@pytest.mark.grade(points=1, hint="Raise ValueError for an unknown mode, and for patience below 1.")
def test_bad_arguments_are_refused(impl):
    """an unknown mode and a patience below 1 raise ValueError"""
    with raises("ValueError", of="EarlyStopping(mode='lowest')"):
        impl.EarlyStopping(mode="lowest")
    for mode in ("MIN", "Max", "auto", ""):
        with raises("ValueError", of=f"EarlyStopping({mode=})"):
            impl.EarlyStopping(mode=mode)
    with raises("ValueError", of="EarlyStopping(patience=0)"):
        impl.EarlyStopping(patience=0)
    with raises("ValueError", of="ReduceOnPlateau(0.1, patience=0)"):
        impl.ReduceOnPlateau(0.1, patience=0)
    with raises("ValueError", of="ReduceOnPlateau(0.1, mode='up')"):
        impl.ReduceOnPlateau(0.1, mode="up")
    with raises("ValueError", of="Checkpoint('best.weights.h5', mode='best')"):
        impl.Checkpoint("best.weights.h5", mode="best")


# (arguments, values, the rates after them)
PLATEAUS = {
    "the defaults": ({"lr": 0.8}, [3.0, 2.0, 2.5, 2.5, 2.5, 2.5], [0.8, 0.8, 0.8, 0.4, 0.4, 0.2]),
    "patience 1": ({"lr": 0.8, "patience": 1}, [1.0, 1.0, 1.0], [0.8, 0.4, 0.2]),
    "the count begins anew": (
        {"lr": 1.0, "patience": 3, "factor": 0.1},
        [1.0] * 8,
        [1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.01, 0.01],
    ),
    "the best is kept": ({"lr": 0.8, "patience": 1}, [1.0, 3.0, 2.0, 0.5], [0.8, 0.4, 0.2, 0.2]),
    "min_lr": (
        {"lr": 0.8, "patience": 1, "factor": 0.25, "min_lr": 0.1},
        [1.0] * 4,
        [0.8, 0.2, 0.1, 0.1],
    ),
    "maximum": ({"lr": 0.8, "patience": 2, "mode": "max"}, [0.5, 0.6, 0.6, 0.5], [0.8] * 3 + [0.4]),
    "min_delta": ({"lr": 0.8, "patience": 1, "min_delta": 0.5}, [4.0, 3.5, 3.25], [0.8, 0.4, 0.4]),
    "NaN": ({"lr": 0.8}, [1.0, NAN, NAN, 0.5, NAN], [0.8, 0.8, 0.4, 0.4, 0.4]),
    "an infinite value at first improves": (
        {"lr": 0.8, "patience": 1},
        [math.inf, 3.0, math.inf],
        [0.8, 0.8, 0.4],
    ),
    "minus infinity at first improves a maximum": (
        {"lr": 0.8, "patience": 1, "mode": "max"},
        [NAN, -math.inf, -math.inf, 3.0],
        [0.4, 0.4, 0.2, 0.2],
    ),
    "tiny rates": ({"lr": 2e-8, "patience": 1}, [1.0] * 4, [2e-8, 1e-8, 5e-9, 2.5e-9]),
    "no plateau": ({"lr": 0.8}, [5.0, 6.0, 4.0, 5.0, 3.0, 4.0], [0.8] * 6),
}


@pytest.mark.grade(points=3, hint=COUNT)
@pytest.mark.parametrize("run", PLATEAUS)
def test_plateaus_reduce_the_rate(impl, run):
    """ReduceOnPlateau multiplies the rate after `patience` values without improvement, and counts anew"""
    given, values, rates = PLATEAUS[run]
    plateau = impl.ReduceOnPlateau(**given)
    for i, (value, rate) in enumerate(zip(values, rates, strict=True)):
        found = plateau.step(value)
        holds(isinstance(found, float), f"step({value}) is {found!r}, but should be a Python float")
        of = f"{run}: the rate after value {i} of {values} with {given}"
        number(found, rate, of=of, rtol=1e-6, atol=1e-14)


@pytest.mark.grade(points=3, hint="Write the file when the value improves, and only then.")
@pytest.mark.parametrize("mode", ["min", "max"])
def test_checkpoint_keeps_the_best_weights(impl, mode):
    """the file holds the weights of the best epoch, is written only then, and can be loaded by another Checkpoint"""
    sign = 1.0 if mode == "min" else -1.0
    given = () if mode == "min" else (mode,)
    folder = impl.write({"runs/best.weights.h5": b"of an earlier run"})
    path = f"{folder}/runs/best.weights.h5"
    model, _ = network(impl)
    keep = impl.Checkpoint(path, *given)
    equal(
        impl.read(path), b"of an earlier run", of="the file after Checkpoint(path), before a step,"
    )
    worst = impl.Checkpoint(f"{folder}/runs/worst.weights.h5", *given)
    for value, written in ((NAN, False), (sign * math.inf, True), (sign * math.inf, False)):
        of = f"step({value}, model) of a new Checkpoint, mode {mode},"
        equal(worst.step(value, model), written, of=of)
    history, content = [], None
    for value, written in ((3.0, True), (2.75, True), (2.9, False), (2.75, False), (NAN, False)):
        history.append(weights())
        impl.assign(model, history[-1])
        found = keep.step(sign * value, model)
        equal(found, written, of=f"step({sign * value}, model), mode {mode}")
        now = impl.read(path)
        if not written:
            holds(
                now == content,
                f"step({sign * value}, model) wrote to the file, but did not improve",
            )
        content = now
    keep.load(model)
    expect_weights(impl, model, history[1], "after load")
    other, _ = network(impl)
    impl.Checkpoint(path, *given).load(other)
    expect_weights(impl, other, history[1], "of another model after another Checkpoint's load")
    history.append(weights())
    impl.assign(other, history[-1])
    impl.Checkpoint(path, *given).step(sign * 1.0, other)
    keep.load(model)
    expect_weights(impl, model, history[-1], "after load of a file that another Checkpoint wrote")


@pytest.mark.grade(
    points=2, hint="Warm-up: (step + 1) / warmup; then cos over (step - warmup) / (total - warmup)."
)
@pytest.mark.parametrize(
    ("total", "warmup", "peak", "floor"),
    [(10, 0, 1.0, 0.0), (12, 4, 0.3, 0.0), (20, 5, 2.0, 0.5), (7, 1, 1.0, 0.1), (4, 4, 1.0, 0.25)],
)
def test_cosine_warms_up_and_cools_down(impl, total, warmup, peak, floor):
    """cosine rises linearly, falls by half a cosine, and stays at floor"""
    given = {} if floor == 0.0 else {"floor": floor}
    given |= {"warmup": warmup} if warmup else {}
    given |= {"peak": peak} if peak != 1.0 else {}
    for step in range(total + 3):
        if step < warmup:
            expected = peak * (step + 1) / warmup
        elif step < total:
            done = (step - warmup) / (total - warmup)
            expected = floor + (peak - floor) * (1 + math.cos(math.pi * done)) / 2
        else:
            expected = floor
        found = impl.cosine(step, total, **given)
        holds(isinstance(found, float), f"cosine is {found!r}, but should be a Python float")
        mistakes = {"a warm-up by step / warmup, which begins at 0": peak * step / max(warmup, 1)}
        of = f"cosine({step}, {total}, {warmup=}, {peak=}, {floor=})"
        number(found, expected, of=of, rtol=1e-6, atol=1e-9, mistakes=mistakes)


@pytest.mark.grade(points=1)
def test_cosine_of_long_trainings(impl):
    """cosine is as exact in trainings of many steps"""
    for step, total, warmup in ((3000, 5000, 0), (70_000, 100_000, 2000), (1999, 10**6, 2000)):
        done = (step - warmup) / (total - warmup)
        fall = (1 + math.cos(math.pi * done)) / 2
        of = f"cosine({step}, {total}, {warmup=})"
        found = impl.cosine(step, total, warmup=warmup)
        number(found, fall if step >= warmup else (step + 1) / warmup, of=of, rtol=1e-6)


@pytest.mark.grade(points=1, hint="peak * factor ** (epoch // every)")
@pytest.mark.parametrize(("every", "factor", "peak"), [(3, 0.5, 1.0), (1, 0.1, 1.0), (4, 0.3, 0.2)])
def test_step_decay_falls_in_steps(impl, every, factor, peak):
    """step_decay multiplies the rate by factor every `every` epochs"""
    given = ({} if factor == 0.5 else {"factor": factor}) | ({} if peak == 1.0 else {"peak": peak})
    for epoch in range(13):
        found = impl.step_decay(epoch, every, **given)
        of = f"step_decay({epoch}, {every}, {factor=}, {peak=})"
        number(found, peak * factor ** (epoch // every), of=of, rtol=1e-6)


# -- event files: just enough of TFRecord and of protocol buffers ------------------------------------


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(content):
    """The data of each record of a TFRecord file, whose checksums must agree."""
    found, at = [], 0
    while at < len(content):
        holds(len(content) >= at + 16, f"the event file ends within a record, at byte {at}")
        head = content[at : at + 8]
        (size,) = struct.unpack("<Q", head)
        end = at + 12 + size
        holds(len(content) >= end + 4, f"record {len(found)} of the event file is cut short")
        data = content[at + 12 : end]
        sums = struct.unpack("<I", content[at + 8 : at + 12]) + struct.unpack(
            "<I", content[end : end + 4]
        )
        equal(sums[0], masked(head), of=f"the checksum of the length of record {len(found)}")
        equal(sums[1], masked(data), of=f"the checksum of the data of record {len(found)}")
        found.append(data)
        at = end + 4
    return found


def fields(data):
    """(number, value) of each field of a protocol buffer: integers, or bytes for all that is not a varint."""
    at = 0

    def varint():
        nonlocal at
        value = 0
        for shift in range(0, 70, 7):  # 64 bits take ten bytes at most
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise ValueError(f"a number of the event file has no end before byte {at}")

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
            continue
        size = {1: 8, 5: 4}.get(kind)
        size = varint() if size is None else size
        yield key >> 3, data[at : at + size]
        at += size


def scalar(value):
    """The number in a Summary.Value: simple_value, or the tensor that tf.summary writes."""
    if 2 in value:
        return struct.unpack("<f", value[2])[0]
    tensor = dict(fields(value[8]))
    holds(
        tensor.get(1, 1) == 1,
        f"a logged tensor has the type {tensor.get(1)}, but should be float (1)",
    )
    return struct.unpack("<f", tensor.get(5, tensor.get(4)))[0]


def readable(reader, content):
    """What `reader` makes of an event file; a file that it cannot read fails the check."""
    try:
        return reader(content)
    except Failure:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error)[:100]}"
        raise Failure(
            f"the event file's records are whole, but {reader.__doc__.split(',')[0]} cannot read them ({reason})"
        ) from None


def read_log(content):
    """a reader of records, which gives (versions, wall times, {name: [(step, value), ...]})"""
    versions, times, series = [], [], {}
    for data in records(content):
        event = dict(fields(data))
        times.append(struct.unpack("<d", event[1])[0])
        if 3 in event:
            versions.append(event[3].decode())
        for number_, body in fields(event.get(5, b"")):
            if number_ == 1:
                value = dict(fields(body))
                series.setdefault(value[1].decode(), []).append((event.get(2, 0), scalar(value)))
    return versions, times, series


def read_with_tensorboard(content):
    """TensorBoard's reader, which gives {name: [(step, value), ...]}; None where it is not installed"""
    if importlib.util.find_spec("tensorboard") is None:
        return None
    # With this module present, TensorBoard reads with its own code and does not import TensorFlow.
    sys.modules.setdefault("tensorboard.compat.notf", ModuleType("tensorboard.compat.notf"))
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.util.tensor_util import make_ndarray

    series = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events.out.tfevents.0.log")
        path.write_bytes(content)
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                item = (event.step, float(make_ndarray(value.tensor)))
                series.setdefault(value.tag, []).append(item)
    return series


def expect_series(found, expected, reader):
    names = sorted(found)
    equal(names, sorted(expected), of=f"the names that {reader} finds")
    for name, items in expected.items():
        steps = [step for step, _ in items]
        equal([step for step, _ in found[name]], steps, of=f"the steps of {name!r}, by {reader},")
        for (step, value), (_, wanted) in zip(found[name], items, strict=True):
            number(
                value, wanted, of=f"{name!r} at step {step}, by {reader},", rtol=1e-6, atol=1e-30
            )


@pytest.mark.grade(
    points=3, hint="One record for each add, and one in front that says brain.Event:2.", seconds=60
)
def test_log_is_an_event_file(impl):
    """TensorBoard's reader finds every value under its name and step, in the order in which they were added"""
    # A folder that no other run of this check has written to.
    run = f"logs/run{random_seed()}"
    folder = impl.write({"readme.txt": b"logs"})
    log = impl.ScalarLog(f"{folder}/{run}")
    # A length of 128 and more takes two bytes, and 113 letters make the message around them so long.
    long = {"x" * size: size for size in (107, 113, 120, 127, 128, 300)}
    expected = {"loss/train": [], "accuracy": [], "lr": [(0, 0.1), (0, 0.05)], "größe": [(3, -2.0)]}
    expected |= {name: [(2, float(size))] for name, size in long.items()}
    log.add("lr", 0.1, 0)
    log.add("lr", 0.05, 0)  # both are kept
    log.add("größe", -2.0, 3)
    for name, size in long.items():
        log.add(name, float(size), 2)
    for step in (0, 1, 2, 127, 128, 301, 70_001, 2**40):
        for name in ("loss/train", "accuracy"):
            value = float(np.float32(normal()))
            log.add(name, value, step)
            expected[name].append((step, value))
    path = log.close()
    holds(
        isinstance(path, str),
        f"close() is {path!r}, but should be the path of the event file, a text",
    )
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    named = name.startswith("events.out.tfevents.")
    holds(
        named,
        f"the event file is called {name!r}, but its name should begin with events.out.tfevents.",
    )
    holds(
        run in path.replace("\\", "/"),
        f"the event file is {path}, but should be in {run}",
    )
    content = impl.read(path)
    versions, times, series = readable(read_log, content)
    equal(versions, ["brain.Event:2"], of="the versions in the event file")
    expect_series(series, expected, "a reader of records")
    off = max(abs(moment - time.time()) for moment in times)
    holds(
        off < 86_400,
        f"a wall_time is {off:.0f} s away from now, but should be in seconds since 1970",
    )
    theirs = readable(read_with_tensorboard, content)
    if theirs is not None:
        expect_series(theirs, expected, "TensorBoard's reader")


@pytest.mark.grade(points=1, seconds=60)
def test_logs_are_kept_apart(impl):
    """two logs in two folders hold their own values, apart from those of earlier runs"""
    older = "events.out.tfevents.0000000001.older"
    first, second = (f"{name}{random_seed()}" for name in ("first", "second"))
    folder = impl.write({f"{first}/{older}": b"", f"{first}/readme.txt": b"a folder that is there"})
    logs = [impl.ScalarLog(f"{folder}/{name}") for name in (first, second)]
    expected = [[], []]
    for step, value in enumerate((-1.5, 1e-20, 3e30, 0.0)):
        for i, log in enumerate(logs):
            value = float(np.float32(value)) * (1.0 if i else 0.5)
            log.add("value", value, step + int(integers(5)) * 10 * i)
            expected[i].append(value)
    for i, log in enumerate(logs):
        path = log.close()
        holds(
            not path.endswith(older),
            f"close() is the path of {older}, which an earlier run had left in the folder, "
            "but should be that of the file to which this log has written",
        )
        _, _, series = readable(read_log, impl.read(path))
        equal(sorted(series), ["value"], of=f"the names in log {i}")
        found = [value for _, value in series["value"]]
        equal(len(found), 4, of=f"the number of values in log {i}")
        for value, wanted in zip(found, expected[i], strict=True):
            number(value, wanted, of=f"a value in log {i}", rtol=1e-6, atol=1e-30)
