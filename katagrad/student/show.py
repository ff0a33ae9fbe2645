"""Pictures of a topic, drawn from the student's own submission over the boundary, as one HTML page.

`pictures/<topic>.py` holds functions `draw_<what>(impl, figure)`: `impl` is what a check gets, `figure` is a Figure of
matplotlib, and the docstring is the caption.
"""

from __future__ import annotations

import importlib.util
import inspect
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from katagrad.boundary.implementation import Implementation, Transport
from katagrad.errors import PASSED, BadOption
from katagrad.grading.checks import run_case
from katagrad.grading.session import Grading
from katagrad.grading.submission import Submission
from katagrad.student.workspace import Workspace
from katagrad.topics import Topic, root

# Inches. Lines and letters take the colour of the page's text, so one drawing serves light and dark.
SIZE = (7.5, 4.2)
INK = "#010203"
# A picture may compare as many trainings, each of which may take as long as a check.
TRAININGS = 3
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font-family: sans-serif; max-width: 60rem; margin: 1rem auto; padding: 0 1rem; }}
figure {{ margin: 1.5rem 0; }}
svg {{ max-width: 100%; height: auto; }}
</style></head>
<body><h1>{title}</h1>
{body}
</body></html>
"""


@dataclass(frozen=True)
class Picture:
    """One picture. svg: the drawing; empty where the submission kept it from being drawn, for the reason `message`."""

    name: str
    caption: str
    svg: str
    message: str = ""


def functions(topic: Topic) -> dict[str, Callable[..., None]]:
    """The drawing functions of a topic by name. Raises BadOption for a topic that has none."""
    path = root() / "pictures" / f"{topic.name}.py"
    spec = importlib.util.spec_from_file_location(f"katagrad_pictures.{topic.name}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        there = sorted(one.stem for one in path.parent.glob("*.py"))
        have = f"there are some of {', '.join(there)}" if there else "there are none at all"
        raise BadOption(f"there are no pictures of {topic.name}; {have}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = inspect.getmembers(module, inspect.isfunction)
    return {name: function for name, function in found if name.startswith("draw_")}


def pictures(grading: Grading, submission: Submission, topic: Topic) -> Iterator[Picture]:
    """Every picture of a topic from a submission. Raises BadOption where matplotlib is missing."""
    if importlib.util.find_spec("matplotlib") is None:
        raise BadOption("pictures need matplotlib; run: pip install 'katagrad[pictures]'")
    transport = Transport(grading.pool, submission.source(topic))
    try:
        for name, function in functions(topic).items():
            yield _picture(grading, transport, name, function)
    finally:
        transport.close()


def _picture(
    grading: Grading, transport: Transport, name: str, function: Callable[..., None]
) -> Picture:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    caption = (inspect.getdoc(function) or name).splitlines()[0]
    inks = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    # Any: the names of settings differ between releases of matplotlib, and so do their types.
    style: Any = {
        **dict.fromkeys(inks, INK),
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "legend.framealpha": 0.0,
        "axes.facecolor": "none",
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=SIZE, layout="constrained")

        def body(impl: Implementation) -> None:
            function(impl, figure)

        seconds = TRAININGS * grading.pool.limits.wall
        outcome = run_case(transport, name, "", seconds, grading.rules, body)
        if outcome.status != PASSED:
            return Picture(name, caption, "", outcome.message)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", transparent=True)
    text = re.sub(r"<metadata>.*?</metadata>", "", drawn.getvalue(), flags=re.DOTALL)
    text = re.sub(r'(?<= d=")[^"]+', _rounded, text)
    # Several drawings stand on one page, so no two may use the same id.
    text = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{name}-", text[text.index("<svg") :])
    return Picture(name, caption, text.replace(INK, "currentColor"))


def _rounded(path: re.Match[str]) -> str:
    """A path to a hundredth of a point, which nobody sees, and half as long."""
    return re.sub(
        r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), path[0]
    )


def figure(one: Picture, prefix: str = "") -> str:
    """A picture with its caption, as HTML. prefix: of its ids, where others on the page have the same."""
    drawn = one.svg or f"<p>Not drawn: {escape(one.message)}</p>"
    drawn = drawn.replace(f"{one.name}-", f"{prefix}{one.name}-")
    return f"<figure>{drawn}<figcaption>{escape(one.caption)}</figcaption></figure>"


def page(title: str, sections: dict[str, list[Picture]]) -> str:
    """One page with the pictures of each submission, below a heading of its own."""
    parts = []
    for heading, shown in sections.items():
        parts.append(f"<h2>{escape(heading)}</h2>")
        # The ids of a submission's drawings are those of the other's.
        parts += [figure(one, f"{heading.split()[0]}-") for one in shown]
    return PAGE.format(title=escape(title), body="\n".join(parts))


def write_page(
    workspace: Workspace, grading: Grading, topic: Topic, framework: str | None, done: bool
) -> tuple[str, bool]:
    """The page of a topic, and whether everything of the student's was drawn. done: with the reference's, too."""
    submission = Submission(workspace.exercises, framework)
    own = list(pictures(grading, submission, topic))
    sections = {"Your solution": own}
    known = submission.source(topic).known_framework
    reference = topic.solution(known) if known else Path()
    if done and reference.is_file():
        shown = Submission(reference.parent, known)
        sections["The reference"] = list(pictures(grading, shown, topic))
    return page(topic.title, sections), all(one.svg for one in own)
