"""Checks of the thresholds of training outcomes: measured often enough, and rarely missed by a correct solution."""

from __future__ import annotations

import math

from katagrad.authoring.threshold import Threshold
from katagrad.grading.checks import load_grader
from katagrad.mutation.findings import Findings
from katagrad.topics import Topic


def thresholds(topic: Topic) -> dict[str, Threshold]:
    """The thresholds of a grader, by the names of their constants."""
    return {
        name: value
        for name, value in vars(load_grader(topic)).items()
        if isinstance(value, Threshold)
    }


def check_thresholds(topic: Topic, framework: str, findings: Findings) -> None:
    """Check that each threshold has ten measurements, all reach it, and it is missed less than once in a thousand."""
    for name, threshold in thresholds(topic).items():
        sample = list(getattr(threshold, framework))
        if len(sample) < 10:
            findings.problems.append(
                f"{name}: {len(sample)} measurements in {framework}, but ten are needed"
            )
            continue
        worst = min(sample) if threshold.at_least is not None else max(sample)
        beyond = (
            worst < threshold.bound if threshold.at_least is not None else worst > threshold.bound
        )
        odds = threshold.chance_of_failure(framework)
        if beyond or odds > 1e-3 or math.isnan(odds):
            findings.problems.append(
                f"{name}: worst of {len(sample)} runs {worst:.4g}, bound {threshold.bound:g}; "
                f"missed with probability {odds:.2g}"
            )
        runs = ", ".join(f"{value:.4g}" for value in sorted(sample))
        findings.notes.append(
            f"{name} ({threshold.of}): bound {threshold.bound:g}, missed with probability {odds:.1g}; "
            f"{len(sample)} runs reached {runs}"
        )
