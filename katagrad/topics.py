"""The list of topics, and the rule that says where each topic's files lie."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FRAMEWORKS = ("torch", "tensorflow")


@dataclass(frozen=True)
class Topic:
    """One topic as `exercises/topics.toml` lists it.

    name: the stem of its file in every folder. hints: three, of rising strength. forbid: by framework, what a
    from-scratch rule bars (see `katagrad.worker.trap` for the grammar). given: functions that the stub holds already
    written, to be used or repaired.
    """

    name: str
    chapter: str
    title: str
    hints: tuple[str, ...] = ()
    forbid: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    root: Path = Path()
    given: tuple[str, ...] = ()

    @property
    def stub(self) -> Path:
        """What a student opens."""
        return self.root / "exercises" / f"{self.name}.py"

    @property
    def grader(self) -> Path:
        """The hidden checks."""
        return self.root / "graders" / f"{self.name}.py"

    @property
    def benchmark(self) -> Path:
        """What is timed."""
        return self.root / "benchmarks" / f"{self.name}.py"

    @property
    def mutants(self) -> Path:
        """Wrong solutions that the checks must catch."""
        return self.root / "tests" / "mutants" / f"{self.name}.toml"

    def solution(self, framework: str) -> Path:
        """The reference solution in a framework."""
        return self.root / "solutions" / framework / f"{self.name}.py"


@cache
def root() -> Path:
    """The folder that holds exercises/, graders/, solutions/ and benchmarks/.

    A checkout has them beside the library; an installed wheel carries them inside it.
    """
    package = Path(__file__).resolve().parent
    for folder in (package.parent, package / "_content"):
        if (folder / "exercises" / "topics.toml").is_file():
            return folder
    raise FileNotFoundError(
        "katagrad's topics are missing: no exercises/topics.toml beside or inside the package; install katagrad again"
    )


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def topics(folder: Path | None = None) -> dict[str, Topic]:
    """All topics in teaching order, by name. folder: another root than the installed one."""
    base = folder or root()
    listed = read_toml(base / "exercises" / "topics.toml")
    found = {}
    for name, entry in listed.items():
        forbid = {framework: tuple(rules) for framework, rules in entry.get("forbid", {}).items()}
        hints, given = tuple(entry.get("hints", ())), tuple(entry.get("given", ()))
        found[name] = Topic(name, entry["chapter"], entry["title"], hints, forbid, base, given)
    return found
