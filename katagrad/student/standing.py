"""A student's progress in each topic, kept in a file of the workspace that is written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from katagrad.data.lock import held
from katagrad.errors import FAILED, NOT_GRADED, NOT_STARTED, PASSED, BadOption, one_of
from katagrad.files import write_json
from katagrad.student.workspace import Workspace
from katagrad.topics import Topic

SCHEMA = "katagrad/progress/v1"
STATUSES = (PASSED, FAILED, NOT_STARTED, NOT_GRADED)


@dataclass(frozen=True)
class Standing:
    """One topic as it was last checked.

    status: of `katagrad.errors`. passed, checks: how many of its checks, examples among them. file: a hash of the
    student's file. hints: how many were shown. done: whether it ever passed. gave_up: whether the solution was
    shown before that.
    """

    status: str = NOT_STARTED
    passed: int = 0
    checks: int = 0
    points: float = 0.0
    maximum: float = 0.0
    file: str = ""
    hints: int = 0
    done: bool = False
    gave_up: bool = False


@dataclass(frozen=True)
class Progress:
    """The standing of every topic that was ever checked, and the topic at hand."""

    present: str = ""
    topics: dict[str, Standing] = field(default_factory=dict)

    def of(self, topic: Topic) -> Standing:
        """The standing in a topic."""
        return self.topics.get(topic.name, Standing())


def path_of(workspace: Workspace) -> Path:
    """The file that holds it."""
    return workspace.state / "progress.json"


def load(workspace: Workspace) -> Progress:
    """What is kept of a workspace; nothing done where nothing is kept. Raises BadOption for a file that is broken."""
    path = path_of(workspace)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["schema"] != SCHEMA:
            raise ValueError(f"its schema is {record['schema']!r}, not {SCHEMA!r}")
        kept = {name: _standing(entry) for name, entry in record["topics"].items()}
        return Progress(str(record["present"]), kept)
    except FileNotFoundError:
        return Progress()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadOption(
            f"{workspace.shown(path)} cannot be read ({type(error).__name__}: {error}); "
            "move it away to begin a new one, or restore it from a backup of yours"
        ) from None


def _standing(entry: dict[str, Any]) -> Standing:
    kinds: dict[str, type] = {one.name: type(one.default) for one in fields(Standing)}
    for name, value in entry.items():
        if name not in kinds:
            raise ValueError(f"there is no {name!r} in a standing")
        expected = (int, float) if kinds[name] is float else kinds[name]
        below = isinstance(value, (int, float)) and value < 0
        fits = isinstance(value, expected) and isinstance(value, bool) == (kinds[name] is bool)
        if below or not fits:
            raise ValueError(f"{name} is {value!r}")
    made = Standing(**entry)
    if made.status not in STATUSES or made.passed > made.checks:
        raise ValueError(f"{made.passed} of {made.checks} checks are {made.status!r}")
    return made


def change(workspace: Workspace, edit: Callable[[Progress], Progress]) -> Progress:
    """Replace what is kept by `edit` of it. Two programs that do so at once lose nothing."""
    workspace.state.mkdir(exist_ok=True)
    with held(workspace.state / "lock", lambda: None):
        after = edit(load(workspace))
        kept = {name: asdict(one) for name, one in after.topics.items()}
        record = {"schema": SCHEMA, "present": after.present, "topics": kept}
        write_json(path_of(workspace), record)
    return after


def note(workspace: Workspace, topic: Topic, **values: Any) -> Progress:
    """Keep new values of a topic's standing."""

    def edit(before: Progress) -> Progress:
        standing = replace(before.of(topic), **values)
        done = standing.done or standing.status == PASSED
        return replace(before, topics={**before.topics, topic.name: replace(standing, done=done)})

    return change(workspace, edit)


def turn_to(workspace: Workspace, topic: Topic) -> Progress:
    """Make a topic the one at hand."""
    return change(workspace, lambda before: replace(before, present=topic.name))


def present(workspace: Workspace, progress: Progress) -> Topic | None:
    """The topic at hand, else the first in teaching order that is not done; None where all are done."""
    chosen = workspace.topics.get(progress.present)
    if chosen is not None and not progress.of(chosen).done:
        return chosen
    return following(workspace, progress, chosen)


def following(workspace: Workspace, progress: Progress, after: Topic | None) -> Topic | None:
    """The next topic after one that is not done, beginning again at the first; None where all others are done."""
    order = list(workspace.topics.values())
    start = order.index(after) + 1 if after in order else 0
    turned = [*order[start:], *order[:start]]
    return next((one for one in turned if one != after and not progress.of(one).done), None)


def chosen(workspace: Workspace, name: str | None) -> Topic:
    """The topic of that name or file; without a name, the topic at hand. Raises BadOption."""
    if name is None:
        found = present(workspace, load(workspace))
        if found is None:
            raise BadOption("every topic is done; name one, or see `kata list`")
        return found
    path = Path(name)
    topic = workspace.topics[one_of("topic", path.name.removesuffix(".py"), workspace.topics)]
    own = workspace.file(topic)
    if path.is_file() and path.resolve() != own.resolve():
        raise BadOption(
            f"{name} is not a file of this workspace, where {topic.name} is {workspace.shown(own)}. Copy it "
            "there, or run this command in the workspace that it is in"
        )
    return topic
