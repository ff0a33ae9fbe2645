"""Hidden checks of exercises/roc_auc.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    close,
    dtype,
    from_scratch,
    generator,
    holds,
    integers,
    normal,
    number,
    raises,
    shape,
    uniform,
)

TIES = "Walk down the sorted scores, but set a point only where the next score is lower."
PAIRS = "AUC is the chance that a positive outranks a negative; count ties half."
HARD = "Give roc_curve a column of probabilities, not whether the class was predicted."
# Of areas of curves that were rounded to float32.
ROUNDED = {"rtol": 1e-4, "atol": 1e-5}
# A number may have more digits than its inputs, so its dtype is compared with that for float64 alone.
ANY_PRECISION = ["result", "one row"]
CURVE = ("fpr", "tpr", "thresholds")


def roc_curve(labels, scores):
    thresholds = np.concatenate([[np.inf], np.unique(scores)[::-1]])
    chosen = scores >= thresholds[:, None]  # (points, N)
    return chosen[:, labels == 0].mean(1), chosen[:, labels == 1].mean(1), thresholds


def pair_auc(labels, scores):
    """The share of (positive, negative) pairs in the right order."""
    margins = scores[labels == 1][:, None] - scores[labels == 0]
    return (margins > 0).mean() + (margins == 0).mean() / 2


def class_aucs(labels, probabilities):
    """(AUC, number of samples) of each class that occurs."""
    occurring, sizes = np.unique(labels, return_counts=True)
    aucs = [pair_auc((labels == c).astype(int), probabilities[:, c]) for c in occurring]
    return np.array(aucs), sizes


def binary(samples=24, levels=None):
    """Labels of which a third is positive, and scores that tend to find them; `levels` makes some equal."""
    labels = np.arange(samples) % 3 // 2
    scores = normal(samples) + labels
    if levels is not None:
        scores = np.clip(np.round(scores * 2), -levels // 2, levels // 2) / 4
    order = generator().permutation(samples)
    return labels[order], scores[order]


def multiclass(samples=40, classes=4):
    """Labels of which class 0 has half, and probabilities that tend to be right."""
    labels = np.maximum(integers(2 * classes, samples) - classes, 0)
    labels[:classes] = np.arange(classes)
    weights = np.exp(normal(samples, classes) + np.eye(classes)[labels])
    probabilities = weights / weights.sum(1, keepdims=True)
    return labels, probabilities.astype(np.float32).astype(float)  # as they are sent


def curve(impl, labels, scores, of):
    """What roc_curve returns, which must be three things."""
    result = impl.roc_curve(labels, scores)
    holds(
        isinstance(result, (tuple, list)) and len(result) == 3,
        f"{of} does not return three tensors, but should return (fpr, tpr, thresholds)",
    )
    return result


def expect_curve(impl, labels, scores, of, mistakes=None):
    result = curve(impl, labels, scores, of)
    expected = roc_curve(labels, scores)
    for i, (given, wanted) in enumerate(zip(result, expected, strict=True)):
        close(given, wanted, of=f"{CURVE[i]} of {of}", mistakes=mistakes and mistakes(i))


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("samples", [3, 10])
def test_roc_curve_keeps_its_dtype(impl, samples):
    """roc_curve returns three tensors of equal length in the dtype of the scores"""
    labels, scores = binary(samples)
    curve(impl, labels, scores, "roc_curve(labels, scores)")
    result = impl.roc_curve(labels, scores)
    double = impl.float64.roc_curve(labels, scores)
    for name, single, other in zip(CURVE, result, double, strict=True):
        shape(single, (samples + 1,), of=f"{name} of {samples} distinct scores")
        dtype(single, "float32", of=f"{name} of float32 scores")
        dtype(other, "float64", of=f"{name} of float64 scores")


@pytest.mark.grade(points=2, hint="Sort by score, highest first, and count from the top.")
@pytest.mark.parametrize("samples", [6, 24])
def test_roc_curve_follows_its_definition(impl, samples):
    """each point is the share of negatives and of positives with a score at or above its threshold"""
    labels, scores = binary(samples)
    expected = roc_curve(labels, scores)
    ascending = [values[::-1] for values in expected]

    def mistakes(i):
        return {
            "the curve from the lowest threshold to the highest": ascending[i],
            "the curve without its first point": expected[i][1:],
            "counts instead of shares": expected[i] * [(labels == 0).sum(), labels.sum(), 1][i],
            "the curve with fpr and tpr exchanged": expected[[1, 0, 2][i]],
            "shares of all samples": expected[i] * [1 - labels.mean(), labels.mean(), 1][i],
            "a curve whose first threshold is not inf": np.concatenate(
                [[scores.max() + 1], expected[i][1:]]
            ),
        }

    expect_curve(impl, labels, scores, "roc_curve(labels, scores)", mistakes)


@pytest.mark.grade(points=3, hint=TIES)
@pytest.mark.parametrize("levels", [2, 6])
def test_roc_curve_joins_equal_scores(impl, levels):
    """equal scores share one point, wherever they stand"""
    labels, scores = binary(24, levels)
    order = np.argsort(-scores, kind="stable")
    split = (
        np.concatenate([[0], np.cumsum(labels[order] == 0) / (labels == 0).sum()]),
        np.concatenate([[0], np.cumsum(labels[order]) / labels.sum()]),
        np.concatenate([[np.inf], scores[order]]),
    )
    expect_curve(
        impl,
        labels,
        scores,
        f"roc_curve with {len(np.unique(scores))} distinct scores",
        lambda i: {"the curve with a point for every sample, equal scores or not": split[i]},
    )
    # Sorting cannot help here: positives come first in one order, negatives in the other.
    for flip in (1, -1):
        order = np.argsort(flip * labels, kind="stable")
        expect_curve(impl, labels[order], scores[order], "roc_curve of tied scores, reordered")


def figure(value, of):
    """Expect a number as the stub has it: not a tensor (1,), not an integer."""
    holds(
        np.shape(value) == () and np.asarray(value).dtype.kind == "f",
        f"{of} has the shape {np.shape(value)} and the dtype {np.asarray(value).dtype}, "
        "but should be a number: a float tensor () or a Python float",
    )


@pytest.mark.grade(points=1, hint="Compare scores with == or !=, not within a tolerance.")
@pytest.mark.parametrize("unit", [2.0**-40, 2.0**-23, 2.0**30], ids=["tiny", "close", "huge"])
def test_roc_curve_parts_scores_however_close(impl, unit):
    """scores that differ in their last digit, and scores of any size, are distinct"""
    labels, scores = np.array([0, 1, 1, 0, 1]), np.array([0.0, 3.0, 1.0, 2.0, 3.0])
    shift = 1.0 if unit == 2.0**-23 else 0.0
    of = f"roc_curve of scores whose steps are {unit:.3g}"
    expect_curve(impl, labels, shift + unit * scores, of)
    of = "roc_curve of float64 scores that are one score in float32"
    expect_curve(impl.float64, labels, 0.5 + 2.0**-40 * scores, of)


@pytest.mark.grade(points=1, hint="Convert labels to int64 before you count them.")
def test_roc_curve_keeps_the_contracts_words(impl):
    """roc_curve follows the rules of docs/contract.md; counts beyond 8 bits fit, too"""
    labels, scores = binary(120)
    # 600 positives do not fit into 8 bits.
    labels, scores = np.r_[labels, np.ones(600, int)], np.r_[scores, np.full(600, scores[0])]
    conform(impl, "roc_curve", [labels, scores], expected=roc_curve)


@pytest.mark.grade(points=1)
def test_auc_keeps_the_contracts_words(impl):
    """auc follows the rules of docs/contract.md"""
    x, y = np.sort(normal(7)), normal(7, shift=1.0)
    figure(impl.auc(x, y), "auc(x, y)")
    conform(impl, "auc", [x, y], gives="anything", without=ANY_PRECISION)
    area = np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2)
    number(impl.float64.auc(x, y), area, of="auc of float64 points", rtol=1e-12, atol=1e-12)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_multiclass_auc_keeps_the_contracts_words(impl, average):
    """multiclass_auc follows the rules of docs/contract.md; counts beyond 8 bits fit, too"""
    labels, p = multiclass(20, 3)
    # 300 samples of one class do not fit into 8 bits.
    labels, p = np.r_[labels, np.full(300, 2)], np.r_[p, np.repeat(p[:1], 300, axis=0)]
    aucs, sizes = class_aucs(labels, p)
    mean = np.average(aucs, weights=sizes if average == "weighted" else None)
    found = impl.multiclass_auc(labels, p, average)
    figure(found, f"multiclass_auc(labels, probabilities, {average=})")
    number(found, mean, of=f"multiclass_auc of 300 samples of class 2, {average=}", **ROUNDED)
    conform(
        impl,
        "multiclass_auc",
        [labels, p],
        {"average": average},
        gives="anything",
        without=ANY_PRECISION,
    )
    # All probabilities of a class are one number in float32.
    labels, close_by = np.array([0, 1, 2, 1, 0, 2, 2]), 2.0**-40 * np.arange(7.0)
    close_by = np.stack(
        [0.5 - close_by, 0.25 + close_by[[1, 0, 2, 4, 3, 6, 5]], 0.25 + close_by], 1
    )
    aucs, sizes = class_aucs(labels, close_by)
    number(
        impl.float64.multiclass_auc(labels, close_by, average),
        np.average(aucs, weights=sizes if average == "weighted" else None),
        of=f"multiclass_auc of float64 probabilities that are equal in float32, {average=}",
        mistakes={"the AUC of equal scores": 0.5},
    )


@pytest.mark.grade(points=1)
def test_roc_curve_keeps_every_point(impl):
    """points on a straight line stay, a constant score gives two points, a perfect one passes (0, 1)"""
    labels = np.array([1, 1, 0, 1, 0, 0])
    scores = {
        "points on a line": np.array([0.9, 0.8, 0.25, 0.7, 0.2, 0.1]),
        "a constant score": np.full(6, 0.5),
        "a perfect score": labels.astype(float),
        "a reversed score": -labels.astype(float),
    }
    for name, values in scores.items():
        expect_curve(impl, labels, values, f"roc_curve of {name}")


@pytest.mark.grade(
    points=1, hint="Only the order of the scores counts: they need not lie in 0 to 1."
)
def test_roc_curve_sees_the_order_alone(impl):
    """a strictly increasing function of the scores changes thresholds, not the curve"""
    labels, scores = binary(24, 6)
    fpr, tpr, _ = roc_curve(labels, scores)
    for name, changed in (("8 s - 20", 8 * scores - 20), ("s^3", scores**3)):
        result = curve(impl, labels, changed, f"roc_curve(labels, {name})")
        close(result[0], fpr, of=f"fpr of roc_curve(labels, {name})")
        close(result[1], tpr, of=f"tpr of roc_curve(labels, {name})")
        close(result[2][1:], roc_curve(labels, changed)[2][1:], of=f"thresholds for {name}")


@pytest.mark.grade(points=1, hint="Without negatives there is no share of negatives: 0 / 0.")
@pytest.mark.parametrize("label", [0, 1])
def test_roc_curve_refuses_one_class(impl, label):
    """labels of one class alone raise ValueError"""
    for samples in (1, 5):
        with raises("ValueError", of=f"roc_curve({[label] * samples}, scores)"):
            impl.roc_curve(np.full(samples, label), normal(samples))


@pytest.mark.grade(points=2, hint="Width times the mean of the two heights, summed over the steps.")
@pytest.mark.parametrize("points", [2, 3, 12])
def test_auc_sums_trapezoids(impl, points):
    """auc is the area under the line through the points, whatever their distances and wherever they lie"""
    x, y = np.sort(normal(points)), normal(points, shift=1.0)
    x[-2] = x[0] if points == 3 else x[-2]  # a vertical step
    widths = np.diff(x)
    number(
        impl.auc(x, y),
        np.sum(widths * (y[1:] + y[:-1]) / 2),
        of=f"auc(x, y) of {points} points",
        **ROUNDED,
        mistakes={
            "the sum of rectangles at the left heights": np.sum(widths * y[:-1]),
            "the sum of rectangles at the right heights": np.sum(widths * y[1:]),
            "twice the area": np.sum(widths * (y[1:] + y[:-1])),
            "the mean height, as if all steps were equal": y.mean(),
            "the area with its sign changed": -np.sum(widths * (y[1:] + y[:-1]) / 2),
        },
    )
    # The width of a step is exact here; a product of such an x and a height is not.
    x, y = 2.0**20 + np.arange(points) / 8, uniform(points, low=1.0, high=2.0)
    area = np.sum(y[1:] + y[:-1]) / 16
    of = f"auc(x, y) of {points} points with x from 1048576 in steps of 1/8"
    number(impl.auc(x, y), area, of=of, **ROUNDED)


@pytest.mark.grade(points=1, hint="Add what lies above the axis, and subtract what lies below.")
def test_auc_has_a_sign(impl):
    """the area of points below the axis is negative, and areas above 1 or of either sign add up"""
    x, y = np.array([-2.0, 0.0, 0.0, 5.0]), np.array([-1.0, -3.0, 4.0, 1.0])
    number(impl.auc(x, y), 8.5, of="auc([-2, 0, 0, 5], [-1, -3, 4, 1])")
    number(impl.auc(x, -y), -8.5, of="auc([-2, 0, 0, 5], [1, 3, -4, -1])")
    number(impl.auc(2.0**20 * x, y), 8.5 * 2**20, of="auc([-2, 0, 0, 5] * 2**20, [-1, -3, 4, 1])")


@pytest.mark.grade(points=2, hint=PAIRS)
@pytest.mark.parametrize("levels", [None, 6])
def test_auc_of_a_curve_ranks_pairs(impl, levels):
    """the area under the ROC curve is the share of pairs in the right order, ties counting half"""
    labels, scores = binary(30, levels)

    def area(values, name):
        fpr, tpr, _ = curve(impl, labels, values, f"roc_curve of {name}")
        return impl.auc(fpr, tpr)

    kind = "distinct scores" if levels is None else "scores with ties"
    expected = pair_auc(labels, scores)
    number(area(scores, kind), expected, of=f"the AUC of {kind}", **ROUNDED)
    number(area(-scores, kind), 1 - expected, of=f"the AUC of {kind}, reversed", **ROUNDED)
    number(area(0 * scores, "one score"), 0.5, of="the AUC of a constant score", **ROUNDED)
    number(area(labels * 1.0, "the labels"), 1.0, of="the AUC of the labels themselves", **ROUNDED)


@pytest.mark.grade(points=3, hint=HARD)
@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_multiclass_auc_averages_one_versus_rest(impl, average):
    """multiclass_auc is the mean over the classes of "this class or another", plain or by class size"""
    labels, p = multiclass()
    aucs, sizes = class_aucs(labels, p)
    hard = np.eye(4)[p.argmax(1)]
    means = {
        "macro": lambda values: values.mean(),
        "weighted": lambda values: np.average(values, weights=sizes),
    }
    other = "weighted" if average == "macro" else "macro"
    number(
        impl.multiclass_auc(labels, p, average=average),
        means[average](aucs),
        of=f"multiclass_auc(labels, probabilities, {average=})",
        **ROUNDED,
        mistakes={
            f"the {other} mean": means[other](aucs),
            "the AUC of hard predictions": means[average](class_aucs(labels, hard)[0]),
            "the AUC of all pairs (sample, class) at once": pair_auc(
                np.eye(4, dtype=int)[labels].ravel(), p.ravel()
            ),
            "the AUC of the likeliest class": pair_auc((labels == 0).astype(int), p[:, 0]),
        },
    )
    # Two classes are no exception: each column is judged by itself.
    labels = integers(2, 20)
    labels[:2] = 0, 1
    p = np.stack([1.0 - labels, uniform(20)], 1)
    aucs, sizes = class_aucs(labels, p)
    number(
        impl.multiclass_auc(labels, p, average=average),
        np.average(aucs, weights=sizes if average == "weighted" else None),
        of=f"multiclass_auc of two classes, {average=}, where column 0 is right and column 1 random",
        mistakes={f"the AUC of class {k} alone": area for k, area in enumerate(aucs)},
        **ROUNDED,
    )


@pytest.mark.grade(points=2, hint="Average over the classes that occur in the labels.")
@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_multiclass_auc_leaves_absent_classes_out(impl, average):
    """a class without samples takes no part in the mean"""
    labels, p = multiclass(classes=5)
    labels[(labels == 1) | (labels == 4)] = 2
    aucs, sizes = class_aucs(labels, p)
    weights = sizes if average == "weighted" else None
    call = f"multiclass_auc with classes 1 and 4 absent, {average=}"
    number(
        impl.multiclass_auc(labels, p, average=average),
        np.average(aucs, weights=weights),
        of=call,
        **ROUNDED,
        mistakes={
            "the mean that counts absent classes as 0": aucs.sum() / 5,
            "the mean that counts absent classes as 0.5": (aucs.sum() + 1) / 5,
            "the mean that counts absent classes as 1": (aucs.sum() + 2) / 5,
        },
    )
    # Two of four: with columns that do not sum to 1, the two AUCs differ.
    labels, p = integers(2, 20) * 2, uniform(20, 4)
    labels[:2] = 0, 2
    aucs, sizes = class_aucs(labels, p)
    mean = np.average(aucs, weights=sizes if average == "weighted" else None)
    of = f"multiclass_auc with classes 0 and 2 of 4, {average=}"
    mistakes = {f"the AUC of class {k} alone": a for k, a in zip((0, 2), aucs, strict=True)}
    number(
        impl.multiclass_auc(labels, p, average=average), mean, of=of, mistakes=mistakes, **ROUNDED
    )
    # The numbers of the classes do not fit into 8 bits.
    labels, p = np.array([299, 44, 299, 0, 44, 0]), uniform(6, 300)
    aucs, sizes = class_aucs(labels, p)
    mean = np.average(aucs, weights=sizes if average == "weighted" else None)
    of = f"multiclass_auc with classes 0, 44 and 299 of 300, {average=}"
    number(impl.multiclass_auc(labels, p, average=average), mean, of=of, **ROUNDED)


@pytest.mark.grade(points=1)
def test_multiclass_auc_averages_by_macro_unless_told(impl):
    """macro is the default; an unknown average, or labels all alike, raise ValueError"""
    labels, p = multiclass()
    aucs, _ = class_aucs(labels, p)
    number(impl.multiclass_auc(labels, p), aucs.mean(), of="multiclass_auc(labels, p)", **ROUNDED)
    number(
        impl.multiclass_auc(labels, (1 - np.eye(4)[labels]) / 3),
        0.0,
        of="multiclass_auc of the worst order",
        atol=1e-6,
    )
    for average in ("median", "Macro", "micro", "", None):
        with raises("ValueError", of=f"multiclass_auc({average=})"):
            impl.multiclass_auc(labels, p, average=average)
    for samples, label in ((5, 2), (5, 0), (1, 3)):
        for average in ("macro", "weighted"):
            of = f"multiclass_auc({[label] * samples}, probabilities, {average=})"
            with raises("ValueError", of=of):
                impl.multiclass_auc(np.full(samples, label), uniform(samples, 4), average)


@pytest.mark.grade(points=1)
def test_roc_auc_is_written_from_scratch(impl):
    """curves and areas use no ROC, AUC or trapezoid function"""
    from_scratch(impl, "roc_curve", "auc", "multiclass_auc")
