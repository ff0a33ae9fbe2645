"""Frames: what goes in comes out, and what does not add up is refused."""

import json
import math
import socket
import struct
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from katagrad.worker.expression import exp, function
from katagrad.worker.wire import (
    HEAD,
    MAX_HEADER,
    Closed,
    Connection,
    Handle,
    Late,
    Made,
    NotATensor,
    Random,
    Unsendable,
    WireError,
    WithLayout,
    decode,
    encode,
)  # fmt: skip


@pytest.fixture
def ends():
    near, far = socket.socketpair()
    yield Connection(near, 1 << 20, strange=True), far
    near.close()
    far.close()


def across(value):
    arrays = []
    tree = json.loads(json.dumps(encode(value, arrays)))
    return decode(tree, arrays)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
KEYS = st.text() | st.integers(-(1 << 59), 1 << 59) | st.booleans()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_values_come_out_as_they_went_in(value):
    assert repr(across(value)) == repr(value)


@settings(max_examples=100, deadline=None)
@given(hnp.arrays(hnp.scalar_dtypes().filter(lambda d: d.kind in "biufc" and d.isnative and d.itemsize <= 16 and d.name in {"bool", "int8", "int32", "int64", "uint8", "float16", "float32", "float64", "complex64"}), hnp.array_shapes(min_dims=0, min_side=0)))  # fmt: skip
def test_arrays_come_out_as_they_went_in(array):
    found = across([array, {"a": array}])
    for one in (found[0], found[1]["a"]):
        assert one.dtype == array.dtype
        assert one.shape == array.shape
        assert one.tobytes() == array.tobytes()


def test_own_kinds_come_out_as_they_went_in():
    assert across(Handle(3, "T", True)) == Handle(3, "T", True)
    assert across(Random(1 << 62)) == Random(1 << 62)
    assert across(slice(1, None, -2)) == slice(1, None, -2)
    assert isinstance(across(np.zeros(2).view(NotATensor)), NotATensor)
    assert across(WithLayout(np.zeros((1, 2, 3, 4)), "image")).layout == "image"
    leaf = across(WithLayout(np.zeros(3, np.int8), "", "leaf"))
    assert (leaf.layout, leaf.form, leaf.array.dtype) == ("", "leaf", np.int8)
    assert across(Made("Adam", (1, [2]), {"lr": 0.5})) == Made("Adam", (1, [2]), {"lr": 0.5})
    assert across(function(lambda x: exp(x) * 2))(0.0) == 2.0
    assert math.isnan(across(math.nan))
    assert across(np.array([[1, 2], [3, 4]]).T).tolist() == [[1, 3], [2, 4]]


def send(far, body, arrays=(), sizes=None):
    header = body if isinstance(body, bytes) else json.dumps({"body": body, "sizes": sizes or [len(a) for a in arrays]}).encode()  # fmt: skip
    far.sendall(HEAD.pack(b"KATA", len(header)) + header + b"".join(arrays))


def array(dtype="float32", shape=(2,)):
    return {
        "$": "array",
        "dtype": dtype,
        "shape": list(shape) if isinstance(shape, tuple) else shape,
    }


REFUSED = {
    "no header": b"{}", "no JSON": b"\xff", "NaN": b'{"body": NaN, "sizes": []}', "sizes": b'{"body": 1, "sizes": 5}',
    "many digits": b'{"sizes": [], "body": ' + b"1" * 5000 + b"}",
    "unknown kind": {"$": "code", "v": "1"}, "a kind that is no text": {"$": ["array"]}, "odd float": {"$": "float", "v": "1"},
    "odd hexadecimal": {"$": "int", "v": "zz"}, "a function": {"$": "function", "v": 1, "arity": 1}, "a generator": {"$": "random", "seed": "0x1"}, "a recipe": {"$": "made", "name": "f", "v": [{"$": "tuple", "v": []}, {"$": "dict", "v": []}]},
    "bytes that are missing": {"$": "bytes"}, "a tuple of text": {"$": "tuple", "v": "text"}, "a dict of numbers": {"$": "dict", "v": [1, 2]},
    "a list as a key": {"$": "dict", "v": [[[1], 2]]}, "an enormous key": {"$": "dict", "v": [[1 << 61, 2]]},
    "tuples as keys": {"$": "dict", "v": [[{"$": "tuple", "v": [i]}, 0] for i in range(2000)]},
    "depth": __import__("functools").reduce(lambda v, _: {"$": "tuple", "v": [v]}, range(100), 1),
    "branches": b'{"sizes": [], "body": [' + b"[]," * 600_000 + b"1]}",
}  # fmt: skip
ARRAYS = {
    "objects": array("object"), "text": array("U4"), "no dtype": array(None), "negative": array(shape=(-2,)), "fraction": array(shape=[0.5]),
    "truth": array(shape=[True]), "text for a shape": array(shape="ab"), "no shape": array(shape=None), "many axes": array(shape=[1] * 40),
    "a billion elements": array(shape=(10**9,)), "overflow": array(shape=(1 << 62, 8)),
}  # fmt: skip


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not_add_up_is_refused(ends, body):
    near, far = ends
    threading.Thread(target=send, args=[far, body], daemon=True).start()
    with pytest.raises(WireError):
        near.receive(time.monotonic() + 20)


@pytest.mark.parametrize("body", ARRAYS.values(), ids=ARRAYS.keys())
def test_impossible_arrays_are_refused(ends, body):
    near, far = ends
    send(far, body, [b"\0" * 8])
    with pytest.raises(WireError):
        near.receive(time.monotonic() + 20)


def test_beginnings_lengths_and_sums_are_refused(ends):
    near, far = ends
    far.sendall(b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(WireError):
        near.receive()
    near, far = (lambda a, b: (Connection(a, 1 << 20), b))(*socket.socketpair())
    far.sendall(HEAD.pack(b"KATA", MAX_HEADER + 1))
    with pytest.raises(WireError):
        near.receive()
    near, far = (lambda a, b: (Connection(a, 1 << 20), b))(*socket.socketpair())
    send(far, array("uint8", (1 << 21,)), sizes=[1 << 21])
    with pytest.raises(WireError, match="more than 1 MiB"):
        near.receive()


def test_half_a_frame_is_late_or_closed(ends):
    near, far = ends
    far.sendall(struct.pack(">4sI", b"KATA", 100) + b"{")
    with pytest.raises(Late):
        near.receive(time.monotonic() + 0.1)
    far.close()
    with pytest.raises(Closed):
        near.receive(time.monotonic() + 5)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_do_worse_than_an_error_of_the_wire(raw, framed):
    near, far = socket.socketpair()
    far.sendall(HEAD.pack(b"KATA", len(raw)) + raw if framed else raw)
    far.close()
    with near, pytest.raises((WireError, Closed)):
        Connection(near).receive(time.monotonic() + 5)


def test_what_has_no_form_is_refused_by_the_sender():
    with pytest.raises(Unsendable, match="a object, which no check can read"):
        encode(object(), [])
    with pytest.raises(Unsendable, match="a NumPy array of dtype float128"):
        encode(np.zeros(2, "longdouble"), [])
    loop = []
    loop.append(loop)
    with pytest.raises(WireError, match="nested"):
        encode(loop, [])
