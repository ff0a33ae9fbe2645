"""Hidden checks of exercises/cross_entropy.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    close,
    dtype,
    finite,
    from_scratch,
    integers,
    normal,
    raises,
    shape,
    uniform,
)
from katagrad.boundary.implementation import exact

STABLE = "log softmax(z) is z - logsumexp(z): never take the logarithm of a probability."
COUNTED = "Divide by the number of rows that are not ignored, not by N."
SMOOTHED = "Each class gets s / C, the right one too: (1 - s) t + s / C."


def log_softmax(z):
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def targets(labels, classes, smoothing=0.0):
    hard = np.eye(classes)[labels] if labels.ndim == 1 else labels
    return (1 - smoothing) * hard + smoothing / classes


def losses(z, labels, smoothing=0.0):
    """The loss of each row: (N,)."""
    return -(targets(labels, z.shape[-1], smoothing) * log_softmax(z)).sum(axis=-1)


def distributions(rows, classes):
    draws = uniform(rows, classes, low=0.1, high=1.0)
    return draws / draws.sum(axis=-1, keepdims=True)


def unbalanced(rows, classes):
    """Labels of which the last class has half."""
    labels = integers(classes, rows)
    labels[: rows // 2] = classes - 1
    return labels


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("size", [(1, 2), (5, 3), (3, 7), (4, 4)])
def test_cross_entropy_keeps_shape_and_dtype(impl, size):
    """cross_entropy returns one number, or one a row, in the dtype of the logits"""
    z, labels = normal(*size), integers(size[1], size[0])
    result = impl.cross_entropy(z, labels)
    shape(result, (), of=f"cross_entropy of {size} logits")
    dtype(result, "float32", of="cross_entropy of float32 logits")
    dtype(impl.float64.cross_entropy(z, labels), "float64", of="cross_entropy of float64 logits")
    soft = distributions(*size)
    for reduction, expected in (("sum", ()), ("none", size[:1])):
        result = impl.cross_entropy(z, soft, reduction=reduction)
        shape(result, expected, of=f"cross_entropy({reduction=}) of {size} logits")


def reduced(logits, labels, label_smoothing=0.0, ignore_index=None, reduction="mean"):
    counts = np.full(len(logits), labels.ndim == 2) | (
        labels.reshape(len(logits), -1)[:, 0] != ignore_index
    )
    known = labels if labels.ndim == 2 else np.where(counts, labels, 0).astype(int)
    each = losses(logits, known, label_smoothing) * counts
    if reduction == "none":
        return each
    return each.sum() if reduction == "sum" else each.sum() / max(counts.sum(), 1)


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("kind", ["integers", "distributions"])
def test_cross_entropy_keeps_the_contracts_words(impl, kind, reduction):
    """cross_entropy follows the rules of docs/contract.md, for labels of both kinds"""
    # The places of 40 times 4 logits do not fit into int8.
    few = np.array([1, 2, 0, 3, 2])
    labels = np.tile(few, 8) if kind == "integers" else distributions(40, 4)
    given = {"label_smoothing": 0.2, "ignore_index": 2, "reduction": reduction}
    options = {"expected": reduced, "rows": [0, "labels"], "rowwise": reduction == "none"}
    conform(impl, "cross_entropy", [normal(40, 4)], {"labels": labels, **given}, **options)


@pytest.mark.grade(points=1)
def test_nll_keeps_the_contracts_words(impl):
    """nll follows the rules of docs/contract.md"""

    def nll(log_probabilities, labels):
        return -log_probabilities[np.arange(len(labels)), labels.astype(int)].mean()

    given = [normal(5, 4, shift=-3.0), integers(4, 5)]
    conform(impl, "nll", given, expected=nll, rows=[0, 1])


# With 1,000 classes, the labels do not fit into 8 bits.
@pytest.mark.grade(points=2, hint="Pick each row's log-probability at its label, then average.")
@pytest.mark.parametrize("size", [(6, 3), (4, 9), (5, 5), (4, 1000)])
def test_cross_entropy_averages_over_rows(impl, size):
    """cross_entropy of integer labels is the mean over rows of -log softmax at the label"""
    z, labels = normal(*size, scale=2.0), unbalanced(*size)
    each, p = losses(z, labels), np.exp(log_softmax(z))
    close(
        impl.cross_entropy(z, labels),
        each.mean(),
        of="cross_entropy(logits, labels)",
        mistakes={
            "the sum over rows": each.sum(),
            "the mean over all N * C entries": each.mean() / size[1],
            "softmax applied twice": losses(p, labels).mean(),
            "the loss in bits": each.mean() / np.log(2),
            "the log-likelihood, without the minus sign": -each.mean(),
            "the mean probability of the right class": np.exp(-each).mean(),
            "softmax over the rows": -log_softmax(z.T).T[range(len(z)), labels].mean(),
        },
    )


@pytest.mark.grade(points=1, hint="Weigh each class's log-probability by its target.")
def test_cross_entropy_accepts_distributions(impl):
    """float labels are target distributions, one-hot or not"""
    z, soft = normal(5, 4, scale=2.0), distributions(5, 4)
    hard = np.eye(4)[integers(4, 5)]
    hardened = losses(z, soft.argmax(-1)).mean()
    close(
        impl.cross_entropy(z, soft),
        losses(z, soft).mean(),
        of="cross_entropy of target distributions",
        mistakes={
            "the loss of the likeliest class alone": hardened,
            "the mean over all N * C entries": losses(z, soft).mean() / 4,
        },
    )
    close(impl.cross_entropy(z, hard), losses(z, hard).mean(), of="cross_entropy of one-hot labels")


@pytest.mark.grade(points=2, hint=SMOOTHED)
@pytest.mark.parametrize("smoothing", [0.1, 0.6, 1.0])
def test_cross_entropy_smooths_its_targets(impl, smoothing):
    """label_smoothing moves a share of each target to the uniform distribution"""
    z, labels, soft = normal(5, 3, scale=2.0), unbalanced(5, 3), distributions(5, 3)
    others = smoothing / 2 * (1 - np.eye(3)[labels]) + (1 - smoothing) * np.eye(3)[labels]
    added = (1 - smoothing) * np.eye(3)[labels] + smoothing
    close(
        impl.cross_entropy(z, labels, label_smoothing=smoothing),
        losses(z, labels, smoothing).mean(),
        of=f"cross_entropy(label_smoothing={smoothing})",
        mistakes={
            "the loss without smoothing": losses(z, labels).mean(),
            "s / (C - 1) on the wrong classes and none on the right one": losses(z, others).mean(),
            "s on every class instead of s / C": losses(z, added).mean(),
        },
    )
    close(
        impl.cross_entropy(z, soft, label_smoothing=smoothing),
        losses(z, soft, smoothing).mean(),
        of=f"cross_entropy of distributions, label_smoothing={smoothing}",
    )
    hard = np.eye(3)[labels]
    close(
        impl.cross_entropy(z, hard, label_smoothing=smoothing),
        losses(z, hard, smoothing).mean(),
        of=f"cross_entropy of one-hot float labels, label_smoothing={smoothing}",
        mistakes={"the loss without smoothing": losses(z, hard).mean()},
    )


@pytest.mark.grade(points=2, hint=COUNTED)
@pytest.mark.parametrize("ignored", [-1, -100, 0, 2, 99])
def test_cross_entropy_leaves_ignored_rows_out(impl, ignored):
    """rows whose label is ignore_index count neither in the sum nor in the mean"""
    z, labels = normal(6, 4, scale=2.0), np.array([3, 1, 3, 3, 1, 3])
    kept = np.array([True, False, True, True, False, True])
    labels[~kept] = ignored
    # The oracle knows no ignored rows: it sees the others alone.
    each = losses(z[kept], labels[kept], 0.2)
    filled = np.zeros(6)
    filled[kept] = each
    settings = {"label_smoothing": 0.2, "ignore_index": ignored}
    of = f"cross_entropy(ignore_index={ignored})"
    close(
        impl.cross_entropy(z, labels, **settings),
        each.mean(),
        of=of,
        mistakes={
            "the sum over the kept rows, divided by N": each.sum() / 6,
            "the mean that counts the ignored rows": lambda: losses(z, labels % 4, 0.2).mean(),
        },
    )
    close(impl.cross_entropy(z, labels, reduction="sum", **settings), each.sum(), of=f"{of}, sum")
    close(impl.cross_entropy(z, labels, reduction="none", **settings), filled, of=f"{of}, none")
    labels[1:] = ignored
    close(impl.cross_entropy(z, labels, **settings), each[0], of=f"{of} with one row left")


@pytest.mark.grade(
    points=1, hint="In uint8, -1 is 255: convert the labels before you compare them."
)
@pytest.mark.parametrize("width", ["uint8", "int8", "int32", "int64"])
def test_cross_entropy_finds_ignored_rows_by_their_number(impl, width):
    """a row is ignored for its own label, not for one that another dtype would make of it"""
    labels, z = np.array([127 if width == "int8" else 255, 0, 2]), normal(3, 260)
    # What 8 bits make of the ignored index is a label.
    for ignored in (-1, 256):
        expected = losses(z, labels).mean()
        of = f"cross_entropy(logits, {labels.tolist()}, ignore_index={ignored}) with {width} labels"
        found = impl.cross_entropy(z, exact(labels.astype(width)), ignore_index=ignored)
        close(found, expected, of=of)


@pytest.mark.grade(
    points=1, hint="ignore_index is compared with integer labels, with nothing else."
)
@pytest.mark.parametrize("ignored", [-1, 0, 1])
def test_cross_entropy_ignores_no_distributions(impl, ignored):
    """ignore_index changes nothing where labels are distributions"""
    z, hard = normal(5, 3, scale=2.0), np.eye(3)[[0, 1, 2, 1, 0]]
    for labels, name in ((hard, "one-hot"), (distributions(5, 3), "float")):
        of = f"cross_entropy of {name} labels, ignore_index={ignored}"
        close(impl.cross_entropy(z, labels, ignore_index=ignored), losses(z, labels).mean(), of=of)


@pytest.mark.grade(points=1, hint="0 / 0 is NaN: divide by at least 1.")
def test_cross_entropy_of_ignored_rows_alone_is_zero(impl):
    """where every row is ignored, the loss and its gradient are 0"""
    z, labels = normal(3, 4), np.array([-1, -1, -1])
    close(impl.cross_entropy(z, labels, ignore_index=-1), 0.0, of="cross_entropy of ignored rows")
    with raises("ValueError", of="cross_entropy(reduction='average') of ignored rows"):
        impl.cross_entropy(z, labels, ignore_index=-1, reduction="average")
    found = impl.grad("cross_entropy", z, labels, ignore_index=-1)
    close(
        np.zeros((3, 4))
        if found is None
        else found,  # a loss that is the constant 0 has no other gradient
        np.zeros((3, 4)),
        of="d cross_entropy / d logits of ignored rows",
    )


@pytest.mark.grade(points=1)
def test_cross_entropy_reduces_as_asked(impl):
    """reduction gives the sum, the mean, or the loss of each row, and refuses any other word"""
    z, labels = normal(7, 3, scale=2.0), unbalanced(7, 3)
    each = losses(z, labels)
    close(
        impl.cross_entropy(z, labels, reduction="sum"),
        each.sum(),
        of="cross_entropy(reduction='sum')",
        mistakes={"the mean": each.mean()},
    )
    close(
        impl.cross_entropy(z, labels, reduction="none"), each, of="cross_entropy(reduction='none')"
    )
    close(impl.cross_entropy(z, labels, reduction="mean"), each.mean(), of="cross_entropy('mean')")
    # A right row whose probability rounds to 1 has the loss 0, and counts.
    sure, classes = np.array([[500.0, 0.0, 0.0], [0.0, 500.0, 0.0], [0.0, 0.0, 0.0]]), np.arange(3)
    of = "cross_entropy of two rows with the loss 0, and one with the loss ln 3"
    mistakes = {"the mean over the rows whose loss is not 0": np.log(3)}
    close(impl.cross_entropy(sure, classes), np.log(3) / 3, of=of, mistakes=mistakes)
    for reduction in ("average", "Mean", "batchmean", "", None):
        for y, kind in ((labels, "integer"), (np.eye(3)[labels], "float")):
            with raises("ValueError", of=f"cross_entropy({reduction=}) of {kind} labels"):
                impl.cross_entropy(z, y, reduction=reduction)


@pytest.mark.grade(
    points=1, hint="Compare the shapes yourself: broadcasting would hide the mistake."
)
def test_cross_entropy_refuses_labels_that_do_not_fit(impl):
    """labels of another shape raise ValueError instead of being broadcast"""
    z = normal(4, 4)
    # Integers of the shape of the logits, and floats of one number a row: each has the shape of the other kind.
    whole = integers(4, 4, 1), integers(4, 5), integers(4, 1), np.array(1), integers(2, 4, 4)
    shares = distributions(1, 4), distributions(4, 4)[:, :1], normal(4, 4, 1), uniform(4)
    for labels in (*whole, *shares):
        kind = "integer" if labels.dtype.kind in "iu" else "float"
        of = f"cross_entropy of {z.shape} logits, {labels.shape} {kind} labels"
        for reduction in ("mean", "none"):
            with raises("ValueError", of=of):
                impl.cross_entropy(z, labels, reduction=reduction)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("classes", [1, 2, 10, 1000])
def test_cross_entropy_of_equal_logits_is_the_log_of_classes(impl, classes):
    """equal logits have the loss ln C, for any label and any smoothing"""
    z = np.full((3, classes), 0.5)
    labels = np.array([0, min(1, classes - 1), classes - 1])
    for smoothing in (0.0, 0.3, 1.0):
        close(
            impl.cross_entropy(z, labels, label_smoothing=smoothing),
            np.log(classes),
            of=f"cross_entropy of {classes} equal logits, label_smoothing={smoothing}",
            mistakes={"the logarithm in base 2": np.log2(classes)},
        )


@pytest.mark.grade(points=2, hint=STABLE)
def test_cross_entropy_stays_finite(impl):
    """logits of 10,000 and very wrong predictions give finite losses and gradients"""
    z = np.array([[0.0, 500.0, -500.0], [1e4, -1e4, 0.0], [1e4, 1e4, 1e4], [-1e4, -1e4, -9e3]])
    labels = np.array([0, 1, 2, 0])
    for y, name in ((labels, "integer labels"), (np.eye(3)[labels], "one-hot labels")):
        result = impl.cross_entropy(z, y, reduction="none")
        finite(result, of=f"cross_entropy(extreme logits, {name})")
        close(result, losses(z, y), of=f"cross_entropy(extreme logits, {name})")
    close(
        impl.grad("cross_entropy", z, labels, cotangent=1.0),
        (np.exp(log_softmax(z)) - np.eye(3)[labels]) / 4,
        of="d cross_entropy / d extreme logits",
    )


@pytest.mark.grade(points=2, hint="Everything from logits to loss must stay in tensors.")
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_cross_entropy_passes_gradients(impl, smoothing):
    """the gradient by the logits is softmax minus target, times the row's weight, and 0 where ignored"""
    z, labels, c = normal(5, 4), np.array([3, 0, 3, 1, 3]), normal(5)
    difference = np.exp(log_softmax(z)) - targets(labels, 4, smoothing)
    close(
        impl.grad(
            "cross_entropy", z, labels, cotangent=c, label_smoothing=smoothing, reduction="none"
        ),
        difference * c[:, None],
        of="d cross_entropy(reduction='none') / d logits",
    )
    settings = {"label_smoothing": smoothing, "ignore_index": 3}
    close(
        impl.grad("cross_entropy", z, labels, cotangent=c[0], **settings),
        difference * (labels != 3)[:, None] * c[0] / 2,
        of="d cross_entropy(ignore_index=3) / d logits",
        mistakes={"the gradient of a mean over all rows": difference * c[0] / 5},
    )
    soft = distributions(5, 4)
    close(
        impl.grad("cross_entropy", z, soft, cotangent=c[0], label_smoothing=smoothing),
        (np.exp(log_softmax(z)) - targets(soft, 4, smoothing)) * c[0] / 5,
        of="d cross_entropy of distributions / d logits",
    )


@pytest.mark.grade(points=1, hint="One entry a row: the one at the row's label.")
@pytest.mark.parametrize("size", [(6, 3), (3, 7), (1, 2), (4, 1000)])
def test_nll_picks_the_labels(impl, size):
    """nll is the mean over rows of minus the entry at the label"""
    log_p, labels = normal(*size, shift=-3.0), integers(size[1], size[0])
    labels[-1] = size[1] - 1
    picked = -log_p[np.arange(size[0]), labels]
    result = impl.nll(log_p, labels)
    close(
        result,
        picked.mean(),
        of="nll(log_probabilities, labels)",
        mistakes={
            "the sum over rows": picked.sum(),
            "the mean of the entries themselves, without the minus sign": -picked.mean(),
            "the cross-entropy, which normalizes once more": losses(log_p, labels).mean(),
        },
    )
    unlikely = impl.nll(1e4 * log_p, labels)
    likely = impl.nll(1e-5 * log_p, labels)
    close(likely, 1e-5 * picked.mean(), of="nll(log_probabilities / 100,000, labels)", atol=1e-9)
    close(unlikely, 1e4 * picked.mean(), of="nll(log_probabilities times 10,000, labels)")
    # Where a logit is -inf, so is the log-probability. The entries that no label picks do not count.
    masked = np.where(np.arange(size[1]) == labels[:, None], log_p, -np.inf)
    of = "nll(log_probabilities, labels), where all entries that no label picks are -inf"
    close(impl.nll(masked, labels), picked.mean(), of=of)
    masked[0, labels[0]] = -np.inf
    of = "nll(log_probabilities, labels), where a row's own entry is -inf"
    close(impl.nll(masked, labels), np.inf, of=of)
    c = normal()
    expected = np.zeros(size)
    expected[np.arange(size[0]), labels] = -c / size[0]
    close(impl.grad("nll", log_p, labels, cotangent=c), expected, of="d nll / d log_probabilities")


@pytest.mark.grade(points=1)
def test_cross_entropy_is_written_from_scratch(impl):
    """cross_entropy and nll use no loss function of the framework"""
    from_scratch(impl, "cross_entropy", "nll")
