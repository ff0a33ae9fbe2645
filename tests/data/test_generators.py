"""The drawn data: the same for the same generator, balanced, and as hard as they claim."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from katagrad import data


def rng(seed=0):
    return np.random.default_rng(seed)


# name: shape and type of every array that a call with n=40 returns
DRAWN = {
    "moons": [((40, 2), float), ((40,), np.int64)],
    "spirals": [((40, 2), float), ((40,), np.int64)],
    "xor": [((40, 2), float), ((40,), np.int64)],
    "ring8": [((40, 2), float), ((40,), np.int64)],
    "sine": [((40, 1), float), ((40,), float)],
    "two_tone": [((40,), float)],
    "negation_sentiment": [((40, 16), np.int64), ((40,), np.int64)],
    "reverse": [((40, 8), np.int64), ((40, 8), np.int64)],
    "shapes5": [((40, 32, 32, 3), np.uint8), ((40,), np.int64)],
}


def draw(name, seed, n=40):
    drawn = getattr(data, name)(n, rng(seed))
    return drawn if isinstance(drawn, tuple) else (drawn,)


@pytest.mark.parametrize("name", DRAWN)
def test_shapes_and_types_are_as_documented(name):
    assert [(part.shape, part.dtype) for part in draw(name, 0)] == DRAWN[name]


@pytest.mark.parametrize("name", DRAWN)
def test_the_generator_alone_decides(name):
    first, again, other = draw(name, 1), draw(name, 1), draw(name, 2)
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("n", [0, 1])
def test_few_or_no_rows_can_be_drawn(name, n):
    assert all(len(part) == n for part in draw(name, 0, n))


@pytest.mark.parametrize(
    ("name", "classes"),
    {"moons": 2, "spirals": 2, "xor": 2, "ring8": 8, "negation_sentiment": 2, "shapes5": 5}.items(),
)
def test_the_classes_are_balanced_and_shuffled(name, classes):
    labels = draw(name, 0, 80)[1]
    np.testing.assert_array_equal(np.bincount(labels), np.full(classes, 80 // classes))
    assert not np.array_equal(labels, np.sort(labels))
    assert not np.array_equal(labels, np.arange(80) % classes)


@pytest.mark.parametrize(("name", "line"), [("moons", 0.88), ("spirals", 0.62), ("xor", 0.62)])
def test_a_curve_separates_what_a_line_cannot(name, line):
    (x, y), (test_x, test_y) = draw(name, 0, 1000), draw(name, 1, 1000)
    assert LogisticRegression().fit(x, y).score(test_x, test_y) < line
    assert KNeighborsClassifier(15).fit(x, y).score(test_x, test_y) > 0.94


def test_xor_without_noise_is_the_truth_table():
    x, y = data.xor(4, rng(), noise=0.0)
    assert sorted(map(tuple, np.column_stack([x, y]))) == [
        (0.0, 0.0, 0.0),
        (0.0, 1.0, 1.0),
        (1.0, 0.0, 1.0),
        (1.0, 1.0, 0.0),
    ]


def test_more_arms_are_more_classes():
    _, y = data.spirals(60, rng(), arms=3)
    np.testing.assert_array_equal(np.bincount(y), [20, 20, 20])


def test_ring8_points_lie_about_their_own_centre():
    x, y = data.ring8(800, rng())
    centres = data.ring8_centres()
    np.testing.assert_allclose(np.hypot(*centres.T), 2.0)
    nearest = np.linalg.norm(x[:, None] - centres, axis=-1).argmin(axis=1)
    np.testing.assert_array_equal(nearest, y)
    assert abs((x - centres[y]).std() - 0.05) < 0.005


def test_sine_is_a_sine_under_noise():
    x, y = data.sine(2000, rng())
    assert np.abs(x).max() <= np.pi
    assert abs((y - np.sin(x[:, 0])).std() - 0.1) < 0.01


def test_two_tone_is_learnable_far_below_persistence():
    """A line through the last 24 steps errs by about 0.09, repeating the last step by 0.26."""
    series = data.two_tone(2000, rng())
    windows = np.lib.stride_tricks.sliding_window_view(series, 25)
    past, following = windows[:, :-1], windows[:, -1]
    weights = np.linalg.lstsq(past[:1400], following[:1400], rcond=None)[0]
    assert np.abs(past[1500:] @ weights - following[1500:]).mean() < 0.1
    assert 0.24 < np.abs(past[1500:, -1] - following[1500:]).mean() < 0.29


def test_two_tone_has_only_its_two_tones():
    series = data.two_tone(900, rng(), noise=0.0)  # 900 steps are whole periods of 30 and of 9
    power = np.abs(np.fft.rfft(series)) / 450
    np.testing.assert_allclose(power[[30, 100]], [1.0, 0.5], atol=1e-9)
    assert np.delete(power, [30, 100]).max() < 1e-9


def label_of(words):
    """Read a review as a person would: find the opinion, see whether it is negated."""
    praise = {"good", "great", "funny", "moving", "clever", "brilliant"}
    blame = {"bad", "awful", "boring", "clumsy", "silly", "dreadful"}
    (at,) = [place for place, word in enumerate(words) if word in praise | blame]
    negated = bool({"not", "never", "hardly"} & set(words[max(at - 2, 0) : at]))
    return int((words[at] in praise) != negated)


def test_reviews_mean_what_their_label_says():
    tokens, labels = data.negation_sentiment(500, rng())
    for row, label in zip(tokens, labels, strict=True):
        words = [data.NEGATION_SENTIMENT_WORDS[token] for token in row if token != data.PAD]
        assert 9 <= len(words) <= 16
        assert label_of(words) == label, " ".join(words)


def test_padding_comes_last():
    tokens, _ = data.negation_sentiment(200, rng(), length=20)
    assert tokens.shape == (200, 20)
    words = tokens != data.PAD
    np.testing.assert_array_equal(words, np.arange(20) < words.sum(axis=1)[:, None])


def test_word_counts_do_not_decide_a_review():
    size = len(data.NEGATION_SENTIMENT_WORDS)
    (x, y), (test_x, test_y) = (
        draw("negation_sentiment", 0, 2000),
        draw("negation_sentiment", 1, 2000),
    )
    counts, test_counts = (
        np.apply_along_axis(np.bincount, 1, t, minlength=size) for t in (x, test_x)
    )
    assert LogisticRegression(max_iter=500).fit(counts, y).score(test_counts, test_y) < 0.75


def test_a_length_that_would_cut_a_review_is_refused():
    with pytest.raises(ValueError, match="length is 10, but should be at least 16"):
        data.negation_sentiment(1, rng(), length=10)


def test_reverse_turns_rows_round_and_leaves_the_special_ids_free():
    x, y = data.reverse(200, rng(), length=5, symbols=4)
    np.testing.assert_array_equal(y, x[:, ::-1])
    assert set(np.unique(x)) == {3, 4, 5, 6}
    assert max(data.PAD, data.START, data.END) < x.min()


def test_shapes_stand_out_from_their_ground():
    images, labels = data.shapes5(200, rng())
    assert len(data.SHAPES5_CLASSES) == labels.max() + 1
    brightness = images.mean(axis=3).reshape(200, -1) / 255
    spread = np.quantile(brightness, 0.99, axis=1) - np.quantile(brightness, 0.01, axis=1)
    assert spread.min() > 0.3


def test_shapes_differ_by_form_not_by_colour_or_place():
    (x, y), (test_x, test_y) = draw("shapes5", 0, 500), draw("shapes5", 1, 500)
    pixels, test_pixels = (part.reshape(500, -1)[:, ::6] / 255 for part in (x, test_x))
    assert KNeighborsClassifier(5).fit(pixels, y).score(test_pixels, test_y) < 0.5
