"""Hidden checks of exercises/metrics.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    close,
    equal,
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

ROWS = "Rows are the true classes, columns the predicted ones."
EACH = "Precision divides by a column's sum of the confusion matrix, recall by a row's."
EMPTY = "Where a class is never predicted, or has no samples, the denominator is 0: give 0."
SHAPES = "Compare the two shapes first, and raise ValueError: the difference would be broadcast."
REGRESSION = ("mae", "rmse", "r2", "mape")
NAMES = ("precision", "recall", "F1")


def unbalanced(classes=4, samples=60):
    """Labels of which class 0 has half, and predictions that are right in two of three cases."""
    shares = np.r_[0.5, np.full(classes - 1, 0.5 / (classes - 1))]
    labels = generator().choice(classes, samples, p=shares)
    guesses = np.where(generator().random(samples) < 2 / 3, labels, labels[::-1] // 2)
    labels[:classes], guesses[:classes] = np.arange(classes), 0  # every class occurs
    guesses[-classes:] = np.arange(classes)
    return labels, guesses


def confusion_matrix(labels, predictions, classes):
    counts = np.zeros((classes, classes), int)
    for label, prediction in zip(labels, predictions, strict=True):
        counts[label, prediction] += 1
    return counts


def share(part, whole):
    return np.divide(part, whole, out=np.zeros(np.shape(whole)), where=np.asarray(whole) > 0)


def per_class(labels, predictions, classes):
    """(precision, recall, F1), each (classes,)."""
    counts = confusion_matrix(labels, predictions, classes)
    right = np.diag(counts)
    precision, recall = share(right, counts.sum(0)), share(right, counts.sum(1))
    return precision, recall, share(2 * precision * recall, precision + recall)


def averaged(labels, predictions, classes, average):
    each = per_class(labels, predictions, classes)
    if average == "micro":
        return (np.mean(labels == predictions),) * 3
    weights = np.bincount(labels, minlength=classes) if average == "weighted" else None
    return tuple(np.average(metric, weights=weights) for metric in each)


def figure(value, of):
    """Expect a number as the stub has it: not a tensor (1,), not an integer."""
    holds(
        np.shape(value) == () and np.asarray(value).dtype.kind == "f",
        f"{of} has the shape {np.shape(value)} and the dtype {np.asarray(value).dtype}, "
        "but should be a number: a float tensor () or a Python float",
    )


def three(result, call):
    holds(
        isinstance(result, (tuple, list)) and len(result) == 3,
        f"{call} does not return three metrics, but should return (precision, recall, F1)",
    )
    return result


@pytest.mark.grade(points=2, hint=ROWS)
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_confusion_matrix_counts_pairs(impl, classes):
    """confusion_matrix counts samples by true class (row) and predicted class (column)"""
    labels, guesses = unbalanced(classes)
    result = impl.confusion_matrix(labels, guesses, classes)
    counts = confusion_matrix(labels, guesses, classes)
    shape(result, (classes, classes), of=f"confusion_matrix(labels, predictions, {classes})")
    holds(
        result.dtype.kind in "iu",
        f"confusion_matrix has the dtype {result.dtype}, but should hold integers",
    )
    close(
        result,
        counts,
        of=f"confusion_matrix(labels, predictions, {classes})",
        mistakes={
            "the transposed matrix": counts.T,
            "whether a pair occurs, not how often": counts > 0,
            "shares instead of counts": counts / len(labels),
        },
    )


@pytest.mark.grade(points=1, hint="Make room for `classes` classes, whichever occur.")
def test_confusion_matrix_keeps_absent_classes(impl):
    """classes that never occur keep their empty rows and columns"""
    labels, guesses = np.array([1, 1, 3, 1]), np.array([1, 3, 3, 0])
    for classes in (4, 6):
        result = impl.confusion_matrix(labels, guesses, classes)
        expected = confusion_matrix(labels, guesses, classes)
        close(result, expected, of=f"confusion_matrix([1, 1, 3, 1], [1, 3, 3, 0], {classes})")


@pytest.mark.grade(points=1)
def test_accuracy_is_the_share_of_right_ones(impl):
    """accuracy is the share of right predictions"""
    labels, guesses = unbalanced()
    right = labels == guesses
    number(
        impl.accuracy(labels, guesses),
        right.mean(),
        of="accuracy(labels, predictions)",
        mistakes={
            "the number of right ones": right.sum(),
            "the share of wrong ones": 1 - right.mean(),
            "accuracy in percent": 100 * right.mean(),
            "the mean recall of the classes": per_class(labels, guesses, 4)[1].mean(),
        },
    )
    thirds = np.array([0, 1, 2, 0, 1, 2, 0]), np.array([0, 1, 1, 1, 1, 1, 1])
    of = "accuracy([0, 1, 2, 0, 1, 2, 0], [0, 1, 1, 1, 1, 1, 1])"
    number(impl.accuracy(*thirds), 3 / 7, of=of, rtol=1e-6)
    number(impl.accuracy(labels, labels), 1.0, of="accuracy(labels, labels)")
    # More samples than fit into 8 bits, and classes that differ by 256.
    many, wrong = (
        np.arange(2000) % 300,
        np.where(np.arange(2000) < 1500, np.arange(2000) % 300, 299),
    )
    wrong[-7:] = (many[-7:] + 256) % 512
    of = "accuracy of 2000 samples of 300 classes"
    number(impl.accuracy(many, wrong), (many == wrong).mean(), of=of)
    number(impl.accuracy(np.array([2]), np.array([1])), 0.0, of="accuracy([2], [1])")


@pytest.mark.grade(points=2, hint=EACH)
@pytest.mark.parametrize("classes", [2, 4])
def test_precision_recall_f1_of_each_class(impl, classes):
    """average="none" gives the precision, recall and F1 of each class"""
    labels, guesses = unbalanced(classes)
    call = "precision_recall_f1(labels, predictions, average='none')"
    result = three(impl.precision_recall_f1(labels, guesses, classes, average="none"), call)
    each = per_class(labels, guesses, classes)
    precision, recall, _ = each
    mistakes = [
        {"recall": recall},
        {"precision": precision},
        {
            "the plain mean of precision and recall": (precision + recall) / 2,
            "F1 without its factor 2": each[2] / 2,
            "the root of precision times recall": np.sqrt(precision * recall),
        },
    ]
    for name, given, expected, wrong in zip(NAMES, result, each, mistakes, strict=True):
        # Ratios of small counts have more digits than sums do.
        close(given, expected, of=f"{name} of {call}", mistakes=wrong, rtol=1e-5, atol=0)


@pytest.mark.grade(points=2, hint=EMPTY)
@pytest.mark.parametrize("average", ["none", "macro", "weighted", "micro"])
def test_precision_recall_f1_survives_empty_classes(impl, average):
    """a class that is never predicted or never occurs has the metrics 0, and counts in the macro mean"""
    cases = [
        ([0, 0, 1, 2, 0], [0, 1, 1, 0, 0], 3),  # 2 is never predicted
        ([0, 0, 1, 0], [0, 2, 1, 0], 3),  # 2 never occurs
        ([1, 1, 3], [1, 3, 3], 5),  # 0, 2 and 4 do neither
        ([0, 0], [1, 1], 2),  # nothing is right
    ]
    for labels, guesses, classes in cases:
        labels, guesses = np.array(labels), np.array(guesses)
        of = f"precision_recall_f1({labels.tolist()}, {guesses.tolist()}, {classes}, {average=})"
        result = three(impl.precision_recall_f1(labels, guesses, classes, average=average), of)
        each = per_class(labels, guesses, classes)
        if average == "none":
            for name, given, expected in zip(NAMES, result, each, strict=True):
                close(given, expected, of=f"{name} of {of}")
            continue
        occurring = np.unique(labels)
        for name, given, expected, values in zip(
            NAMES, result, averaged(labels, guesses, classes, average), each, strict=True
        ):
            number(
                given,
                expected,
                of=f"{name} of {of}",
                mistakes={"the mean over the classes that occur": values[occurring].mean()},
            )


@pytest.mark.grade(points=3, hint="Average each metric by itself, after it is computed per class.")
@pytest.mark.parametrize("average", ["macro", "weighted", "micro"])
def test_precision_recall_f1_averages_as_asked(impl, average):
    """macro is the plain mean over classes, weighted the mean by class size, micro that of summed counts"""
    pair = unbalanced(2)
    call = f"precision_recall_f1(labels, predictions, 2, {average=})"
    result = three(impl.precision_recall_f1(*pair, 2, average=average), call)
    for name, found, wanted in zip(NAMES, result, averaged(*pair, 2, average), strict=True):
        number(found, wanted, of=f"{name} of {call}")
    labels, guesses = unbalanced(5)
    call = f"precision_recall_f1(labels, predictions, 5, {average=})"
    result = three(impl.precision_recall_f1(labels, guesses, 5, average=average), call)
    expected = averaged(labels, guesses, 5, average)
    each = per_class(labels, guesses, 5)
    p, r, _ = expected
    for i, name in enumerate(NAMES):
        mistakes = {
            f"the {other} average": averaged(labels, guesses, 5, other)[i]
            for other in ("micro", "macro", "weighted")
            if other != average
        }
        mistakes["a mean weighed by how often a class is predicted"] = np.average(
            each[i], weights=np.bincount(guesses, minlength=5)
        )
        if name == "F1" and average != "micro":
            mistakes = {"the F1 of averaged precision and recall": 2 * p * r / (p + r), **mistakes}
        number(result[i], expected[i], of=f"{name} of {call}", mistakes=mistakes)


@pytest.mark.grade(points=1)
def test_precision_recall_f1_averages_by_macro_unless_told(impl):
    """macro is the default, and an unknown average raises ValueError"""
    labels, guesses = unbalanced(3)
    call = "precision_recall_f1(labels, predictions, 3)"
    result = three(impl.precision_recall_f1(labels, guesses, 3), call)
    for name, given, expected in zip(
        NAMES, result, averaged(labels, guesses, 3, "macro"), strict=True
    ):
        number(given, expected, of=f"{name} of {call}")
    for average in ("median", "Macro", "binary", "", None):
        with raises("ValueError", of=f"precision_recall_f1({average=})"):
            impl.precision_recall_f1(labels, guesses, 3, average=average)


def regression(*size):
    """Targets away from 0, of both signs, and predictions with errors of unlike sizes."""
    target = np.asarray(uniform(*size, low=1.0, high=6.0) * generator().choice([-1, 1], size))
    prediction = target + normal(*size) * uniform(*size, high=3.0) + 0.4
    return target, np.asarray(prediction, np.float32).astype(float)  # as it is sent


def regression_metrics(t, p):
    """The four metrics by name."""
    e, about = t - p, t - t.mean()
    r2 = 1 - (e**2).sum() / (about**2).sum()
    return {
        "mae": np.abs(e).mean(),
        "rmse": np.sqrt((e**2).mean()),
        "r2": r2,
        "mape": 100 * np.abs(e / t).mean(),
    }


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("size", [(9,), (1,), (4, 3), ()])
def test_mae_averages_absolute_errors(impl, size):
    """mae is the mean absolute error over all elements"""
    t, p = regression(*size)
    e = t - p
    number(
        impl.mae(t, p),
        np.abs(e).mean(),
        of="mae(target, prediction)",
        mistakes={
            "the mean error with its sign": e.mean(),
            "the mean squared error": (e**2).mean(),
            "the sum": np.abs(e).sum(),
            "the median absolute error": np.median(np.abs(e)),
        },
    )


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("size", [(9,), (4, 3), ()])
def test_rmse_is_a_root(impl, size):
    """rmse is the root of the mean squared error over all elements"""
    t, p = regression(*size)
    e = t - p
    number(
        impl.rmse(t, p),
        np.sqrt((e**2).mean()),
        of="rmse(target, prediction)",
        mistakes={
            "the mean squared error, without the root": (e**2).mean(),
            "the mean absolute error": np.abs(e).mean(),
            "the root of the sum": np.sqrt((e**2).sum()),
            "the standard deviation of the errors": e.std(),
        },
    )


@pytest.mark.grade(points=2, hint="The denominator is the spread of the targets about their mean.")
@pytest.mark.parametrize("size", [(9,), (4, 3)])
def test_r2_compares_with_the_mean(impl, size):
    """r2 is 1 - sum of squared errors / sum of squared distances of the targets from their mean"""
    t, p = regression(*size)
    squares = ((t - p) ** 2).sum()
    number(
        impl.r2(t, p),
        1 - squares / ((t - t.mean()) ** 2).sum(),
        of="r2(target, prediction)",
        mistakes={
            "1 - errors / variance of the predictions": 1 - squares / ((p - p.mean()) ** 2).sum(),
            "the squared correlation": np.corrcoef(t.ravel(), p.ravel())[0, 1] ** 2,
            "1 - errors / sum of squared targets": 1 - squares / (t**2).sum(),
            "the share that is not explained": squares / ((t - t.mean()) ** 2).sum(),
            "explained variance, which forgives a constant error": 1 - (t - p).var() / t.var(),
        },
    )


@pytest.mark.grade(points=1, hint="Do not clip: a model may be worse than the mean.")
def test_r2_may_be_negative(impl):
    """r2 is 1 for a perfect model, 0 for the mean, and far below 0 for a bad model"""
    t = np.array([1.0, 2.0, 3.0, 6.0])
    number(impl.r2(t, t), 1.0, of="r2(target, target)")
    number(impl.r2(t, np.full(4, 3.0)), 0.0, of="r2(target, the mean of the target)", atol=1e-5)
    number(impl.r2(t, -t), 1 - 200 / 14, of="r2(target, -target)")


@pytest.mark.grade(points=1, hint="Divide each error by its own target, and multiply by 100.")
@pytest.mark.parametrize("size", [(9,), (4, 3), ()])
def test_mape_is_in_percent(impl, size):
    """mape is the mean of |error| / |target| in percent, for targets of either sign"""
    t, p = regression(*size)
    e = t - p
    number(
        impl.mape(t, p),
        100 * np.abs(e / t).mean(),
        of="mape(target, prediction)",
        mistakes={
            "mape as a fraction": np.abs(e / t).mean(),
            "errors divided by targets with their sign": 100 * (np.abs(e) / t).mean(),
            "errors divided by predictions": 100 * np.abs(e / p).mean(),
            "the sum of errors by the sum of targets": 100 * np.abs(e).sum() / np.abs(t).sum(),
        },
    )


@pytest.mark.grade(points=2, hint=SHAPES)
@pytest.mark.parametrize("name", REGRESSION)
def test_regression_metrics_refuse_shapes_that_differ(impl, name):
    """shapes that differ raise ValueError, also where they could be broadcast"""
    pairs = [((4, 1), (4,)), ((4,), (4, 1)), ((3,), (1,)), ((2, 3), (3,))]
    # As many elements as each other, and still not of one shape.
    for one, other in [*pairs, ((1,), (1, 1)), ((), (1,)), ((2, 3), (3, 2))]:
        t, p = uniform(*one, low=1.0, high=2.0), normal(*other)
        with raises("ValueError", of=f"{name}({one} tensor, {other} tensor)"):
            impl.call(name, t, p)


@pytest.mark.grade(
    points=2, hint="Add nothing to a denominator, and take nothing for 0 or constant."
)
def test_regression_metrics_keep_to_any_unit(impl):
    """targets in millionths, and targets far from 0 beside their spread, give the metrics of their definitions"""
    t, p = regression(9)
    for scale, shift in ((2.0**-20, 0.0), (2.0**20, 0.0), (1.0, 1024.0), (1.0, 8192.0)):
        # Rounded to what float32 holds beside the shift, so that differences are exact.
        target, prediction = (np.round(a * 1024) / 1024 * scale + shift for a in (t, p))
        of = f"(targets times {scale:g} plus {shift:g}, and predictions, too)"
        for name, wanted in regression_metrics(target, prediction).items():
            # Around a mean that float32 rounds, r2 has fewer digits.
            room = {"rtol": 1e-3, "atol": 1e-3} if name == "r2" else {"atol": 0}
            number(impl.call(name, target, prediction), wanted, of=name + of, **room)
    for scale in (2.0**-100, 2.0**100):
        expected = regression_metrics(t, p)
        for name, unit in zip(REGRESSION, (scale, scale, 1.0, 1.0), strict=True):
            of = f"{name}(float64 targets times {scale:g}, and predictions, too)"
            found = impl.float64.call(name, t * scale, p * scale)
            number(found, expected[name] * unit, of=of, atol=0)
    for scale in (1e-6, 1e6):
        of = f"mape(target, target + {scale:g} * error)"
        found = impl.float64.mape(t, t + scale * (p - t))
        number(found, scale * regression_metrics(t, p)["mape"], of=of, atol=0)
    far = impl.float64.r2(t, p * 1e6)
    number(far, regression_metrics(t, p * 1e6)["r2"], of="r2(target, predictions times 1e6)")


@pytest.mark.grade(points=1, hint="Convert labels to int64 before you compute with them.")
def test_confusion_matrix_keeps_the_contracts_words(impl):
    """confusion_matrix follows the rules of docs/contract.md; many classes and large counts fit, too"""
    # 20 classes make 400 pairs, and 300 samples are of one pair: neither fits into 8 bits.
    labels, guesses = (
        np.r_[integers(20, 40), np.full(300, 7)],
        np.r_[integers(20, 40), np.full(300, 3)],
    )
    conform(impl, "confusion_matrix", [labels, guesses, 20], expected=confusion_matrix, rows=[0, 1])
    equal(
        impl.confusion_matrix(np.zeros(40_000, int), np.ones(40_000, int), 2),
        [[0, 40_000], [0, 0]],
        of="confusion_matrix of 40,000 samples of one pair",
    )
    # Neither do the numbers of 300 classes.
    labels, guesses = np.array([299, 44, 299, 0, 256]), np.array([44, 299, 299, 0, 0])
    expected = confusion_matrix(labels, guesses, 300)
    of = "confusion_matrix([299, 44, 299, 0, 256], [44, 299, 299, 0, 0], 300)"
    equal(impl.confusion_matrix(labels, guesses, 300), expected, of=of)


@pytest.mark.grade(points=1)
def test_accuracy_keeps_the_contracts_words(impl):
    """accuracy follows the rules of docs/contract.md"""
    labels, guesses = unbalanced(classes=3, samples=400)
    figure(impl.accuracy(labels, guesses), "accuracy(labels, predictions)")
    conform(impl, "accuracy", [labels, guesses], gives="anything", rows=[0, 1])


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("average", ["none", "macro", "weighted", "micro"])
def test_precision_recall_f1_keeps_the_contracts_words(impl, average):
    """precision_recall_f1 follows the rules of docs/contract.md; many classes and large counts fit, too"""
    labels, guesses = unbalanced(classes=20, samples=400)
    labels, guesses = np.r_[labels, np.full(300, 7)], np.r_[guesses, np.full(300, 7)]
    call = f"precision_recall_f1(labels, predictions, 20, {average=})"
    result = three(impl.precision_recall_f1(labels, guesses, 20, average=average), call)
    for name, value in zip(NAMES, result, strict=True):
        if average != "none":
            figure(value, f"{name} of {call}")
    given = {"average": average}
    conform(
        impl, "precision_recall_f1", [labels, guesses, 20], given, gives="anything", rows=[0, 1]
    )


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("name", REGRESSION)
def test_regression_metrics_keep_the_contracts_words(impl, name):
    """mae, rmse, r2 and mape follow the rules of docs/contract.md"""
    t, p = regression(5, 3)
    figure(impl.call(name, t, p), f"{name}(target, prediction)")
    right, guess = np.array([1.0, 2.0, 4.0, 5.0]), np.array([1.0, 2.0, 4.0, 7.0])
    of = f"{name}([1, 2, 4, 5], [1, 2, 4, 7])"
    number(impl.call(name, right, guess), regression_metrics(right, guess)[name], of=of)
    # A number may have more digits than its inputs, so its dtype is compared with that for float64 alone.
    conform(impl, name, [t, p], gives="anything", without=["result", "one row"])


@pytest.mark.grade(points=1)
def test_metrics_are_written_from_scratch(impl):
    """the metrics use none of a framework's or of scikit-learn's"""
    from_scratch(impl, "confusion_matrix", "accuracy", "precision_recall_f1", *REGRESSION)
