"""The vocabulary of graders: each expectation lets the right through, and says what is wrong in one grammar."""

import numpy as np
import pytest

from katagrad.authoring import expect
from katagrad.authoring.likeness import alike
from katagrad.boundary.remote import Remote
from katagrad.errors import Failure, NotStarted, StudentError
from katagrad.worker.wire import Handle, NotATensor

X = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)


def says(words, function, *args, **kwargs):
    with pytest.raises(Failure) as caught:
        function(*args, **kwargs)
    assert str(caught.value) == words or words in str(caught.value), str(caught.value)


def test_close_compares_shape_then_values():
    expect.close(X, X + 1e-7, of="f(x)")
    says(
        "f(x) has the shape (2, 2), but should have (4,)", expect.close, X, X.reshape(-1), of="f(x)"
    )
    says(
        "f(x)[0, 1] is 2, but should be 2.5 within 0.00026 (1 of 4 elements is off)",
        expect.close, X, X + np.array([[0, 0.5], [0, 0]]), of="f(x)",
    )  # fmt: skip


def test_close_never_broadcasts():
    says(
        "has the shape (2, 1), but should have (2, 2)",
        expect.close,
        np.ones((2, 1)),
        np.ones((2, 2)),
        of="f(x)",
    )
    says(
        "has the shape (1,), but should have ()", expect.close, np.ones(1), np.float64(1), of="f(x)"
    )


def test_close_names_the_likely_mistake():
    says(
        "; it equals x doubled",
        expect.close,
        X * 2,
        X,
        of="f",
        mistakes={"x negated": -X, "x doubled": 2 * X},
    )


def test_close_insists_on_tensors():
    says("f is a list ([1.0]), but should be a tensor", expect.close, [1.0], np.ones(1), of="f")
    says(
        "f is a NumPy array, but should be a tensor",
        expect.close,
        np.ones(1).view(NotATensor),
        np.ones(1),
        of="f",
    )
    says(
        "d f / d x is missing: no gradient arrives there",
        expect.close,
        None,
        np.ones(1),
        of="d f / d x",
    )


def test_close_names_the_structure_that_is_missing():
    parts = [X, X[0]]
    says(
        "f(x) is None, but should be a tuple or a list of 2 things; does",
        expect.close,
        None,
        parts,
        of="f(x)",
    )
    words = "f is a tensor of shape (2, 2), but should be "
    says(f"{words}a tuple or a list of 2 things", expect.close, X, parts, of="f")
    says(f"{words}a dict", expect.close, X, {"a": X}, of="f")
    says("but should be a dict", expect.close, [X], {"a": X}, of="f")
    expect.close(np.stack([X, X]), [X, X], of="f")


def test_integers_of_any_size_are_judged():
    many = 10**5000
    says("f is inf, but should be at most 3", expect.at_most, many, 3, of="f")
    says("f is -inf, but should be at least 3", expect.at_least, -many, 3, of="f")
    says("f is too many digits to be shown, but should be 3", expect.equal, many, 3, of="f")
    says("f is an int (too many digits to be shown), but", expect.close, many, X, of="f")
    says("f is too many digits to be shown, but should be 3", alike, many, 3, of="f")


def test_finite_wants_numbers():
    expect.finite([1.0, 2], of="f")
    says("f is a list ([None, 1.0]), but should hold numbers", expect.finite, [None, 1.0], of="f")
    says("f is a list (['a']), but should hold numbers", expect.finite, ["a"], of="f")


def test_a_container_that_was_not_read_says_why():
    kept = Remote(None, Handle(1, "dict"), "f")
    says(
        "f is a dict with keys other than text and numbers of 64 bits",
        expect.close,
        kept,
        {"a": X},
        of="f",
    )


def test_several_things_are_and_one_thing_is():
    names = "the names of the inputs"
    says(
        "the names of the inputs are ['x'], but should be ['y']",
        expect.equal,
        ["x"],
        ["y"],
        of=names,
    )
    says("the name is 'x', but should be 'y'", expect.equal, "x", "y", of="the name")


def test_close_meets_nan_and_infinity():
    expect.close(np.array([np.nan, np.inf]), np.array([np.nan, np.inf]), of="f")
    says("f[0] is nan, but should be 1", expect.close, np.array([np.nan]), np.ones(1), of="f")
    says("f[0] is nan, but should be 0 ", expect.close, np.array([np.nan]), -np.zeros(1), of="f")
    says(
        "f[0] is -inf, but should be inf",
        expect.close,
        np.array([-np.inf]),
        np.array([np.inf]),
        of="f",
    )


def test_tolerance_follows_the_dtype_that_came_back():
    off = 1 + 1e-6
    expect.close(np.array([off], np.float32), np.ones(1), of="f")
    says("within 1e-09", expect.close, np.array([off], np.float64), np.ones(1), of="f")


def test_structures_are_compared_item_by_item():
    expect.close({"a": X, "b": [X]}, {"a": X, "b": [X]}, of="f")
    says("f['b'][0][0, 0] is 1, but should be 2", expect.close, {"b": [X]}, {"b": [X + 1]}, of="f")
    says("f has the keys ['a'], but should have ['b']", expect.close, {"a": X}, {"b": X}, of="f")
    says("f has 1 items, but should have 2", expect.close, [X], [X, X], of="f")


@pytest.mark.parametrize(
    "value", [2.0, np.float32(2), np.array(2.0), np.array([2.0]).view(NotATensor)]
)
def test_number_takes_every_kind_of_one_number(value):
    expect.number(value, 2.0, of="f")
    says("f is 2, but should be 3", expect.number, value, 3.0, of="f")


def test_number_refuses_what_is_none():
    says("f is a str ('2'), but should be one number", expect.number, "2", 2.0, of="f")
    says(
        "f is a tensor of shape (2,), but should be one number",
        expect.number,
        np.ones(2),
        2.0,
        of="f",
    )
    says("f is a bool (True), but should be one number", expect.number, True, 1.0, of="f")


def test_equal_is_exact():
    expect.equal([1, 2], np.array([1, 2]), of="f")
    expect.equal((1, "a", None), [1, "a", None], of="f")
    says(
        "f[1] is 3, but should be 2 (1 of 2 elements is off)",
        expect.equal,
        [1, 3],
        np.array([1, 2]),
        of="f",
    )
    says("f is 1, but should be True", expect.equal, 1, True, of="f")
    says(
        "f is 'a', but should be 'b'; it equals the first letter",
        expect.equal,
        "a",
        "b",
        of="f",
        mistakes={"the first letter": "a"},
    )


PHRASES = [
    ("softmax(x, axis=0)", "softmax(x, axis=0)[0, 1]"),
    ("params['w'][0]", "params['w'][0][0, 1]"),
    ("softmax(x) in float64", "element [0, 1] of softmax(x) in float64"),
    ("d loss / d w", "element [0, 1] of d loss / d w"),
    ("weights of attention(q, (1, [2, 3]))", "element [0, 1] of weights of attention(q, (1, [2, 3]))"),
    ("with one row, f(x, k=2)", "with one row, f(x, k=2)[0, 1]"),
    ("with the same rng, called once more, f(x)", "with the same rng, called once more, f(x)[0, 1]"),
]  # fmt: skip


@pytest.mark.parametrize(("of", "words"), PHRASES)
def test_an_index_stands_before_a_phrase_and_behind_an_expression(of, words):
    right = X + np.array([[0, 0.5], [0, 0]])
    says(f"{words} is 2, but should be 2.5", expect.close, X, right, of=of)
    says(f"{words} is inf, but should be finite", expect.finite, np.array([[1, np.inf]]), of=of)


def test_items_of_a_phrase_are_named_before_it():
    words = "element [0, 0] of item 1 of params after a step is 1, but should be 2"
    says(words, expect.close, [X, X], [X, X + 1], of="params after a step")
    says(
        "item 'w' of params after a step is None",
        expect.close,
        {"w": None},
        {"w": X},
        of="params after a step",
    )
    says("item 0 of d loss / d params is missing", expect.close, [None], [X], of="d loss / d params")  # fmt: skip


def test_a_tolerance_is_named_where_there_is_one():
    one, none = np.ones(1), np.zeros(1)
    says("f[0] is 1, but should be 0 within 1e-12", expect.close, one, none, of="f")
    says("f[0] is 1, but should be 0", expect.close, one, none, of="f", rtol=0, atol=0)
    says("f[0] is 1, but should be inf", expect.close, one, one * np.inf, of="f")
    says("f[0] is 0, but should be 1 within", expect.close, -none, one, of="f")


def test_a_long_result_is_compared_item_by_item():
    about = {"input": "inputs", "dtype": "float32", "features": 3, "batch": None}
    words = "signature(path)['batch'] is None, but should be 1"
    says(words, expect.equal, about, {**about, "batch": 1}, of="signature(path)")
    names = [f"word {i}" for i in range(40)]
    other = [*names[:30], "WORD", *names[31:]]
    says("words[30] is 'WORD', but should be 'word 30'", expect.equal, other, names, of="words")
    says("f is [1, 2], but should be [1, 3]", expect.equal, [1, 2], [1, 3], of="f")


def test_the_verb_agrees_with_the_subject():
    says("the names of f are 1, but should be 2", expect.equal, 1, 2, of="the names of f")
    for one in ("the bias of f", "the most calls of f", "pick_rows of no index"):
        says(f"{one} is 1, but should be 2", expect.equal, 1, 2, of=one)
    words = "weights of f(x) have the shape (2, 2), but should have (2,)"
    says(words, expect.shape, X, (2,), of="weights of f(x)")
    says("the loss of f has the dtype float32", expect.dtype, X, "float64", of="the loss of f")


def test_bounds():
    says("share is 0.93999999, but should be at least 0.94", expect.at_least, 0.93999999, 0.94, of="share")  # fmt: skip
    expect.at_least(0.95, 0.95, of="accuracy")
    expect.at_most(np.array(0.1), 0.2, of="error")
    expect.between(1, 0, 2, of="n")
    says(
        "accuracy is 0.94, but should be at least 0.95", expect.at_least, 0.94, 0.95, of="accuracy"
    )
    says("error is nan, but should be at most 1", expect.at_most, float("nan"), 1, of="error")
    says("n is 3, but should be from 0 to 2", expect.between, 3, 0, 2, of="n")
    says(
        "but should be finite (1 of 2 elements is off)",
        expect.finite,
        np.array([1, np.inf]),
        of="f",
    )


def test_chance_lets_luck_through_and_bias_not():
    draws = np.random.default_rng(0).random(100_000) < 0.3
    expect.chance(draws.mean(), 0.3, len(draws), of="the kept share")
    says("but should be 0.3000 within", expect.chance, 0.32, 0.3, 100_000, of="the kept share")


def test_raises_wants_the_class_or_a_subclass():
    def fails(kinds):
        raise StudentError("f", kinds[0], kinds, "why", [])

    with expect.raises("LookupError", of="f(3)"):
        fails(["IndexError", "LookupError", "Exception"])

    def wrong():
        with expect.raises("ValueError", of="f(3)"):
            fails(["TypeError", "Exception"])

    def nothing():
        with expect.raises("ValueError", of="f(3)"):
            pass

    def unwritten():
        with expect.raises("NotImplementedError", of="f(3)"):
            raise NotStarted("f is not written yet")

    says("f(3) raised TypeError (why), but should raise ValueError", wrong)
    says("f(3) raised nothing, but should raise ValueError", nothing)
    says("f is not written yet", unwritten)


def test_draws_are_exact_in_float32_and_differ_by_check():
    from katagrad.authoring.context import CheckContext, running

    with running(CheckContext(1)):
        first = expect.normal(3, 4)
        assert first.shape == (3, 4)
        assert np.array_equal(first, first.astype(np.float32))
    with running(CheckContext(1)):
        assert np.array_equal(expect.normal(3, 4), first)
    with running(CheckContext(2)):
        assert not np.array_equal(expect.normal(3, 4), first)
        assert expect.integers(5, 100).max() < 5
        assert expect.uniform(100, low=2, high=3).min() >= 2


def test_mistakes_are_found_inside_structures():
    right, wrong = {"w": X, "b": [X]}, {"w": X, "b": [2 * X]}
    says(
        "; it equals the doubled b",
        expect.close,
        wrong,
        right,
        of="f",
        mistakes={"the doubled b": wrong},
    )
    says(
        "; it equals x doubled: halve it",
        expect.close, 2 * X, X, of="f", mistakes={"x doubled": expect.Wrong(2 * X, "halve it")},
    )  # fmt: skip


def test_numbers_that_differ_are_shown_in_enough_digits():
    near = np.array([1 / 3], np.float64)
    says(
        "f[0] is 0.333333333 (float64), but should be 0.333333334",
        expect.close,
        near,
        near + 1e-9,
        of="f",
        rtol=1e-12,
    )
    says(
        "f[0] is 0.33333333333333331 (float64)",
        expect.close,
        near,
        near + 1e-13,
        of="f",
        rtol=0,
        atol=0,
    )


def test_a_wrong_dtype_is_named_before_values():
    says(
        "f has the dtype float32, but should have float64",
        expect.close,
        X,
        X + 1,
        of="f",
        dtype="float64",
    )
    says(
        "f has the dtype int64, but should be a float tensor",
        expect.close,
        X.astype(int),
        X + 0.5,
        of="f",
    )
    says(
        "f has the keys ['a'], but should have ['a', 'b']: 'b' is missing",
        expect.close,
        {"a": X},
        {"a": X, "b": X},
        of="f",
    )
