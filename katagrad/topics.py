"""The list of topics, and the rule that says where each topic's files lie."""

from __future__ import annotations

import importlib.util
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

# Copies of exercises/, which `kata contracts` writes and a test holds equal to it.
CONTRACTS = Path(__file__).resolve().parent / "contracts"


def installed() -> list[str]:
    """The frameworks that are installed here. Imports none."""
    return [name for name in FRAMEWORKS if importlib.util.find_spec(name) is not None]


@dataclass(frozen=True)
class Topic:
    """One topic as `exercises/topics.toml` lists it.

    name: the stem of its file in every folder. hints: three, of rising strength. forbid: what a from-scratch rule bars:
    "families" of operators (`katagrad.worker.families`), more names by framework, and "only" the functions it is for.
    imports: packages that a submission may import beside its framework, NumPy and the standard library. needs: modules
    of the extra [deploy] without which the topic cannot be graded, by framework. programs: whether a submission may run
    other programs, such as a compiler.
    """

    name: str
    chapter: str
    title: str
    hints: tuple[str, ...] = ()
    forbid: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    root: Path = Path()
    imports: tuple[str, ...] | None = field(default=(), compare=False)
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    programs: bool = field(default=False, compare=False)

    @property
    def stub(self) -> Path:
        """The file that a student edits. Never read the contract from it."""
        return self.root / "exercises" / f"{self.name}.py"

    @property
    def contract(self) -> Path:
        """The pristine stub. Without a copy in `contracts/`, it is the file in exercises/."""
        kept = contracts_of(self.root, self.name) / f"{self.name}.txt"
        return kept if kept.is_file() else self.stub

    @property
    def grader(self) -> Path:
        """The hidden checks."""
        return self.root / "graders" / f"{self.name}.py"

    @property
    def benchmark(self) -> Path:
        """The benchmarks."""
        return self.root / "benchmarks" / f"{self.name}.py"

    @property
    def mutants(self) -> Path:
        """Wrong solutions that the checks must catch."""
        return self.root / "tests" / "mutants" / f"{self.name}.toml"

    def solution(self, framework: str) -> Path:
        """The reference solution in a framework."""
        return self.root / "solutions" / framework / f"{self.name}.py"

    @property
    def solved(self) -> list[str]:
        """The frameworks that have a reference solution here; a hand-out has none."""
        return [name for name in FRAMEWORKS if self.solution(name).is_file()]


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


def contracts_of(home: Path, name: str) -> Path:
    """The folder of the kept copies of stubs that hold for topic `name` of the root `home`.

    Students solve exercises/ in place, so what they were asked is read from copies: those in this package, also for a
    workspace elsewhere that has katagrad's own grader of the topic, or none. A root with another grader is a course of
    its own and keeps its copies in contracts/.
    """
    own, ours = (folder / "graders" / f"{name}.py" for folder in (home, root()))
    foreign = own != ours and own.is_file()
    if foreign and not (ours.is_file() and own.read_bytes() == ours.read_bytes()):
        return home / "contracts"
    return CONTRACTS


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file."""
    # Some editors begin a file with a mark.
    return tomllib.loads(path.read_text(encoding="utf-8-sig"))


@cache
def topics(folder: Path | None = None) -> dict[str, Topic]:
    """All topics in teaching order, by name. folder: a root other than the installed one."""
    base = folder or root()
    listed = read_toml(base / "exercises" / "topics.toml")
    found = {}
    for name, entry in listed.items():
        kept = kept_list(contracts_of(base, name)).get(name, entry)
        forbid = {key: tuple(rules) for key, rules in kept.get("forbid", {}).items()}
        hints, imports = tuple(entry.get("hints", ())), tuple(kept.get("imports", ()))
        chapter, title = entry["chapter"], entry["title"]
        needs = {key: tuple(modules) for key, modules in entry.get("needs", {}).items()}
        programs = bool(kept.get("programs", False))
        found[name] = Topic(name, chapter, title, hints, forbid, base, imports, needs, programs)
    return found


@cache
def kept_list(contracts: Path) -> dict[str, Any]:
    """The list of topics as it is kept beside the contracts, whose rules hold; empty where none is kept."""
    path = contracts / "topics.toml"
    return read_toml(path) if path.is_file() else {}
