"""Hidden checks of exercises/validation_data.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    chance,
    close,
    dtype,
    equal,
    from_scratch,
    generator,
    holds,
    integers,
    normal,
    number,
    raises,
    same_inputs,
)

LEAK = "Means and deviations come from the training rows alone."
ROUND = "Cut the permutation at int(n * running sum of the fractions + 0.5)."

# Of data on which single folds mislead; about one of ten does.
DRAWS = 200


def standardize(train, *others):
    deviation = train.std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    return [(x - train.mean(axis=0)) / deviation for x in (train, *others)]


def ridge(x, y, l2, penalize_bias=False):
    design = np.column_stack([x, np.ones(len(x))])
    price = np.diag([l2] * x.shape[1] + [l2 * penalize_bias])
    solution = np.linalg.solve(design.T @ design / len(x) + price, design.T @ y / len(x))
    return solution[:-1], solution[-1]


def fitted_errors(train_x, train_y, other_x, other_y, l2):
    train_x, other_x = standardize(train_x, other_x)
    w, b = ridge(train_x, train_y, l2)
    return [
        float(((x @ w + b - y) ** 2).mean()) for x, y in ((train_x, train_y), (other_x, other_y))
    ]


def regression(rows, features=5, noise=1.0):
    """x with columns of unlike mean and spread, and y."""
    x = normal(rows, features) * (10.0 ** np.arange(features) / 100) + normal(features, scale=3.0)
    return x, standardize(x)[0] @ normal(features) + noise * normal(rows) + 2.0


def folds_of(n, k):
    """Folds of the grader's own."""
    parts = np.array_split(generator().permutation(n), k)
    return [(np.concatenate(parts[:i] + parts[i + 1 :]), parts[i]) for i in range(k)]


def expect_mixed(together, most, of):
    """together: (rows, rows), how often two rows came together in 60 runs."""
    pairs = np.triu(together, 1)
    i, j = np.unravel_index(pairs.argmax(), pairs.shape)
    holds(
        pairs[i, j] <= most,
        f"rows {i} and {j} shared {of} in {pairs[i, j]} of 60 runs, but which rows come together should be random",
    )


def rows_of(part, of):
    """A part's row numbers, in order."""
    dtype(part, "int64", of=of)
    equal(part.ndim, 1, of=f"the number of axes of {of}")
    return np.sort(part)


@pytest.mark.grade(points=1)
def test_splits_keep_the_contracts_words(impl):
    """split and kfold keep what docs/contract.md says of every function"""
    conform(impl, "split", [13, (0.5, 0.25, 0.25), impl.rng()])
    conform(impl, "split", [14, (0.5, 0.5), impl.rng(), integers(3, 14)])
    conform(impl, "kfold", [11, 3, impl.rng()])


@pytest.mark.grade(points=1)
def test_models_keep_the_contracts_words(impl):
    """standardize and ridge keep what docs/contract.md says of every function"""
    x, y = regression(9)
    options = {"expected": standardize, "tolerance": 1e-3, "large": [1]}
    conform(impl, "standardize", [x, regression(4)[0]], rows=[1], **options)
    # Columns of one spread: the normal equations in float32 lose the digits of others.
    x = normal(9, 5)
    y = x @ normal(5) + normal(9) + 5.0
    conform(impl, "ridge", [x, y, 0.1], expected=ridge, tolerance=1e-3, large=[1])


@pytest.mark.grade(points=1)
def test_errors_keep_the_contracts_words(impl):
    """the errors and the choice among them keep what docs/contract.md says of every function"""
    x, y = regression(12)
    folds = folds_of(12, 3)

    def errors(x, y, folds, l2):
        return [fitted_errors(x[t], y[t], x[v], y[v], l2)[1] for t, v in folds]

    def choice(x, y, folds, candidates):
        return min(candidates, key=lambda l2: sum(errors(x, y, folds, l2)))

    def curve(x, y, other_x, other_y, sizes, l2):
        pairs = [fitted_errors(x[:m], y[:m], other_x, other_y, l2) for m in sizes]
        return [train for train, _ in pairs], [other for _, other in pairs]

    # A Python float has more digits than its float32 inputs, so the results are compared loosely; folds are int64.
    options = {"tolerance": 1e-2, "without": ["digits", "integers"]}
    conform(impl, "cross_validate", [x, y, folds, 0.1], expected=errors, **options)
    conform(impl, "choose_l2", [x, y, folds, (30.0, 0.1)], expected=choice, **options)
    given = [x, y, *regression(6), (12, 5, 8), 0.1]
    conform(impl, "learning_curve", given, expected=curve, rows=[2, 3], **options)
    conform(impl, "diagnose", [[0.9, 0.3], [0.9, 0.4], 0.5], expected="good")


@pytest.mark.grade(points=2, hint=ROUND)
@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize("n", [2, 10, 101, 1000])
def test_split_is_disjoint_and_complete(impl, n, stratified):
    """every row is in exactly one part, and no part's size is off by a row or more"""
    labels = np.array([-2, 5, 9])[integers(3, n)] if stratified else None
    # Ten tenths add up to 1 but for rounding. Running sums of quarters and eighths end in halves of a row.
    cases = ((0.6, 0.2, 0.2), (0.75, 0.25), (0.123, 0.456, 0.1, 0.321), (1.0,), (0.1,) * 10)
    cases += (0.25, 0.5, 0.25), (0.125, 0.25, 0.375, 0.25)
    for fractions in cases:
        call = f"split({n}, {fractions}, rng{', labels' if stratified else ''})"
        parts = impl.split(n, fractions, impl.rng(), labels)
        equal(len(parts), len(fractions), of=f"the number of parts of {call}")
        rows = np.concatenate([rows_of(p, f"{call}[{i}]") for i, p in enumerate(parts)])
        unique = np.unique(rows)
        holds(
            len(unique) == len(rows), f"{len(rows) - len(unique)} rows are in two parts of {call}"
        )
        equal(unique, np.arange(n), of=f"the rows of {call}")
        for i, share in enumerate(fractions):
            classes = np.zeros(n, int) if labels is None else labels
            for label in np.unique(classes):
                found = int((classes[parts[i]] == label).sum())
                exact = float((classes == label).sum() * share)
                kind = "the rows" if labels is None else f"the rows of class {label}"
                message = f"{kind} in part {i} of {call} are {found}, but should be {exact:.4g} within less than 1"
                holds(abs(found - exact) < 1, message)


@pytest.mark.grade(points=1, hint="Permute the rows before you cut, and within each class, too.")
@pytest.mark.parametrize("stratified", [False, True])
def test_split_is_random(impl, stratified):
    """rng alone decides which rows go where, and in which order; every row has the same chance"""
    # Classes of one size: rows at the same place in their classes should not go together either.
    labels = np.repeat([0, 1, 2], 20) if stratified else None

    def parts(rng):
        return [np.asarray(p) for p in impl.split(60, (0.5, 0.5), rng, labels)]

    first = parts(impl.rng(1))
    impl.seed(7)
    for i, part in enumerate(parts(impl.rng(1))):
        equal(part, first[i], of=f"part {i} of a second split with an rng of the same seed")
    differ = set(parts(impl.rng(2))[0].tolist()) != set(first[0].tolist())
    holds(differ, "two different rngs gave the same split")
    runs = [parts(impl.rng()) for _ in range(60)]
    in_order = sum(bool((np.diff(run[i]) > 0).all()) for run in runs for i in (0, 1))
    holds(in_order == 0, "a part's rows are in rising order, but should be in random order")
    for row in (0, 19, 59):
        share = float(np.mean([row in run[0] for run in runs]))
        chance(share, 0.5, len(runs), of=f"the share of splits with row {row} in the first half")
    # Half of the 60 runs are usual; any of the 1,770 pairs in 52 or more comes twice in a million gradings.
    half = np.array([[row in set(run[0].tolist()) for row in range(60)] for run in runs])
    expect_mixed(
        (half[:, :, None] == half[:, None]).sum(0), 51, "a part of split(60, (0.5, 0.5), rng)"
    )
    if stratified:
        early = float(np.mean([(labels[run[0][:10]] == 1).mean() for run in runs]))
        # Ten of thirty rows without replacement: variance below p (1 - p) / 10 a run.
        number(early, 1 / 3, of="the share of class 1 in the first 10 rows of a part", atol=0.09)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("fractions", [(0.25, 0.7499995), (0.25, 0.7500005)])
def test_split_takes_fractions_with_a_sum_near_1(impl, fractions):
    """split takes fractions whose sum is off from 1 by half a millionth"""
    of = f"split(10, {fractions}, rng)"
    parts = impl.split(10, fractions, impl.rng())
    equal(len(parts), 2, of=f"the number of parts of {of}")
    rows = np.concatenate([rows_of(part, f"{of}[{i}]") for i, part in enumerate(parts)])
    equal(np.sort(rows), np.arange(10), of=f"the rows of {of}")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize(
    "fractions", [(0.5, 0.2), (0.8, 0.3), (0.5, 0.5000015), (1.2, -0.2), (1.0, 0.0)]
)
def test_split_refuses_bad_fractions(impl, fractions):
    """split raises ValueError for fractions that do not add up to 1, or are not positive"""
    with raises("ValueError", of=f"split(10, {fractions}, rng)"):
        impl.split(10, fractions, impl.rng())


@pytest.mark.grade(points=2, hint="n mod k folds get one row more; no row is lost.")
@pytest.mark.parametrize(("n", "k"), [(10, 5), (11, 3), (23, 10), (7, 7), (5, 2)])
def test_kfold_validates_every_row_once(impl, n, k):
    """every row is validated in one fold and trained on in the others, in folds of nearly equal size"""
    folds = impl.kfold(n, k, impl.rng())
    equal(len(folds), k, of=f"len(kfold({n}, {k}, rng))")
    seen = []
    for i, (train, validation) in enumerate(folds):
        of = f"kfold({n}, {k}, rng)[{i}]"
        train, validation = rows_of(train, f"{of}[0]"), rows_of(validation, f"{of}[1]")
        shared = sorted(set(train.tolist()) & set(validation.tolist()))
        holds(not shared, f"{of} trains on the rows {shared[:5]} that it validates on")
        both = np.sort(np.concatenate([train, validation]))
        equal(both, np.arange(n), of=f"all rows of {of}")
        seen.append(validation)
    sizes = sorted(len(v) for v in seen)
    holds(
        sizes[-1] - sizes[0] <= 1, f"the validation parts of kfold({n}, {k}, rng) have {sizes} rows"
    )
    equal(np.sort(np.concatenate(seen)), np.arange(n), of="the rows of all validation parts")


@pytest.mark.grade(points=1, hint="Permute the rows before you cut them into folds.")
def test_kfold_is_random(impl):
    """rng alone decides which rows share a fold"""
    first = [v for _, v in impl.kfold(30, 5, impl.rng(1))]
    impl.seed(7)
    for i, (_, validation) in enumerate(impl.kfold(30, 5, impl.rng(1))):
        equal(np.sort(validation), np.sort(first[i]), of=f"fold {i} with an rng of the same seed")
    others = [v for _, v in impl.kfold(30, 5, impl.rng(2))]
    same = all(set(a.tolist()) == set(b.tolist()) for a, b in zip(first, others, strict=True))
    holds(not same, "two different rngs gave the same folds")
    together = np.zeros((30, 30), int)
    for _ in range(60):
        for _, validation in impl.kfold(30, 5, impl.rng()):
            together[np.ix_(validation, validation)] += 1
    chance(
        together[0, 1] / 60, 5 / 29, 60, of="the share of runs in which rows 0 and 1 share a fold"
    )
    # Two rows share a fold in 10 of 60 runs; any of the 435 pairs in 33 or more once in 50 million gradings.
    expect_mixed(together, 32, "a fold of kfold(30, 5, rng)")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize(("n", "k"), [(5, 1), (5, 6), (5, 0)])
def test_kfold_refuses_impossible_folds(impl, n, k):
    """kfold raises ValueError unless k is from 2 to n"""
    with raises("ValueError", of=f"kfold({n}, {k}, rng)"):
        impl.kfold(n, k, impl.rng())


@pytest.mark.grade(points=2, hint=LEAK)
def test_scaler_sees_the_training_rows_alone(impl):
    """all tensors are scaled by the mean and biased deviation of the first"""
    train, validation, test = regression(9)[0], 3 + regression(4)[0], regression(1)[0]
    train[:, 2] = 4.0
    expected = standardize(train, validation, test)
    together = np.concatenate([train, validation, test])
    leaked = standardize(together, train, validation, test)[1:]
    n = len(train)
    found = same_inputs(impl.float64, "standardize", train, validation, test)
    equal(len(found), 3, of="len(standardize(train, validation, test))")
    for i, given in enumerate((train, validation, test)):
        mistakes = {
            "what statistics of all rows give": leaked[i],
            "what its own statistics give": standardize(given)[0],
            "the result with the unbiased deviation": expected[i] * np.sqrt((n - 1) / n),
        }
        close(found[i], expected[i], of=f"standardize(...)[{i}]", rtol=1e-7, mistakes=mistakes)
    alone = impl.standardize(train)
    equal(len(alone), 1, of="len(standardize(train))")
    close(alone[0], expected[0], of="standardize(train)[0]", rtol=1e-3, atol=1e-3)
    for rows in (3, 6, 7, 10, 11, 13, 19):
        same = np.full((rows, 2), 0.1)
        found = impl.standardize(same, same + 1.0)
        of = f"standardize({rows} rows of 0.1, {rows} rows of 1.1)"
        close(found[0], 0 * same, of=f"{of}[0]", atol=1e-5)
        close(found[1], 0 * same + 1, of=f"{of}[1]", atol=1e-5)
    for scale in (1e-10, 1e-5, 1e5):
        found = impl.standardize(scale * normal(9, 2))[0]
        number(
            float(found.std()),
            1.0,
            of=f"the deviation of standardized values near {scale:g}",
            rtol=1e-3,
        )


@pytest.mark.grade(points=2, hint="Centre x and y, solve (x'x / n + l2) w = x'y / n; b follows.")
@pytest.mark.parametrize("l2", [1e-4, 0.01, 0.5])
@pytest.mark.parametrize("rows", [12, 3])
def test_ridge_minimises_its_objective(impl, rows, l2):
    """ridge gives the minimum in closed form, with a bias that is free"""
    x, y = normal(rows, 4) + 1.0, normal(rows) + 5.0
    w, b = ridge(x, y, l2)
    mistakes = {
        "the weights of a penalised bias": ridge(x, y, l2, penalize_bias=True)[0],
        "the weights of the summed instead of the mean error": ridge(x, y, l2 / rows)[0],
        "the weights without a penalty": lambda: ridge(x, y, 1e-12)[0],
    }
    found = same_inputs(impl.float64, "ridge", x, y, l2)
    close(found[0], w, of=f"ridge(x, y, {l2})[0]", rtol=1e-6, mistakes=mistakes)
    close(found[1], b, of=f"ridge(x, y, {l2})[1]", rtol=1e-6)
    found = impl.ridge(x, y, l2)
    if l2 > 1e-3:  # less is lost in float32
        close(found[0], w, of=f"ridge(x, y, {l2})[0] in float32", rtol=1e-2, atol=1e-3)


@pytest.mark.grade(points=3, hint=LEAK)
def test_cross_validation_leaks_nothing(impl):
    """each fold standardises and fits on its training rows, and is judged on its validation rows"""
    x, y = regression(17)
    folds = folds_of(17, 4)
    expected = [fitted_errors(x[t], y[t], x[v], y[v], 0.1)[1] for t, v in folds]
    swapped = [fitted_errors(x[v], y[v], x[t], y[t], 0.1)[1] for t, v in folds]
    whole = standardize(x)[0]
    leaked = []
    for t, v in folds:
        w, b = ridge(whole[t], y[t], 0.1)
        leaked.append(float(((whole[v] @ w + b - y[v]) ** 2).mean()))
    found = impl.float64.cross_validate(x, y, folds, 0.1)
    equal(len(found), 4, of="len(cross_validate(x, y, folds, 0.1))")
    for i, (t, v) in enumerate(folds):
        mistakes = {
            "the error on the training rows": fitted_errors(x[t], y[t], x[v], y[v], 0.1)[0],
            "the error with statistics of all rows": leaked[i],
            "the error with training and validation rows swapped": swapped[i],
        }
        holds(
            isinstance(found[i], float), f"error {i} is {found[i]!r}, but should be a Python float"
        )
        number(found[i], expected[i], of=f"cross_validate(...)[{i}]", rtol=1e-6, mistakes=mistakes)


@pytest.mark.grade(points=1, hint="The smallest mean over the folds; of equals, the largest l2.")
def test_choice_has_the_smallest_validation_error(impl):
    """choose_l2 takes the candidate with the smallest mean error, and of equals the largest"""
    candidates = (3.0, 0.001, 0.3, 0.03, 30.0)
    chosen = set()
    for noise in (0.05, 1.0, 6.0):
        x, y = regression(18, noise=noise)
        folds = folds_of(18, 3)
        means = [
            float(np.mean([fitted_errors(x[t], y[t], x[v], y[v], c)[1] for t, v in folds]))
            for c in candidates
        ]
        found = impl.float64.choose_l2(x, y, folds, candidates)
        best = candidates[int(np.argmin(means))]
        number(found, best, of=f"choose_l2(x, y, folds, {candidates}), noise {noise}")
        holds(
            found in candidates,
            f"choose_l2(x, y, folds, {candidates}) is {found!r}, but should be {best!r} itself, to the last digit",
        )
        chosen.add(best)
        found = impl.float64.choose_l2(x, 1e-5 * y, folds, candidates)
        number(found, best, of=f"choose_l2(x, y / 100,000, folds, {candidates}), noise {noise}")
    for _ in range(
        DRAWS
    ):  # of data on which the mean chooses as neither the first nor the last fold, the median nor the worst does
        x, y = regression(18, noise=3.0)
        folds = folds_of(18, 3)
        errors = np.array(
            [[fitted_errors(x[t], y[t], x[v], y[v], c)[1] for t, v in folds] for c in candidates]
        )
        others = errors[:, 0], errors[:, -1], np.median(errors, axis=1), errors.max(axis=1)
        best = errors.mean(axis=1).argmin()
        if best not in [other.argmin() for other in others]:
            found = impl.float64.choose_l2(x, y, folds, candidates)
            of = f"choose_l2(x, y, folds, {candidates}), where folds, median and the worst choose otherwise,"
            number(found, candidates[best], of=of)
            break
    for _ in range(DRAWS):  # of data on which a mean over all rows chooses otherwise
        x, y = regression(5, noise=3.0)
        folds = folds_of(5, 3)
        errors = np.array(
            [[fitted_errors(x[t], y[t], x[v], y[v], c)[1] for t, v in folds] for c in candidates]
        )
        means, by_row = errors.mean(axis=1), errors @ [len(v) for _, v in folds]
        best = means.argmin()
        if best != by_row.argmin() and np.sort(means)[1] > 1.01 * means.min():
            found = impl.float64.choose_l2(x, y, folds, candidates)
            of = f"choose_l2(x, y, folds, {candidates}) of folds of 2, 2 and 1 rows"
            mistakes = {"the choice by the mean over all rows": candidates[by_row.argmin()]}
            number(found, candidates[best], of=of, mistakes=mistakes)
            break
    near = (0.10005, 0.1001, 0.1)
    for _ in range(DRAWS):  # of data on which the least of them is best, by more than rounding
        x, y = regression(18, noise=0.05)
        folds = folds_of(18, 3)
        means = [
            float(np.mean([fitted_errors(x[t], y[t], x[v], y[v], c)[1] for t, v in folds]))
            for c in near
        ]
        if means[2] < min(means[:2]) * (1 - 1e-5):
            found = impl.float64.choose_l2(x, y, folds, near)
            of = f"choose_l2(x, y, folds, {near}), whose errors are near to each other, but not equal,"
            equal(found, 0.1, of=of)
            break
    x, y = regression(12)
    found = impl.float64.choose_l2(x, 0 * y, folds_of(12, 3), (0.1, 2.0, 0.5))
    number(found, 2.0, of="choose_l2 of three equal candidates, 0.1, 2.0 and 0.5,")


@pytest.mark.grade(
    points=2, hint="Fit on the first m rows; errors on these m, and on all validation rows."
)
def test_learning_curve_follows_the_number_of_rows(impl):
    """learning_curve gives both errors for the first m rows of each size"""
    x, y = regression(40)
    validation_x, validation_y = regression(15)
    sizes, l2 = (3, 8, 20, 40, 8), 0.05
    pairs = [fitted_errors(x[:m], y[:m], validation_x, validation_y, l2) for m in sizes]
    found = impl.float64.learning_curve(x, y, validation_x, validation_y, sizes, l2)
    equal(len(found), 2, of="len(learning_curve(...))")
    for which, name in enumerate(("train", "validation")):
        equal(len(found[which]), len(sizes), of=f"the number of {name} errors for sizes {sizes}")
        for i, m in enumerate(sizes):
            value = found[which][i]
            holds(isinstance(value, float), f"{name} error {i} is {value!r}, but should be a float")
            mistakes = {"the other error": pairs[i][1 - which]}
            of = f"the {name} error after {m} rows"
            number(value, pairs[i][which], of=of, rtol=1e-6, mistakes=mistakes)


CURVES = {
    "never learns": ([1.0, 0.9, 0.8], [1.0, 0.9, 0.85], "under"),
    "does not learn, and gets worse": ([1.0, 0.6, 0.8], [1.0, 0.2, 0.9], "under"),
    "almost on target": ([0.9, 0.6, 0.52], [0.9, 0.6, 0.52], "under"),
    "best long ago": ([0.9, 0.3] + [0.2] * 12, [0.9, 0.3] + [0.45] * 12, "over"),
    "learnt, and forgot again": ([0.9, 0.2, 0.6], [0.9, 0.3, 0.3], "under"),
    "learns by heart": ([0.9, 0.3, 0.01], [0.9, 0.45, 0.9], "over"),
    "rises from its best, below target": ([0.9, 0.3, 0.2], [0.9, 0.3, 0.4], "over"),
    "never good on unseen rows": ([0.9, 0.5, 0.1], [0.95, 0.9, 0.8], "over"),
    "just above what is allowed": ([0.9, 0.5, 0.3], [0.9, 0.8, 0.56], "over"),
    "just within what is allowed": ([0.9, 0.5, 0.3], [0.9, 0.8, 0.54], "good"),
    "on target": ([0.9, 0.7, 0.5], [0.9, 0.7, 0.5], "good"),
    "below target": ([0.9, 0.5, 0.2], [0.9, 0.6, 0.3], "good"),
    "a small rise": ([0.9, 0.3, 0.25], [0.9, 0.3, 0.32], "good"),
    "one epoch": ([0.4], [0.45], "good"),
    "a training loss that rises, below target": ([0.9, 0.2, 0.25], [0.9, 0.4, 0.35], "good"),
}


@pytest.mark.grade(points=2, hint="Ask first whether the model fits what it sees.")
@pytest.mark.parametrize("curve", CURVES)
def test_diagnosis_reads_curves(impl, curve):
    """diagnose tells underfitting, overfitting and good runs apart"""
    train, validation, expected = CURVES[curve]
    found = impl.diagnose(train, validation, 0.5)
    equal(found, expected, of=f"diagnose({train}, {validation}, 0.5)")
    scaled = [4 * v for v in train], [4 * v for v in validation]
    equal(impl.diagnose(*scaled, 2.0), expected, of=f"diagnose({scaled[0]}, {scaled[1]}, 2.0)")


@pytest.mark.grade(points=1)
def test_diagnosis_honours_its_tolerance(impl):
    """tolerance decides how far the validation loss may be off"""
    train, validation = [0.9, 0.3], [0.3, 0.4]
    for tolerance, expected in ((0.2, "over"), (0.5, "good"), (0.0, "over")):
        found = impl.diagnose(train, validation, 0.5, tolerance=tolerance)
        equal(found, expected, of=f"diagnose({train}, {validation}, 0.5, {tolerance=})")
    equal(
        impl.diagnose([0.5], [0.51], 0.5, tolerance=0.0), "over", of="0.51 against the target 0.5"
    )
    on_target = impl.diagnose([0.5], [0.5], 0.5, tolerance=0.0)
    equal(on_target, "good", of="the diagnosis of 0.5 against the target 0.5")


@pytest.mark.grade(points=1)
def test_nothing_touches_unseen_targets(impl):
    """what happens to validation rows changes no training error and no choice of rows"""
    x, y = regression(12)
    other_x, other_y = regression(6)
    sizes, l2 = (5, 12), 0.1
    far_x, far_y = 100 * other_x, other_y + 50
    first = impl.float64.learning_curve(x, y, other_x, other_y, sizes, l2)
    second = impl.float64.learning_curve(x, y, far_x, far_y, sizes, l2)
    for i, m in enumerate(sizes):
        number(
            second[0][i], first[0][i], of="the training error for other validation rows", rtol=1e-9
        )
        # Far rows need not have the larger error: a fit to five rows may be off by more near them.
        wanted = fitted_errors(x[:m], y[:m], far_x, far_y, l2)[1]
        of = f"the validation error of rows far away, after {m} rows"
        number(second[1][i], wanted, of=of, rtol=1e-6, mistakes={"that of near rows": first[1][i]})


@pytest.mark.grade(points=1)
def test_splits_are_written_from_scratch(impl):
    """splits, folds and errors are written without scikit-learn"""
    from_scratch(impl, "split", "kfold", "standardize", "ridge", "cross_validate")
