"""The names under which course systems hand over submissions: whose an entry of a folder is, and when it came.

Each rule reads names alone, and returns what it knows as a `Claim`. The roster says which student that is.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from katagrad.course.moments import read_moment
from katagrad.course.traces import ARCHIVES, topic_of
from katagrad.errors import BadOption
from katagrad.topics import topics

METADATA = "submission_metadata.yml"
# Kinds of YAML that a word may be taken for.
NO_TEXT = ("int", "float", "bool")
# Bytes; of a course of 1,000 with a long history it has some 20 MB.
MAX_METADATA = 64 << 20
MOODLE = re.compile(
    r"(?P<name>[^_]+)_(?P<number>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<file>.*)"
)
CANVAS = re.compile(
    r"(?P<name>[^_]+)_(?:(?P<late>LATE)_)?(?P<user>\d+)_(?P<order>\d+)_(?P<file>.+)"
)
BLACKBOARD = re.compile(
    r"(?P<work>.+)_(?P<name>[^_]+)_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)?"
)
# A moment in a name: 2026-10-01T12-00-00, 2026-10-01_12:00, 20261001-120000.
MOMENT = re.compile(
    r"[ _.@-]?(\d{4})-?([01]\d)-?([0-3]\d)[T _-]([0-2]\d)[:.h-]?([0-5]\d)(?:[:.-]?([0-5]\d))?(Z)?(?=[ _.)-]|$)"
)


@dataclass(frozen=True)
class Claim:
    """What an entry's name says. clues: names, ids or e-mail addresses, the surest first; none: it does not say.

    systems: the number that a system gave, by column of the roster. file: what the file was called, where a system
    put more before it. order: of files that were handed in one after the other. when: seconds since 1970. ignored:
    why the entry cannot be read as a submission. repository: what may be the user's name in the name of a repository.
    """

    system: str
    clues: tuple[str, ...]
    systems: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    order: int = 0
    when: float | None = None
    late: bool = False
    ignored: str = ""
    repository: tuple[str, ...] = ()


def claim_of(
    name: str,
    folder: bool,
    wanted: list[str],
    sole: bool = False,
    zone: datetime.tzinfo | None = None,
) -> Claim:
    """What the name of an entry says. folder: whether it is one. wanted: names of topics to be graded.

    sole: whether a lone file that names no topic is that of the only topic. zone: of times without an offset from UTC.
    """
    name = unicodedata.normalize("NFC", name)
    if found := MOODLE.fullmatch(name):
        text = "" if found["kind"] == "file" else f"is what was typed into Moodle ({found['kind']})"
        number = {"moodle": found["number"]}
        return Claim("Moodle", (found["name"].strip(),), number, found["file"], ignored=text)
    if not folder and (found := CANVAS.fullmatch(name)):
        return Claim(
            "Canvas",
            (found["name"],),
            {"canvas": found["user"]},
            found["file"],
            int(found["order"]),
            late=found["late"] is not None,
        )
    if not folder and (found := BLACKBOARD.fullmatch(name)):
        stamp = _clock(map(int, found["when"].split("-")), zone)
        said = "" if found["file"] else "is Blackboard's own note"
        clues = (found["name"],)
        return Claim("Blackboard", clues, {}, found["file"] or "", when=stamp, ignored=said)
    stem, ending = split(name, folder)
    stem, when = _moment(stem, zone)
    if ending in (".py", ".ipynb"):
        return _single(stem, ending, when, wanted, sole)
    if not folder and ending not in ARCHIVES:
        said = "neither a folder nor a .zip, .7z or .tar archive, .py or .ipynb file"
        whose = split(Path(stem).stem, folder)[0]  # of ada.rar, and of ada.zip.001
        return replace(_single(whose, ending, when, wanted, sole=True), ignored=said)
    system = "folder" if folder else "archive"
    return Claim(system, (stem,), when=when, repository=_ends(stem))


def _single(stem: str, ending: str, when: float | None, wanted: list[str], sole: bool) -> Claim:
    """A lone file: `ada_softmax.py`, `softmax-ada.py`, or `ada.py` where there is one topic."""
    known = list(topics())
    topic = topic_of(f"{stem}.py", known)
    if topic is None:
        if not sole:
            return Claim("", (), file=f"{stem}{ending}")
        return Claim("file", (stem,), {}, f"{wanted[0]}{ending}", when=when)
    pattern = "[^a-z0-9]*".join(map(re.escape, topic.split("_")))
    rest = re.sub(rf"(?i)(^|[\W_]+){pattern}([\W_]+|$)", " ", stem, count=1).strip(" _-.")
    clues = (rest, rest.replace("_", " ")) if rest else ()
    return Claim("file", clues, {}, f"{topic}{ending}", when=when)


def _ends(stem: str) -> tuple[str, ...]:
    """What may be a user's name at the end of a repository's: hw1-ada-l gives "ada-l" and "l"."""
    parts = stem.split("-")
    return tuple("-".join(parts[i:]) for i in range(1, len(parts)))


def split(name: str, folder: bool) -> tuple[str, str]:
    """(stem, ending) of an entry; an ending of an archive counts whole."""
    if folder:
        return name, ""
    lower = name.lower()
    known = sorted((*ARCHIVES, ".py", ".ipynb"), key=len, reverse=True)
    ending = next((e for e in known if lower.endswith(e)), "")
    return (name[: -len(ending)], ending) if ending else (name, Path(name).suffix)


def _moment(stem: str, zone: datetime.tzinfo | None) -> tuple[str, float | None]:
    """A name without the moment in it, and that moment."""
    found = MOMENT.search(stem)
    rest = (stem[: found.start()] + stem[found.end() :]).strip(" _-.") if found else stem
    if found is None or not rest:
        return stem, None
    *numbers, zulu = found.groups()
    when = _clock((int(n or 0) for n in numbers), datetime.timezone.utc if zulu else zone)
    return (stem, None) if when is None else (rest, when)


def _clock(numbers: Iterable[int], zone: datetime.tzinfo | None) -> float | None:
    """Seconds since 1970 of a year, a month, a day and so on; None where there is no such time."""
    try:
        return seconds(datetime.datetime(*numbers), zone)  # type: ignore[arg-type]
    except ValueError:
        return None


def seconds(moment: datetime.datetime, zone: datetime.tzinfo | None = None) -> float | None:
    """Seconds since 1970. A moment without an offset is one of `zone`, or of this machine's clock.

    None where it is before the year 1 or after 9999 in UTC, in which times are shown.
    """
    own = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
    try:
        return own.astimezone(datetime.timezone.utc).timestamp()
    except (OverflowError, ValueError):
        return None


def gradescope(folder: Path) -> dict[str, Claim] | None:
    """What Gradescope's export says of each of its folders; None where the folder is no such export.

    Raises BadOption for a list that cannot be read.
    """
    path = folder / METADATA
    if not path.is_file():
        return None
    listed = _yaml(path)
    found = {}
    for name, about in listed.items():
        people = _entry(about, "submitters")
        if not isinstance(people, list) or not all(isinstance(one, dict) for one in people):
            raise BadOption(f"{path}: {str(name)[:100]!r} has no list of submitters")
        when = _when(_entry(about, "created_at"))
        for place, one in enumerate(people):
            names = [str(_entry(one, key) or "") for key in ("sid", "email", "name")]
            key = str(name) if place == 0 else f"{name}\n{place}"
            found[key] = Claim("Gradescope", tuple(filter(None, names)), when=when)
    return found


def _entry(record: Any, key: str) -> Any:
    return (record.get(f":{key}", record.get(key))) if isinstance(record, dict) else None


def _when(value: Any) -> float | None:
    if isinstance(value, dict):  # a Ruby object of time
        value = value.get("utc", value.get("time"))
    if isinstance(value, str):
        return read_moment(value)
    if not isinstance(value, datetime.datetime):
        return None
    if value.tzinfo is None:  # YAML's own times are UTC
        value = value.replace(tzinfo=datetime.timezone.utc)
    return seconds(value)


def _yaml(path: Path) -> dict[str, Any]:
    try:
        import yaml
    except ModuleNotFoundError:
        raise BadOption(
            f"{path} needs PyYAML to be read; run: pip install 'katagrad[course]'"
        ) from None

    class Plain(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Reads data alone; Ruby's tags are taken for what they are made of, and nothing is repeated by reference."""

    def data(loader: Any, _tag: str, node: Any) -> Any:
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node)

    # The id 0017 is no octal number, and Yes is a name.
    Plain.yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in known if tag.rpartition(":")[2] not in NO_TEXT]
        for first, known in Plain.yaml_implicit_resolvers.items()
    }
    Plain.add_multi_constructor("!ruby/", data)
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_METADATA:
            raise BadOption(f"{path} is larger than {MAX_METADATA >> 20} MiB")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(raw, Loader=Plain)):
            raise BadOption(f"{path} refers to itself (an alias), which Gradescope's lists do not")
        found = yaml.load(raw, Loader=Plain)
    except BadOption:
        raise  # it is a ValueError, too
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise BadOption(f"{path} cannot be read: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(found, dict):
        raise BadOption(f"{path} is no list of submissions as Gradescope writes it")
    return found
