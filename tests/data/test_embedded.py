"""The sets that come with scikit-learn: their shapes, and a split that never moves."""

import hashlib
import warnings

import numpy as np
import pytest

from katagrad import data
from katagrad.data import Split

# name: rows in training and test, columns, classes, start of the SHA-256 of the test labels
FIXED = {
    "digits": (1347, 450, 64, 10, "13be8853154ebc01"),
    "breast_cancer": (426, 143, 30, 2, "719d4542c340009a"),
    "iris": (112, 38, 4, 3, "0a041c4f5894b6b2"),
    "wine": (133, 45, 13, 3, "4387226a4ecee1e2"),
    "diabetes": (331, 111, 10, 0, "107bd843e867a8d7"),
}


@pytest.mark.parametrize("name", FIXED)
def test_the_split_is_fixed(name):
    rows, held_out, columns, classes, digest = FIXED[name]
    split = getattr(data, name)()
    assert split.name == name
    assert split.train_x.shape == (rows, columns)
    assert split.test_x.shape == (held_out, columns)
    assert len(split.classes) == classes
    assert split.train_x.dtype == np.float64
    assert split.train_y.dtype == (np.int64 if classes else np.float64)
    assert hashlib.sha256(split.test_y.tobytes()).hexdigest()[:16] == digest


@pytest.mark.parametrize("name", [name for name, row in FIXED.items() if row[3]])
def test_the_classes_are_divided_in_proportion(name):
    split = getattr(data, name)()
    everywhere = np.bincount(np.concatenate([split.train_y, split.test_y]))
    share = everywhere * len(split.test_y) / everywhere.sum()
    assert np.abs(np.bincount(split.test_y) - share).max() < 1.0  # within one row a class


def test_digits_are_scaled_and_come_as_rows_or_images():
    rows, images = data.digits(), data.digits(images=True)
    assert rows.train_x.min() == 0.0
    assert rows.train_x.max() == 1.0
    assert images.train_x.shape == (1347, 8, 8, 1)
    np.testing.assert_array_equal(images.test_x.reshape(450, 64), rows.test_x)
    np.testing.assert_array_equal(images.test_y, rows.test_y)


def test_no_row_is_in_both_parts():
    split = data.diabetes()
    train = {row.tobytes() for row in split.train_x}
    assert not any(row.tobytes() in train for row in split.test_x)


def test_a_grader_cannot_spoil_a_split_for_the_next():
    with pytest.raises(ValueError, match="read-only"):
        data.iris().train_x[0] = 0.0
    with pytest.raises(AttributeError, match="cannot assign"):
        data.iris().name = "other"


def test_a_split_prints_in_one_line():
    expected = "Split(iris: train (112, 4) float64, test (38, 4), 3 classes)"
    assert repr(data.iris()) == expected
    assert "regression" in repr(data.diabetes())


def test_a_split_with_a_label_too_few_is_refused():
    with pytest.raises(ValueError, match=r"odd: test_x has 2 rows and test_y has 1"):
        Split(np.ones((3, 1)), np.ones(3), np.ones((2, 1)), np.ones(1), "odd", ())


def test_loading_warns_of_nothing():
    data.digits.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data.digits()
