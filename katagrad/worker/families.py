"""Families of operators that a from-scratch rule may bar, by neutral names: "softmax", "convolution", "optimizer".

What a family holds in a framework is data, in `katagrad.worker.adapters.<framework>_families`, which imports no
framework: the driver reads the same table for its scan of the source as the worker for its watch of operators.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Family:
    """What does the same work in one framework.

    names: as Python spells them: a dotted name, all of a module (`torch.optim.*`), or a method of any tensor
    (`.softmax`). operators: a regular expression, searched in the names of the framework's own operators.
    deep: whether a barred name also may not run where the framework itself calls it; else only a call from a
    student's file counts.
    """

    names: tuple[str, ...] = ()
    operators: str = ""
    deep: bool = False


def families(framework: str) -> dict[str, Family]:
    """All families of a framework, by name."""
    table = importlib.import_module(f"katagrad.worker.adapters.{framework}_families")
    found: dict[str, Family] = table.FAMILIES
    return found


def watched(framework: str, family: Family) -> tuple[str, ...]:
    """The names of a family that are watched in the worker, too: the table says which only the scan looks for."""
    table = importlib.import_module(f"katagrad.worker.adapters.{framework}_families")
    return tuple(name for name in family.names if name not in table.ONLY_SCANNED)


@dataclass(frozen=True)
class Rules:
    """What a topic bars in one framework.

    families: by name. names: barred beside those of the families. only: the functions of the submission that the
    rules are for; empty for all of the file. imports: packages that may be imported beside the framework, NumPy and
    the standard library; None where imports are not judged.
    """

    families: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    imports: tuple[str, ...] | None = None

    def plain(self) -> dict[str, Any]:
        """As a dict of lists, for the wire."""
        return {
            "families": list(self.families),
            "names": list(self.names),
            "only": list(self.only),
            "imports": None if self.imports is None else list(self.imports),
        }


def rules_from(plain: dict[str, Any]) -> Rules:
    """Rules from the dict that `Rules.plain` made."""
    imports = plain["imports"]
    families, names, only = (tuple(plain[key]) for key in ("families", "names", "only"))
    return Rules(families, names, only, None if imports is None else tuple(imports))
