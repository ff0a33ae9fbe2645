"""`kata show`: every picture holds what it says, of this submission, and no plot is empty."""

import html
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest

from katagrad.boundary.process import Pool
from katagrad.errors import BadOption
from katagrad.student.check import Checker
from katagrad.student.show import functions, page, pictures
from katagrad.student.standing import note
from katagrad.topics import root, topics

pytest.importorskip("matplotlib")
FOLDER = root() / "pictures"
DRAWN = sorted(path.stem for path in FOLDER.glob("*.py"))
# A course's own topic need not have any.
MADE_UP = replace(topics()["tensors"], name="made_up")
WRONG = """
import torch

def softmax(x, axis=-1, temperature=1.0):
    raise ValueError("<b>no</b>")
"""


def test_each_file_is_of_a_topic_and_each_picture_has_a_caption():
    assert set(DRAWN) <= set(topics())
    for name in DRAWN:
        found = functions(topics()[name])
        assert found
        for function in found.values():
            assert function.__doc__
            assert not function.__doc__.endswith(".")
    with pytest.raises(BadOption, match="no pictures of made_up; there are some of"):
        functions(MADE_UP)


def test_every_topic_has_pictures():
    assert set(DRAWN) == set(topics())


def test_the_site_has_every_picture_and_no_other():
    kept = {path.stem for path in (root() / "docs" / "pictures").glob("*.html")}
    drawn = {
        f"{name}-{function.removeprefix('draw_')}"
        for name in DRAWN
        for function in functions(topics()[name])
    }
    assert kept == drawn, "run: python docs/draw.py"
    captions = {
        f"{name}-{function.removeprefix('draw_')}": body.__doc__
        for name in DRAWN
        for function, body in functions(topics()[name]).items()
    }
    for path in (root() / "docs" / "pictures").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert f"<figcaption>{html.escape(captions[path.stem])}</figcaption>" in text
        assert "currentColor" in text
        assert "\n\n" not in text


def expect_full(figure):
    """Every plot has its axes named and shows numbers that are finite, and that are not all the same."""
    assert figure.axes
    for axes in figure.axes:
        assert axes.get_xlabel()
        assert axes.get_ylabel()
        lines = [np.asarray(line.get_ydata(), float) for line in axes.lines]
        shown = [np.asarray(image.get_array(), float) for image in axes.images]
        assert lines or shown or axes.collections
        for values in (*lines, *shown):
            assert values.size
            assert np.isfinite(values).all()
        assert any(np.ptp(values) > 0 for values in (*lines, *shown)) or axes.collections


@pytest.fixture(scope="module")
def pool():
    made = Pool()
    yield made
    made.close()


@pytest.mark.needs("torch")
@pytest.mark.parametrize("name", DRAWN)
def test_no_plot_is_empty(pool, name):
    from matplotlib.figure import Figure

    from katagrad.boundary.implementation import Implementation, Transport
    from katagrad.grading.submission import Submission

    topic = topics()[name]
    submission = Submission(topic.solution("torch").parent, "torch")
    transport = Transport(pool, submission.source(topic))
    transport.begin(1, 60.0)
    for function in functions(topic).values():
        figure = Figure()
        function(Implementation(transport), figure)
        expect_full(figure)
    transport.close()


def drawn_from(pool, solution, function):
    """The plots of one picture of a topic, drawn from this source in PyTorch."""
    from matplotlib.figure import Figure

    from katagrad.boundary.implementation import Implementation, Transport
    from katagrad.grading.submission import Submission

    topic = topics()[solution.stem]
    transport = Transport(pool, Submission(solution.parent, "torch").source(topic))
    transport.begin(1, 60.0)
    figure = Figure()
    try:
        functions(topic)[function](Implementation(transport), figure)
    finally:
        transport.close()
    return figure.axes


def spoiled(tmp_path, name, old, new):
    """The reference solution of a topic with one change."""
    text = topics()[name].solution("torch").read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = tmp_path / f"{name}.py"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.needs("torch")
def test_a_graph_shows_the_gradients_of_this_engine(pool, tmp_path):
    def words(solution):
        (axes,) = drawn_from(pool, solution, "draw_graph")
        return [text.get_text() for text in axes.texts]

    own = topics()["back_propagation"].solution("torch")
    assert words(own)[:6] == ["x", "data 2", "grad -1.5", "w", "data 1.5", "grad -0.5"]
    # The second use of w replaces what the first one gave.
    wrong = spoiled(tmp_path, "back_propagation", "flow[parent] += slope", "flow[parent] = slope")
    assert "grad -0.5" not in words(wrong)


@pytest.mark.needs("torch")
def test_requests_are_drawn_by_the_version_that_answered(pool, tmp_path):
    def words(solution):
        (axes,) = drawn_from(pool, solution, "draw_rollback")
        return [text.get_text() for text in axes.get_legend().get_texts()]

    own = topics()["serving"].solution("torch")
    first, second, neither = words(own)
    assert min(int(said.split()[2]) for said in (first, second)) >= 10
    assert neither == "neither: 0"
    # Each request is refused, so no version answered it.
    wrong = spoiled(tmp_path, "serving", "len(row) == width", "len(row) == -1")
    assert words(wrong) == ["version 1: 0 answers", "version 2: 0 answers", "neither: 180"]


@pytest.mark.needs("torch")
def test_a_reshape_is_no_move_of_axes(pool, tmp_path):
    own = topics()["tensors"].solution("torch")
    kept = [axes.images[0].get_array() for axes in drawn_from(pool, own, "draw_channels")]
    assert np.allclose(kept[1], kept[0][..., 0])
    assert not np.allclose(kept[5], kept[1])


def test_an_empty_plot_is_found():
    from matplotlib.figure import Figure

    for draw in (
        lambda axes: None,
        lambda axes: axes.plot([]),
        lambda axes: axes.plot([1, np.nan]),
    ):
        figure = Figure()
        axes = figure.subplots()
        axes.set(xlabel="x", ylabel="y")
        draw(axes)
        with pytest.raises(AssertionError):
            expect_full(figure)


@pytest.mark.needs("torch")
def test_the_page_shows_the_students_and_then_the_reference(desk):
    desk.solve()
    output = desk.run("show", "softmax")
    target = desk.workspace.state / "pictures" / "softmax.html"
    assert ".katagrad/pictures/softmax.html" in output
    text = target.read_text(encoding="utf-8")
    assert "Your solution" in text
    assert "The reference" not in text
    note(desk.workspace, topics()["softmax"], status="passed")
    desk.run("show", "softmax")
    text = target.read_text(encoding="utf-8")
    assert text.count("<svg") == 2
    drawings = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    for drawn in drawings:
        words = "".join(ElementTree.fromstring(drawn).itertext())
        assert "temperature" in words
        assert "probability" in words
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    for used in re.findall(r'(?:href="#|url\(#)([^")]+)', text):
        assert used in ids
    assert "currentColor" in text
    assert "http" not in re.sub(r'(xmlns(:\w+)?="[^"]*"|"http://(purl|www\.w3)[^"]*")', "", text)


@pytest.mark.needs("torch")
def test_what_cannot_be_drawn_says_why(desk):
    desk.write(WRONG)
    output = desk.run("show", "softmax", expect=1)
    assert "Not everything" in output
    text = (desk.workspace.state / "pictures" / "softmax.html").read_text(encoding="utf-8")
    assert "Not drawn: " in text
    assert "&lt;b&gt;no" in text
    assert "<b>" not in text


def test_what_is_missing_is_said_in_one_line(desk, monkeypatch):
    assert "softmx" in desk.run("show", "softmx", expect=2)
    checker = Checker(desk.workspace)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadOption, match=r"katagrad\[pictures\]"):
        list(pictures(checker.grading, None, topics()["softmax"]))
    checker.close()


def test_a_page_escapes_what_it_is_given():
    text = page("<i>", {"A & B": []})
    assert "&lt;i&gt;" in text
    assert "A &amp; B" in text
