"""Thresholds: the estimated chance that a correct solution misses one is near what simulation finds."""

import numpy as np
import pytest

from katagrad.authoring.threshold import Threshold
from katagrad.mutation.validate import Findings, check_thresholds
from katagrad.topics import topics


def test_chance_of_failure_is_on_the_safe_side_of_the_truth():
    rng = np.random.default_rng(0)
    truth = (np.median(rng.normal(0.97, 0.004, (200_000, 3)), axis=1) < 0.965).mean()
    estimates = []
    for _ in range(200):
        sample = rng.normal(0.97, 0.004, 10)
        estimates.append(
            Threshold("accuracy", at_least=0.965, torch=list(sample)).chance_of_failure("torch")
        )
    assert truth < np.mean(estimates) < 3 * truth


def test_no_measurements_means_no_trust():
    assert Threshold("accuracy", at_least=0.9).chance_of_failure("torch") == 1.0
    assert Threshold("error", at_most=0.1, torch=[0.2] * 10).chance_of_failure("torch") == 1.0
    assert Threshold("error", at_most=0.3, torch=[0.2] * 10).chance_of_failure("torch") == 0.0


def test_a_threshold_has_one_side():
    with pytest.raises(ValueError, match="either at_least or at_most"):
        Threshold("accuracy", at_least=0.1, at_most=0.2)


def test_authors_see_the_measurements_behind_a_threshold():
    topic, findings = (
        topics()["classification_problem"],
        Findings("classification_problem", "torch"),
    )
    check_thresholds(topic, "torch", findings)
    (note,) = [line for line in findings.notes if line.startswith("MNIST (")]
    assert "bound 0.97, missed with probability " in note
    assert "; 10 runs reached 0.9732, 0.9757, " in note
