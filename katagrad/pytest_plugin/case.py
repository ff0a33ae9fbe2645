"""The verdict on one test, passed from the process that ran it to the process that records it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import pytest

from katagrad.grading.checks import Outcome


@dataclass(frozen=True)
class CaseReport:
    """The outcome of one case of a check, or of one example: `report.katagrad` of a pytest report.

    topic, root: the topic and its root folder. check: name of the check. place: position among the cases
    of the check, in the order of collection. framework: imported by the submission, if any.
    folder: of the submission.
    """

    topic: str
    root: str
    check: str
    place: int
    example: bool
    framework: str | None
    versions: Mapping[str, str]
    isolation: str
    folder: str
    outcome: Outcome
    memory_bound: str = ""

    def to_json(self) -> dict[str, Any]:
        """As plain data, for pytest-xdist."""
        return asdict(replace(self, versions=dict(self.versions)))

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> CaseReport:
        """From the result of `to_json`."""
        outcome = dict(record["outcome"])
        outcome["data"] = tuple(outcome["data"])
        return cls(**{**record, "outcome": Outcome(**outcome)})


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable(
    report: pytest.CollectReport | pytest.TestReport,
) -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
    """Convert the verdict to plain data for pytest-xdist, and for plugins that write reports to files."""
    data = yield
    if data is not None and isinstance(getattr(report, "katagrad", None), CaseReport):
        data["katagrad"] = report.katagrad.to_json()
    return data


@pytest.hookimpl(wrapper=True)
def pytest_report_from_serializable(
    data: dict[str, Any],
) -> Generator[
    None,
    pytest.CollectReport | pytest.TestReport | None,
    pytest.CollectReport | pytest.TestReport | None,
]:
    """Convert the verdict back to a record in the process that collects the reports."""
    report = yield
    if report is not None and "katagrad" in data:
        report.katagrad = CaseReport.from_json(data["katagrad"])  # type: ignore[union-attr]
    return report
