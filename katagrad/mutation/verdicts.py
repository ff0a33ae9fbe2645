"""Verdicts that need no repetition: kept by a hash of all that decides them.

`tests/mutants/verdicts/<topic>.json` has two kinds of verdicts for each framework: the hash of what is the topic's own,
and with it a hash of what is not.

- Mutants that fell as they should. Their own: the check named with what it uses of its grader, the rules and the
  mutated text. With it: what the grader imports of katagrad.authoring, and the pinned versions of the numerical
  libraries. A run judges every mutant whose own hash is not listed, a random sixth of those that were judged with
  another library, and a random tenth of the others.
- Right answers that passed every check. Their own: all checks, the rules, the text and the seed. With it, also: all
  that runs an answer and compares its results. The project's tests grade every answer whose own hash is not listed, a
  random third of those that were graded by other machinery, and a random sixth of the others.
"""

from __future__ import annotations

import ast
import hashlib
import json
import random
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from katagrad.files import write_whole
from katagrad.grading.checks import manifest
from katagrad.grading.scratch import rules_for
from katagrad.mutation import closure
from katagrad.mutation.entries import Named
from katagrad.topics import Topic

# Of the verdicts that are known, how many a run repeats; and how many where the library has changed since.
SHARE, LIBRARY_SHARE = 0.1, 1 / 6
RIGHT_SHARE, MACHINERY_SHARE = 1 / 6, 1 / 3
# The seed under which correct solutions in other styles are graded.
ALTERNATIVE_SEED = 6
# What runs an answer, gives it data and compares its results, beside what a grader imports.
MACHINERY = ("boundary", "data", "grading", "isolation", "worker")
PINNED = ("torch", "tensorflow", "keras", "numpy", "scipy", "scikit-learn")


def path(topic: Topic) -> Path:
    """Where a topic's verdicts are kept."""
    return topic.root / "tests" / "mutants" / "verdicts" / f"{topic.name}.json"


def known(topic: Topic, framework: str) -> dict[str, str]:
    """The kept verdicts, own hash to library hash; none where the file is missing or torn."""
    listed = _read(topic).get(framework, {})
    return dict(listed) if isinstance(listed, dict) else {}


def keep(topic: Topic, framework: str, verdicts: Mapping[str, str]) -> None:
    """Make `verdicts` the kept ones of a framework. The file is replaced as a whole."""
    place, listed = path(topic), _read(topic)
    made = {**listed, framework: dict(sorted(verdicts.items()))}
    if made != listed:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, json.dumps(dict(sorted(made.items())), indent=0) + "\n")


def key(topic: Topic, framework: str, mutant: Named, text: str) -> str:
    """The hash of what is the topic's own in whether `mutant`, whose program is `text`, falls as it should."""
    rests_on = closure.digest(topic, framework, mutant.caught_by)
    rules = str(rules_for(topic, framework))
    parts = (rests_on, rules, framework, mutant.caught_by, str(mutant.crashes), text)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def right(topic: Topic, framework: str, text: str, seed: int) -> str:
    """The hash of what is the topic's own in whether the right answer `text` passes every check under `seed`."""
    checks = [closure.digest(topic, framework, check.name) for check in manifest(topic)]
    parts = (*checks, str(rules_for(topic, framework)), framework, str(seed), text)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def settled(
    own: str, there: Mapping[str, str], rest: str, share: float, changed: float = LIBRARY_SHARE
) -> bool:
    """Whether a verdict is kept, and not drawn to be repeated.

    rest: the present hash of what is not the topic's own. share, changed: how many are drawn where it is the same as it
    was, and where it is another.
    """
    if own not in there or share >= 1:
        return False
    return random.random() >= (share if there[own] == rest else max(share, changed))


def _read(topic: Topic) -> dict[str, Any]:
    try:
        listed = json.loads(path(topic).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return listed if isinstance(listed, dict) else {}


@cache
def library(topic: Topic) -> str:
    """The hash of what decides a verdict and is not the topic's own."""
    digest = hashlib.sha256()
    for module in sorted(_imported(topic.grader, set())):
        digest.update(module.read_bytes())
    pins = topic.root / "constraints.txt"
    if pins.is_file():
        for line in pins.read_text(encoding="utf-8").splitlines():
            if line.split("=")[0].strip() in PINNED:
                digest.update(line.encode())
    return digest.hexdigest()[:8]


@cache
def machinery(topic: Topic) -> str:
    """The hash of what decides whether a right answer passes and is not the topic's own."""
    digest = hashlib.sha256(library(topic).encode())
    for package in MACHINERY:
        for module in sorted((Path(__file__).resolve().parent.parent / package).rglob("*.py")):
            digest.update(module.read_bytes())
    return digest.hexdigest()[:8]


def _imported(file: Path, seen: set[Path]) -> set[Path]:
    """The modules of katagrad.authoring that a file imports, directly or through others of them."""
    wing = Path(__file__).resolve().parent.parent / "authoring"
    if not file.is_file():
        return seen
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        names = [node.module, *(f"{node.module}.{item.name}" for item in node.names)]
        for name in names:
            if not name.startswith("katagrad.authoring."):
                continue
            module = wing / f"{name.split('.')[2]}.py"
            if module.is_file() and module not in seen:
                seen.add(module)
                _imported(module, seen)
    return seen
