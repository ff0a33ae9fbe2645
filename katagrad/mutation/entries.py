"""The mutants of a topic: the change, the words of the stub that it breaks, and the check that catches it.

A file `tests/mutants/<topic>.toml` holds them, one `[[mutant]]` for a fault, with the changes for both frameworks.
docs/authoring.md describes the format.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from katagrad.mutation.operators import Mutant
from katagrad.topics import FRAMEWORKS, Topic, read_toml

EDIT_KEYS = {"replace", "with", "everywhere", "body", "within"}
ENTRY_KEYS = {"name", "why", "breaks", "of", "caught_by", "crashes", *FRAMEWORKS} | EDIT_KEYS
FILE_KEYS = {"mutant", "explains", "equivalent"}
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Edit:
    """One change of a solution: `by` replaces `replace`, or definitions in `body` replace those of the same name.

    everywhere: replace every occurrence, not the only one. within: the class whose methods `body` defines.
    """

    replace: str = ""
    by: str = ""
    everywhere: bool = False
    body: str = ""
    within: str = ""

    def apply(self, source: str) -> str:
        """The changed text. Raises ValueError where the edit does not fit `source`."""
        if self.body:
            return _with_definitions(source, self.body, self.within)
        count = source.count(self.replace)
        if count == 0 or (count > 1 and not self.everywhere):
            raise ValueError(
                f"{self.replace!r} occurs {count} times in the solution, "
                + ("but should at least once" if self.everywhere else "not once")
            )
        return source.replace(self.replace, self.by)


@dataclass(frozen=True)
class Named:
    """A mutant in one framework.

    name: the fault in words. breaks: the words of the stub that it breaks; of: the definition whose docstring has
    them, where several do. why: how a student comes to write it. crashes: whether it may fall by a crash.
    """

    name: str
    edits: tuple[Edit, ...]
    caught_by: str
    breaks: tuple[str, ...] = ()
    of: str = ""
    why: str = ""
    crashes: bool = False

    def matches(self, words: str) -> bool:
        """Whether its name or its check contains `words`."""
        return words.lower() in f"{self.name} {self.caught_by}".lower()

    def apply(self, source: str) -> str:
        """The mutated text. Raises ValueError unless every edit fits, and something changes."""
        text = source
        for edit in self.edits:
            text = edit.apply(text)
        if text == source:
            raise ValueError("it changes nothing in the solution")
        return text


@dataclass(frozen=True)
class Explanation:
    """Sentences of the stub that ask for nothing, by words that they contain, with the reason."""

    words: tuple[str, ...]
    why: str
    of: str = ""


@dataclass(frozen=True)
class Equivalent:
    """A generic mutant that no check can catch, and why: `before` became `after` on a line that holds `within`."""

    before: str
    after: str
    reason: str
    within: str = ""

    def matches(self, mutant: Mutant, source: str) -> bool:
        """Whether this entry describes `mutant`."""
        line = source.splitlines()[mutant.line - 1] if mutant.line else ""
        return mutant.before == self.before and mutant.after == self.after and self.within in line


@dataclass
class Kept:
    """The content of a topic's file of mutants. problems: a line for each entry that cannot be used."""

    mutants: dict[str, list[Named]] = field(default_factory=lambda: {f: [] for f in FRAMEWORKS})
    explains: list[Explanation] = field(default_factory=list)
    equivalent: dict[str, list[Equivalent]] = field(
        default_factory=lambda: {f: [] for f in FRAMEWORKS}
    )
    problems: list[str] = field(default_factory=list)


def kept(topic: Topic) -> Kept:
    """All that is kept for a topic; empty, with a problem, where the file is missing or cannot be read."""
    found = Kept()
    if not topic.mutants.is_file():
        found.problems.append(f"tests/mutants/{topic.mutants.name} is missing; add it")
        return found
    try:
        listed = read_toml(topic.mutants)
    except ValueError as error:  # tomllib's errors are of this kind
        found.problems.append(f"tests/mutants/{topic.mutants.name} is not TOML: {error}")
        return found
    for key in sorted(set(listed) - FILE_KEYS):
        found.problems.append(
            f"tests/mutants/{topic.mutants.name} has [[{key}]]; "
            "it may have [[mutant]], [[explains]] and [[equivalent.FRAMEWORK]]"
        )
    for entry in listed.get("mutant", []):
        _mutant(entry, found)
    for entry in listed.get("explains", []):
        words = _texts(entry.get("words", ()))
        if not words or not entry.get("why"):
            found.problems.append(f"[[explains]] {entry}: needs `words` and `why`")
            continue
        found.explains.append(Explanation(words, entry["why"], entry.get("of", "")))
    for framework, entries in listed.get("equivalent", {}).items():
        for e in entries:
            if not {"before", "after", "reason"} <= set(e):
                found.problems.append(f"an equivalent of {framework} lacks before, after or reason")
                continue
            found.equivalent[framework].append(
                Equivalent(e["before"], e["after"], e["reason"], e.get("within", ""))
            )
    return found


def named_mutants(topic: Topic, framework: str) -> list[Named]:
    """The mutants that the project keeps for a topic, those of one framework."""
    return kept(topic).mutants[framework]


def equivalents(topic: Topic, framework: str) -> list[Equivalent]:
    """The generic mutants that are known to change nothing that can be judged."""
    return kept(topic).equivalent[framework]


def _mutant(entry: dict[str, Any], found: Kept) -> None:
    name = entry.get("name", "")
    here = f"mutant {name!r}" if name else f"a mutant without `name` ({str(entry)[:80]})"
    problems = []
    if not name:
        problems.append("every mutant needs a name")
    elif any(name == m.name for listed in found.mutants.values() for m in listed):
        problems.append("another mutant has this name")
    problems += [f"unknown key `{key}`" for key in sorted(set(entry) - ENTRY_KEYS)]
    shared = {key: value for key, value in entry.items() if key in EDIT_KEYS}
    chosen = [f for f in FRAMEWORKS if f in entry] or (list(FRAMEWORKS) if shared else [])
    if not chosen:
        problems.append("it changes nothing: give `torch`, `tensorflow`, or `replace` and `with`")
    made = []
    for framework in chosen:
        parts = entry.get(framework, {})
        parts = parts if isinstance(parts, list) else [parts]
        own = next((p["caught_by"] for p in parts if "caught_by" in p), entry.get("caught_by", ""))
        if not own:
            problems.append(f"{framework}: no `caught_by`")
        edits = [e for e in [shared, *parts] if set(e) - {"caught_by"}]
        problems += [f"{framework}: {said}" for edit in edits for said in _misfits(edit)]
        made.append((framework, edits, own))
    found.problems += [f"{here}: {said}" for said in problems]
    if problems:
        return
    for framework, edits, own in made:
        found.mutants[framework].append(
            Named(
                name,
                tuple(
                    Edit(
                        e.get("replace", ""),
                        e.get("with", ""),
                        e.get("everywhere", False),
                        textwrap.dedent(e.get("body", "")),
                        e.get("within", ""),
                    )
                    for e in edits
                ),
                own,
                _texts(entry.get("breaks", ())),
                entry.get("of", ""),
                entry.get("why", ""),
                bool(entry.get("crashes", False)),
            )
        )


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _misfits(edit: dict[str, Any]) -> Iterator[str]:
    for key in sorted(set(edit) - EDIT_KEYS - {"caught_by"}):
        yield f"unknown key `{key}`"
    if "body" in edit:
        if "replace" in edit or "with" in edit:
            yield "either `body`, or `replace` and `with`, in one edit"
        return
    if not edit.get("replace"):
        yield "no `replace`"
    if "with" not in edit:
        yield 'no `with`; `with = ""` removes the text'


def _with_definitions(source: str, body: str, within: str) -> str:
    """`source` with the definitions of `body` in place of those of the same names; all else of `body` before the first.

    within: a class of `source`; then its methods are meant.
    """
    try:
        tree = ast.parse(body)
    except SyntaxError as error:
        raise ValueError(f"its body is not Python: {error.msg}, line {error.lineno}") from None
    scope: list[ast.stmt] = ast.parse(source).body
    if within:
        owner = next((n for n in scope if isinstance(n, ast.ClassDef) and n.name == within), None)
        if owner is None:
            raise ValueError(f"the solution has no class {within}")
        scope = owner.body
    there = {node.name: node for node in scope if isinstance(node, DEFINITIONS)}
    lines, given, start = source.splitlines(), body.splitlines(), 0
    chunks: list[tuple[str, list[str]]] = []
    for statement in tree.body:
        end = statement.end_lineno or statement.lineno
        name = statement.name if isinstance(statement, DEFINITIONS) else ""
        chunks.append((name if name in there else "", given[start:end]))
        start = end
    replaced = [name for name, _ in chunks if name]
    if not replaced:
        defined = ", ".join(n.name for n in tree.body if isinstance(n, DEFINITIONS)) or "nothing"
        raise ValueError(f"its body defines {defined}, none of which the solution has")
    indent = " " * 4 if within else ""
    first = min(replaced, key=lambda name: there[name].lineno)
    added = [line for name, text in chunks if not name for line in [*text, ""]]
    for name in sorted(replaced, key=lambda name: -there[name].lineno):
        node = there[name]
        above = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
        text = next(text for other, text in chunks if other == name)
        new = [*(added if name == first else []), *text]
        lines[above : node.end_lineno] = [indent + line if line else line for line in new]
    return "\n".join(lines) + "\n"
