"""Thresholds: the estimated chance that a correct solution misses one is near what simulation finds."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from katagrad.authoring.threshold import MOST, Threshold, decided, error
from katagrad.boundary.process import Pool
from katagrad.boundary.transport import Transport
from katagrad.errors import PASSED, Failure
from katagrad.grading.checks import Rules, run_case
from katagrad.grading.submission import edited
from katagrad.mutation.bounds import check_thresholds
from katagrad.mutation.findings import Findings
from katagrad.topics import topics


def judged(values, **bound):
    """(verdict, runs, thirds of the check's seconds that were granted on top) of a threshold that sees `values`."""
    threshold, waiting, granted = Threshold("accuracy", **bound), iter(values), []
    threshold.measured_by(lambda impl, seed: next(waiting))
    impl = SimpleNamespace(_transport=SimpleNamespace(extend=granted.append))
    try:
        threshold.expect(impl)
    except Failure as failure:
        return str(failure), len(threshold.drawn), len(granted)
    return "", len(threshold.drawn), len(granted)


@pytest.mark.parametrize(
    ("values", "runs"),
    [
        ([0.95, 0.96], 2),  # the median of three can no longer miss
        ([0.95, 0.1, 0.96], 3),
        ([0.1, 0.95, 0.96], 3),
        ([0.1, 0.2, 0.95, 0.96, 0.97], 5),  # the one of 200 gradings that failed by two bad runs
        ([0.1] * 4 + [0.95] * 5, 9),
    ],
)
def test_bad_runs_are_outvoted_by_further_ones(values, runs):
    assert judged(values, at_least=0.94) == ("", runs, max(0, runs - 3))


def test_a_miss_is_a_miss_of_most_runs_and_names_them_all():
    message, runs, granted = judged([0.5, 0.95, 0.6, 0.7, 0.65, 0.55], at_least=0.94)
    assert (runs, granted) == (6, 3)
    assert message == (
        "accuracy is 0.625 (median of 0.5, 0.95, 0.6, 0.7, 0.65, 0.55), but should be at least 0.94"
    )
    assert judged([3.0] * 9, at_most=2.0)[1] == 5


def test_a_run_that_is_not_finite_fails_at_once():
    message, runs, _ = judged([float("nan")], at_least=0.94)
    assert "accuracy[0] is nan" in message
    assert runs == 1


def test_the_verdict_is_that_of_the_median():
    rng = np.random.default_rng(1)
    for _ in range(500):
        values = list(rng.random(MOST))
        runs = next(n for n in range(1, 10) if decided([v >= 0.5 for v in values[:n]]) is not None)
        passed = decided([v >= 0.5 for v in values[:runs]])
        if runs == 2:
            assert all(np.median([*values[:2], third]) >= 0.5 for third in (0.0, 1.0))
        assert (np.median(values[:runs]) >= 0.5) == passed
        if not passed:
            assert np.median(values) < 0.5


@pytest.mark.parametrize("miss", [0.0, 0.05, 0.3, 0.5, 0.9, 1.0])
def test_the_error_of_the_rule_is_what_simulation_finds(miss):
    rng, failed, trials = np.random.default_rng(2), 0, 20_000
    for hits in rng.random((trials, MOST)) >= miss:
        failed += next(v for n in range(1, 10) if (v := decided(hits[:n])) is not None) is False
    assert failed / trials == pytest.approx(error(miss), abs=5 * np.sqrt(0.25 / trials))
    assert error(miss) <= 3 * miss**2 * (1 - miss) + miss**3 + 1e-12  # of a median of three


def test_further_runs_get_time_of_their_own(softmax):
    """Nine runs of 0.2 s each fit into a check whose seconds are for three."""
    threshold = Threshold("accuracy", at_least=0.5)
    values = iter([0.1] * 4 + [0.9] * 5)

    def measure(impl, seed):
        time.sleep(0.2)
        impl.seed(seed)  # asks the worker, which the deadline of the check ends
        return next(values)

    threshold.measured_by(measure)
    outcome = run_case(softmax, "check", "", 0.75, Rules(1), threshold.expect)
    assert (outcome.status, outcome.message) == (PASSED, "")


@pytest.fixture
def softmax():
    """A transport of the reference solution, loaded."""
    topic, pool = topics()["softmax"], Pool()
    text = topic.solution("torch").read_text()
    transport = Transport(pool, edited(topic.root, topic.name, text).source(topic))
    run_case(transport, "load", "", 60.0, Rules(1), lambda impl: None)
    yield transport
    transport.close()
    pool.close()


def test_chance_of_failure_is_on_the_safe_side_of_the_truth():
    rng = np.random.default_rng(0)
    truth = error((rng.normal(0.97, 0.004, 1_000_000) < 0.966).mean())
    estimates = []
    for _ in range(200):
        sample = rng.normal(0.97, 0.004, 10)
        estimates.append(
            Threshold("accuracy", at_least=0.966, torch=list(sample)).chance_of_failure("torch")
        )
    assert truth < np.mean(estimates) < 10 * truth


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
