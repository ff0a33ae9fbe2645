"""The hand-out: stubs, the words they use, and a wheel of the library that holds nothing of what grades them."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from katagrad import __version__
from katagrad.course.settings import Course
from katagrad.grading.table import number
from katagrad.topics import FRAMEWORKS, Topic, contracts_of, read_toml, root

PACKAGE = Path(__file__).resolve().parents[1]
# Of the package, what would give away answers: of the topics, of students of the sample class, of the quiz.
LEFT_OUT = ("_content", "contracts", "demo/sample_class", "quiz")
SUFFIXES = (".py", ".typed", ".j2", ".css")
WHEEL = f"katagrad-{__version__}-py3-none-any.whl"
# Long before any zip, which cannot tell an earlier year: the same content makes the same bytes.
STAMP = (2020, 1, 1, 0, 0, 0)
CONFTEST = '''"""What pytest does here beyond its own: it runs the examples of the exercises."""

pytest_plugins = ["katagrad.pytest_plugin.plugin"]
'''
PYTEST = """\
[pytest]
testpaths = exercises
addopts = --import-mode=importlib --strict-markers
"""


def handout(chosen: Sequence[Topic], course: Course | None, hints: int) -> dict[str, bytes]:
    """The files of a hand-out, by path. hints: the highest level of hints in it, 0 to 3."""
    files = {f"exercises/{t.name}.py": t.contract.read_bytes() for t in chosen}
    files["exercises/topics.toml"] = listed(chosen, hints)
    files["docs/contract.md"] = _page("contract.md")
    files["conftest.py"] = CONFTEST.encode()
    files["pytest.ini"] = PYTEST.encode()
    files[WHEEL] = library(chosen, hints)
    files["README.md"] = _readme(chosen, course, hints)
    return files


def library(chosen: Sequence[Topic], hints: int) -> bytes:
    """A wheel of the library without graders, solutions, benchmarks and mutants, and with these topics alone."""
    files = {f"katagrad/{name}": content for name, content in _package()}
    stubs = {f"{t.name}": t.contract.read_bytes() for t in chosen}
    kept = listed(chosen, hints)
    for name, content in stubs.items():
        files[f"katagrad/contracts/{name}.txt"] = content
        files[f"katagrad/_content/exercises/{name}.py"] = content
    files["katagrad/contracts/topics.toml"] = kept
    files["katagrad/_content/exercises/topics.toml"] = kept
    return wheel(files)


def course_library(chosen: Sequence[Topic]) -> bytes:
    """A wheel of the library with the graders of these topics, for a machine that grades. No solutions are in it."""
    files = {f"katagrad/{name}": content for name, content in _package()}
    for topic in chosen:
        content = topic.contract.read_bytes()
        files[f"katagrad/contracts/{topic.name}.txt"] = content
        files[f"katagrad/_content/exercises/{topic.name}.py"] = content
        files[f"katagrad/_content/graders/{topic.name}.py"] = topic.grader.read_bytes()
    kept = listed(chosen, 0)
    files["katagrad/contracts/topics.toml"] = kept
    files["katagrad/_content/exercises/topics.toml"] = kept
    return wheel(files)


def _package() -> Iterator[tuple[str, bytes]]:
    for path in sorted(PACKAGE.rglob("*")):
        name = path.relative_to(PACKAGE).as_posix()
        if any(name == out or name.startswith(f"{out}/") for out in LEFT_OUT):
            continue
        if path.suffix in SUFFIXES and "__pycache__" not in path.parts and path.is_file():
            yield name, path.read_bytes()


def wheel(files: Mapping[str, bytes]) -> bytes:
    """A wheel with this installation's metadata. The same files make the same bytes."""
    about = metadata.distribution("katagrad")
    info = f"katagrad-{__version__}.dist-info"
    header = str(about.read_text("METADATA") or "").split("\n\n", 1)[0]
    own = {
        f"{info}/METADATA": f"{header}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: katagrad\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": b"[console_scripts]\nkata = katagrad.__main__:main\n",
    }
    everything = {**files, **own}
    record = [
        f"{name},sha256={_digest(content)},{len(content)}" for name, content in everything.items()
    ]
    everything[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    return zipped(everything)


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def zipped(files: Mapping[str, bytes], executable: Sequence[str] = ()) -> bytes:
    """A zip of the files. The same files make the same bytes. executable: names of programs."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, STAMP)
            entry.external_attr = (0o755 if name in executable else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return out.getvalue()


def listed(chosen: Sequence[Topic], hints: int) -> bytes:
    """topics.toml with these topics alone, and their hints up to a level."""
    lines = ["# The topics in teaching order."]
    for topic in chosen:
        path = contracts_of(topic.root, topic.name) / "topics.toml"
        source = path if path.is_file() else topic.root / "exercises" / "topics.toml"
        entry = {**read_toml(source)[topic.name], "hints": list(topic.hints[:hints])}
        lines.append(f"\n[{topic.name}]")
        lines += _toml(entry)
    return ("\n".join(lines) + "\n").encode()


def _toml(entry: Mapping[str, object], above: str = "") -> Iterator[str]:
    """Lines of a table of strings, lists of strings, and tables of such. JSON's strings are TOML's."""
    for key, value in entry.items():
        if isinstance(value, dict):
            yield from _toml(value, f"{above}{key}.")
        else:
            yield f"{above}{key} = {json.dumps(value, ensure_ascii=False)}"


def _page(name: str) -> bytes:
    """A page of the documentation, which an installed wheel may lack."""
    path = root() / "docs" / name
    return path.read_bytes() if path.is_file() else b""


def _readme(chosen: Sequence[Topic], course: Course | None, hints: int) -> bytes:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    home = Path(__file__).parent / "template"
    environment = Environment(
        loader=FileSystemLoader(home),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    rows = []
    for topic in chosen:
        rule = course.topics.get(topic.name) if course else None
        policy = course.framework_of(topic.name) if course else None
        rows.append(
            {
                "name": topic.name,
                "title": topic.title,
                "framework": policy or " or ".join(FRAMEWORKS),
                "due": f"{rule.due:%Y-%m-%d %H:%M %Z}" if rule and rule.due else "",
                "points": number(rule.points) if rule and rule.points is not None else "",
            }
        )
    text = environment.get_template("handout.md.j2").render(
        name=course.name if course else "Exercises",
        topics=rows,
        dated=any(row["due"] for row in rows),
        worth=any(row["points"] for row in rows),
        wheel=f"./{WHEEL}",
        hints=hints,
    )
    return text.encode()
