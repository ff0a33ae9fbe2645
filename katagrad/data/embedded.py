"""The small real data sets that come with scikit-learn, always present.

Each is divided once and for all: a quarter for the test, drawn with seed 0, in proportion to
the classes where there are classes. scikit-learn is imported on the first call.

Sources: digits, Alpaydin & Kaynak (1998), doi:10.24432/C50P49; breast cancer, Wolberg et al.
(1993), doi:10.24432/C5DW2B; iris, Fisher (1936), doi:10.1111/j.1469-1809.1936.tb02137.x; wine,
Aeberhard & Forina (1992), doi:10.24432/C5PC7J; diabetes, Efron et al. (2004),
doi:10.1214/009053604000000067.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from katagrad.data.split import Split

TEST_SHARE = 0.25
SPLIT_SEED = 0


@cache
def digits(*, images: bool = False) -> Split:
    """Return 1,797 handwritten digits, 8 by 8 pixels, grey 0 to 1 in steps of 1/16.

    images: False gives rows (N, 64); True gives images (N, 8, 8, 1), height, width, channel.
    The split is the same for both: 1,347 training and 450 test rows, 10 classes.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pixels = bunch.data / 16.0  # (1797, 64)
    return _split("digits", pixels.reshape(-1, 8, 8, 1) if images else pixels, bunch)


@cache
def breast_cancer() -> Split:
    """Return 569 tumours, 30 raw measurements (N, 30): 0 malignant, 1 benign (62.7 %)."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    return _split("breast_cancer", bunch.data, bunch)


@cache
def iris() -> Split:
    """Return 150 irises, 4 lengths in cm (N, 4), 3 species of 50."""
    from sklearn.datasets import load_iris

    bunch = load_iris()
    return _split("iris", bunch.data, bunch)


@cache
def wine() -> Split:
    """Return 178 wines, 13 raw chemical measurements (N, 13), 3 growers."""
    from sklearn.datasets import load_wine

    bunch = load_wine()
    return _split("wine", bunch.data, bunch)


@cache
def diabetes() -> Split:
    """Return 442 patients (N, 10) and their disease progression after a year (N,), 25 to 346.

    A regression: `classes` is empty and the targets are float64. The features come centred,
    with a sum of squares of 1 a column over all 442 patients.
    """
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes()
    return _split("diabetes", bunch.data, bunch)


def _split(name: str, x: Any, bunch: Any) -> Split:
    from sklearn.model_selection import train_test_split

    labelled = "target_names" in bunch
    y = bunch.target.astype(np.int64 if labelled else np.float64)
    train_x, test_x, train_y, test_y = train_test_split(
        x, y, test_size=TEST_SHARE, random_state=SPLIT_SEED, stratify=y if labelled else None
    )
    classes = tuple(str(label) for label in bunch.target_names) if labelled else ()
    return Split(train_x, train_y, test_x, test_y, name, classes)
