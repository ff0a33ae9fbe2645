"""The row on which a model that has no weights yet is called once."""

import functools

from katagrad.worker.first_call import row_of


def by_features(features, units):
    return features, units


def by_shape(in_shape, k):
    return in_shape, k


def by_units(units, horizon):
    return units, horizon


@functools.wraps(by_shape)
def wrapped(*args, **kwargs):
    return by_shape(*args, **kwargs)


def hidden(*args):
    return args


def test_the_first_argument_is_a_row_where_its_name_says_so():
    assert row_of(by_features, [64, (8,)], {}) == (64,)
    assert row_of(by_shape, [(8, 8, 1), 10], {}) == (8, 8, 1)
    assert row_of(by_shape, [], {"in_shape": (8, 8, 1), "k": 10}) == (8, 8, 1)
    assert row_of(wrapped, [(8, 8), 10], {}) == (8, 8)
    assert row_of(hidden, [(8, 8), 10], {}) == (8, 8)


def test_another_first_argument_is_no_row():
    assert row_of(by_units, [(4, 3), 2], {}) is None
    assert row_of(by_features, ["lstm", 4], {}) is None
    assert row_of(by_shape, [], {}) is None
