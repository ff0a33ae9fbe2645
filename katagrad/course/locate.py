"""Find the topic of each file in a submission, by its name in any folder, or by what a notebook defines."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from katagrad.course.contents import Contents
from katagrad.course.names import fold
from katagrad.course.traces import CLOSED, SHOWN, shown, topic_of, words_of
from katagrad.errors import SubmissionProblem
from katagrad.grading.parsing import check_together, tree_of
from katagrad.grading.stub import is_untouched
from katagrad.grading.submission import Submission
from katagrad.topics import topics

# Words that people and systems add to a file's name, beside numbers and names.
ADDED = frozenset(
    """copy of final finished done late new updated my solution solutions submission submitted answer answers
    homework hw ex exercise assignment attempt version v kopie von file""".split()  # noqa: SIM905  read at a glance
)

# Bytes that imports and comments may add to an untouched stub.
ROOM = 4096


@dataclass
class Located:
    """The topics of a submission. paths: where each was found. unfound: topics that may be there, but were not found.

    problem: a sentence about those; "" where there is none.
    """

    submissions: dict[str, Submission] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    unfound: set[str] = field(default_factory=set)
    problem: str = ""


def locate(contents: Contents, wanted: Collection[str], names: Iterable[str] = ()) -> Located:
    """Find the topics of `wanted`. names: words of the student's name, which a file's name may have.

    A topic that is not there counts as not handed in if other topics are there, and as not found if nothing is.
    """
    found, said = Located(), []
    known = {fold(word) for name in names for word in words_of(name)}
    for topic in wanted:
        paths = _candidates(contents, topic, known)
        best = _best(contents, paths)
        if len(best) > 1:
            found.unfound.add(topic)
            said.append(f"{topic} not graded: found {shown([repr(p) for p in best])}; keep one")
        elif best:
            found.paths[topic] = best[0]
    _by_definitions(contents, wanted, found)
    for topic, path in list(found.paths.items()):
        if other := _beside_stub(contents, topic, path):
            del found.paths[topic]
            found.unfound.add(topic)
            said.append(
                f"{topic} not graded: {path!r} is the untouched stub, but {other!r} defines the same names; keep one"
            )
    absent = [n for n in wanted if n not in found.paths and n not in found.unfound]
    alike = _alike(contents, absent)
    said += [
        f"{topic} not graded: found {path!r}, expected {topic}.py"
        for topic, path in list(alike.items())[:SHOWN]
    ]
    if len(alike) > SHOWN:
        said.append(f"{len(alike) - SHOWN} more in the same way")
    left = [name for name in absent if name not in alike]
    closed = [f"{p!r} is not opened" for p in contents.files if p.lower().endswith(CLOSED)]
    closed = [*contents.problems.values(), *closed]
    found.unfound |= set(alike)
    if left and closed:
        said.append(f"{shown(left)} not graded: not found, and {closed[0]}")
        found.unfound |= set(left)
    elif left and not found.paths and not _others(contents, wanted):
        found.unfound |= set(left)
        if not said:
            files = shown([f"{n}.py" for n in wanted])
            said.append(f"not graded:{_held(contents)}; expected {files}")
    found.problem = "; ".join(said)
    _bind(contents, found)
    return found


def _candidates(contents: Contents, topic: str, known: Collection[str]) -> list[str]:
    """Files that are the topic's by their names: a Python file before a notebook, unless it is the untouched stub."""
    exact = [p for p in contents.files if fold(base(p)) == f"{topic}.py"]
    plain = exact
    if not exact or any(contents.order.get(p) for p in exact):
        plain = [p for p in contents.files if p.lower().endswith(".py") and _is(p, topic, known)]
    begun = [p for p in plain if not is_stub(topic, contents.files[p])]
    books = [
        p
        for p, book in contents.notebooks.items()
        if book.about.get("topic") == topic
        or (not book.about.get("topic") and _is(p, topic, known))
    ]
    return begun or books or plain


def _is(path: str, topic: str, known: Collection[str]) -> bool:
    """Whether a name is the topic's, and beside it only of numbers, names and words that say nothing."""
    if topic_of(path, topics()) != topic:
        return False
    rest = list(words_of(base(path).rpartition(".")[0]))
    for word in topic.split("_"):
        rest.remove(word)
    return all(re.fullmatch(r"v?\d+|[a-z]{1,2}\d+", w) or w in ADDED or w in known for w in rest)


def _best(contents: Contents, paths: list[str]) -> list[str]:
    """The newest candidates where the system numbers them, else those least deep. Equal ones are one."""
    if not paths:
        return []
    newest = max(contents.order.get(p, 0) for p in paths)
    paths = [p for p in paths if contents.order.get(p, 0) == newest]
    depth = min(p.count("/") for p in paths)
    least = [p for p in paths if p.count("/") == depth]
    different = {contents.files[p]: p for p in reversed(least)}
    return sorted(different.values())


def base(path: str) -> str:
    """The name of a file without its folders."""
    return path.rpartition("/")[2]


@cache
def _stub(topic: str) -> bytes:
    return topics()[topic].contract.read_bytes()


def is_stub(topic: str, text: bytes) -> bool:
    """Whether a file is the untouched one of a topic, but for imports, comments, and how its lines end."""
    stub = _stub(topic)
    if len(text) > 2 * len(stub) + ROOM:
        return False
    try:
        return text.strip() == stub.strip() or is_untouched(tree_of(text, ""), stub)
    except SubmissionProblem:
        return False


@cache
def asked(topic: str) -> frozenset[str]:
    """The functions and classes that a topic asks for."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    tree = ast.parse(topics()[topic].contract.read_bytes())
    return frozenset(node.name for node in tree.body if isinstance(node, kinds))


def _by_definitions(contents: Contents, wanted: Collection[str], found: Located) -> None:
    """Take files whose names say nothing for the topics all of whose functions they define."""
    known, used, texts = list(topics()), set(found.paths.values()), {}
    for path in contents.files:
        book = contents.notebooks.get(path)
        nameless = topic_of(path, known) is None and not (book and book.about.get("topic"))
        if nameless and path not in used and (book or path.lower().endswith(".py")):
            texts[path] = book.text if book else contents.files[path]
    try:
        check_together(texts.values())
    except SubmissionProblem:
        return
    for path, text in texts.items() if set(wanted) - found.paths.keys() - found.unfound else ():
        book, defined = contents.notebooks.get(path), _defined(text)
        if not defined:
            continue
        fits = [n for n in wanted if asked(n) <= defined]
        if not fits and len(wanted) == 1 and book:
            fits = [n for n in wanted if asked(n) & defined]
        for topic in fits:
            if topic not in found.unfound:
                found.paths.setdefault(topic, path)


def _beside_stub(contents: Contents, topic: str, path: str) -> str:
    """A file of another name that defines what the untouched stub `path` asks for; "" if there is none."""
    if not is_stub(topic, contents.files[path]):
        return ""
    known = list(topics())
    for other, content in contents.files.items():
        book = contents.notebooks.get(other)
        code = book.text if book else content if other.lower().endswith(".py") else b""
        named = topic_of(other, known) in (None, topic)
        if named and asked(topic) <= _defined(code) and not is_stub(topic, code):
            return other
    return ""


def _defined(text: bytes) -> set[str]:
    try:
        body = tree_of(text, "").body
    except SubmissionProblem:
        return set()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in body if isinstance(node, kinds)}


def _alike(contents: Contents, absent: Collection[str]) -> dict[str, str]:
    """Files whose names speak of a topic that was not found, and of something else."""
    found: dict[str, str] = {}
    known = list(topics())
    for path in contents.files:
        topic = topic_of(path, known)
        if topic in absent and path not in contents.problems:
            found.setdefault(str(topic), path)
    return found


def _others(contents: Contents, wanted: Collection[str]) -> bool:
    """Whether topics that are not graded now are there."""
    names = {base(path) for path in contents.files}
    return any(f"{topic}.py" in names for topic in topics() if topic not in wanted)


def _held(contents: Contents) -> str:
    files = [repr(path) for path in contents.files]
    if any(path.endswith(".py") for path in contents.files):
        return f" holds {shown(files)}"
    return f" holds no Python file{': ' if files else ''}{shown(files)}"


def _bind(contents: Contents, found: Located) -> None:
    """Make a submission of each folder that holds topics: its files, with each topic under its own name."""
    folders: dict[str, dict[str, str]] = {}
    for topic, path in found.paths.items():
        folder = path.rpartition("/")[0]
        folders.setdefault(folder, {})[topic] = path
    for folder, paths in folders.items():
        head = f"{folder}/" if folder else ""
        files = {p[len(head) :]: data for p, data in contents.files.items() if p.startswith(head)}
        for topic, path in paths.items():
            book = contents.notebooks.get(path)
            content = book.text if book else contents.files[path]
            if not book:
                files.pop(path[len(head) :], None)
            files[f"{topic}.py"] = content
        submission = packed(files)
        found.submissions.update(dict.fromkeys(paths, submission))


def packed(files: Mapping[str, bytes]) -> Submission:
    """A submission of files in memory."""
    return Submission(Path("/nonexistent"), None, files)
