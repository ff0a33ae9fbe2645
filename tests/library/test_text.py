"""Text of strangers: no character of it steers a terminal, and no line of it can be taken for one of ours."""

import csv
import io

from hypothesis import example, given
from hypothesis import strategies as st

from katagrad.text import MARK, cell, hanging, one_line, quoted, visible

ANY = st.text(st.characters())
FORGED = "=== 16 passed in 0.01s ==="
BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


@given(ANY)
@example(f"x\n{FORGED}")
@example("x\r::error::gone")
@example("\x1b[2J\u202e\ud800")
def test_every_line_that_a_stranger_begins_bears_the_mark(text):
    first, *more = hanging(text).splitlines() or [""]
    assert all(line.startswith(MARK) for line in more)
    assert first == (visible(text).split("\n")[0])
    assert all(line.startswith(MARK) for line in quoted(text))


@given(ANY)
@example(f"ada{BREAKS}{FORGED}")
def test_one_line_is_one_line_of_printable_characters(text):
    shown = one_line(text)
    assert len(shown.splitlines()) <= 1
    assert shown.isprintable()
    shown.encode("utf-8")


@given(ANY)
@example("##vso[task.setvariable]x")
@example("####[error]x")
def test_no_log_obeys_a_command(text):
    assert "##[" not in visible(text)
    assert "##vso[" not in visible(text)


@given(ANY)
@example("x\n| y\n  z")
def test_shown_once_is_shown_twice(text):
    assert hanging(hanging(text, 10**6), 10**6) == hanging(text, 10**6)
    assert visible(visible(text, 10**6), 10**6) == visible(text, 10**6)


@given(st.lists(ANY, min_size=1, max_size=3))
@example(["=1+1", "\n=1+1", "\uff1d1+1"])
@example(["@cmd", "+x", "-x"])
@example(['a","b', "\r\nmallory,100"])
def test_a_row_stays_one_row_without_formulas(texts):
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow([cell(text) for text in texts])
    assert len(file.getvalue().splitlines()) == 1
    (row,) = csv.reader(io.StringIO(file.getvalue()))
    assert len(row) == len(texts)
    assert all(shown[:1] not in tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n") for shown in row)


def test_a_semicolon_begins_no_formula():
    """Where a comma is the decimal sign, spreadsheets split the same file at semicolons."""
    assert cell('Ann; =HYPERLINK("x")') == 'Ann; \'=HYPERLINK("x")'
    assert cell("a;-1;+2;@x") == "a;'-1;'+2;'@x"
    assert cell("it equals x; work on a copy") == "it equals x; work on a copy"


def test_text_that_harms_nobody_is_left_alone():
    for text in ("softmax(x)[0, 1] is 0.21", "Größe: 3 x 4", "José", "a\tb", "# comment [1]"):
        assert visible(text) == hanging(text) == text
        assert cell(text) == text or "\t" in text
