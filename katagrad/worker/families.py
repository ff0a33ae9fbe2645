"""Families of operators that a from-scratch rule may forbid: "softmax", "convolution", "optimizer".

The operators of a family are listed in `katagrad.worker.adapters.<framework>_families`. These
modules import no framework. The driver uses them to scan the source, the worker to watch operators.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any

# Names to which a rule on a whole module does not apply. They set the log, the seed, the memory of a GPU or what is the
# default anyway, and compute nothing. What a session runs is watched.
FREE = (
    "tf.compat.v1.ConfigProto",
    "tf.compat.v1.GPUOptions",
    "tf.compat.v1.Session",
    "tf.compat.v1.enable_eager_execution",
    "tf.compat.v1.enable_v2_behavior",
    "tf.compat.v1.logging",
    "tf.compat.v1.set_random_seed",
    "tf.random.set_seed",
)


@dataclass(frozen=True)
class Family:
    """The names and operators of one framework that do the same work.

    names: Python names: a dotted name, a whole module (`torch.optim.*`), or a method of any tensor
    (`.softmax`).
    operators: a regular expression, searched in the names of the framework's operators.
    deep: whether a call by the framework itself is a breach, too. Otherwise, only calls from a
    student's file are.
    """

    names: tuple[str, ...] = ()
    operators: str = ""
    deep: bool = False


def families(framework: str) -> dict[str, Family]:
    """The families of a framework, by name."""
    table = importlib.import_module(f"katagrad.worker.adapters.{framework}_families")
    found: dict[str, Family] = table.FAMILIES
    return found


def watched(framework: str, family: Family) -> tuple[str, ...]:
    """The names of a family that the worker watches. Some names are only scanned for."""
    table = importlib.import_module(f"katagrad.worker.adapters.{framework}_families")
    return tuple(name for name in family.names if name not in table.ONLY_SCANNED)


@dataclass(frozen=True)
class Rules:
    """The from-scratch rules of a topic, for one framework.

    families: names of forbidden families.
    names: further forbidden names.
    only: the functions of the submission to which the rules apply. Empty: the whole file.
    imports: allowed packages beside the framework, NumPy and the standard library. None: all imports
    are allowed, and other programs, too.
    programs: whether the submission may run other programs, such as a compiler.
    """

    families: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    imports: tuple[str, ...] | None = None
    # Not part of the text by which verdicts on mutants are kept.
    programs: bool = field(default=False, repr=False)

    def plain(self) -> dict[str, Any]:
        """As a dict of lists, to be sent to the worker."""
        return {
            "families": list(self.families),
            "names": list(self.names),
            "only": list(self.only),
            "imports": None if self.imports is None else list(self.imports),
            "programs": self.programs,
        }


def rules_from(plain: dict[str, Any]) -> Rules:
    """Make rules from the result of `Rules.plain`."""
    imports = plain["imports"]
    families, names, only = (tuple(plain[key]) for key in ("families", "names", "only"))
    allowed = None if imports is None else tuple(imports)
    return Rules(families, names, only, allowed, plain["programs"])
