"""The findings of a validation, in sentences."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Findings:
    """problems: full sentences; empty means that the topic is sound. shown: failures as a student reads them."""

    topic: str
    framework: str
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
