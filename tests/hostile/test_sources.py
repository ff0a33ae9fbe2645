"""Source files against the driver, which parses them: no text costs it more than a bounded time, or its life."""

import ast
import tracemalloc
import warnings

import pytest

from katagrad.course.contents import Contents
from katagrad.course.locate import locate
from katagrad.errors import SubmissionProblem
from katagrad.grading import parsing, scratch
from katagrad.grading.parsing import MOST, MOST_TOGETHER, count, tree_of
from katagrad.grading.scratch import breaches
from katagrad.grading.submission import Submission
from katagrad.topics import root, topics

TOPIC = topics()["softmax"]
SOLUTION = (root() / "solutions" / "torch" / "softmax.py").read_bytes()
DEEP = b"x = " + b"-" * 100_000 + b"1\n"
# Encodings that Python knows, but not for a file's text, or that raise errors of their own.
CODECS = ("rot13", "hex", "zlib", "base64", "undefined", "punycode")


def source(**files):
    named = {f"{name}.py": content for name, content in files.items()}
    return Submission(TOPIC.contract.parent / "none", None, named).source(TOPIC)


@pytest.mark.parametrize("codec", CODECS)
def test_an_encoding_that_is_none_of_text_is_one_line(codec):
    made = source(softmax=f"# coding: {codec}\n".encode() + SOLUTION)
    assert made.known_framework is None
    with pytest.raises(SubmissionProblem) as told:
        made.ready()
    assert f"says that it is saved as {codec}" in str(told.value)
    assert len(str(told.value).splitlines()) == 1
    helped = source(softmax=b"import own\n" + SOLUTION, own=f"# coding: {codec}\n\xe9".encode())
    assert helped.known_framework == "torch"
    assert helped.breaches() == []


def test_a_helper_that_nests_too_deep_costs_its_import_alone():
    made = source(softmax=b"import own\n" + SOLUTION, own=DEEP)
    assert made.known_framework == "torch"
    assert made.breaches() == []


def test_a_file_of_millions_of_statements_is_not_parsed(monkeypatch):
    monkeypatch.setattr(parsing.ast, "parse", lambda _: pytest.fail("it was parsed"))
    large = b"a;" * (MOST // 2 + 1)
    for text in (large, "a.b" * MOST, "--1," * MOST, b"# coding: utf-7\n" + b"+AGEAOw-" * MOST):
        with pytest.raises(SubmissionProblem, match="too many to be graded; keep data in a file"):
            tree_of(text, "softmax.py")
    with pytest.raises(SubmissionProblem, match=r"^own\.py holds more"):
        breaches(large, "own.py", ["torch.softmax"])


def test_many_helpers_together_are_not_parsed(monkeypatch):
    part = b"a;" * (MOST // 2 - 1)
    more = {f"own_{i}": part for i in range(MOST_TOGETHER // MOST + 1)}
    text = b"import " + ",".join(more).encode() + b"\n" + SOLUTION
    parsed = []
    plain = parsing.ast.parse
    monkeypatch.setattr(parsing.ast, "parse", lambda text: parsed.append(len(text)) or plain(text))
    made = source(softmax=text, **more)
    assert made.known_framework == "torch"
    with pytest.raises(SubmissionProblem, match="hand in without packages"):
        made.breaches()
    found = locate(Contents({f"{name}.py": part for name in more}), ["softmax"])
    assert "expected softmax.py" in found.problem
    assert max(parsed) < 2 * len(text)


def test_the_bound_is_on_what_costs_and_not_on_text():
    weights = b'DATA = "' + b"QUJDRA" * 500_000 + b'"\n# ' + b"words " * 10_000 + b"\n"
    assert source(softmax=SOLUTION + weights).known_framework == "torch"
    assert count("a;" * 10, 5) == 6


def test_a_syntax_tree_is_as_small_as_the_bound_assumes():
    text = "a;" * 20_000
    tracemalloc.start()
    tree = tree_of(text, "softmax.py")
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert tree.body
    assert used / count(text) < 1000


def test_a_long_chain_of_attributes_is_read_once():
    chain = "import torch\nx = torch" + ".softmax" * 900 + "\n"
    found = breaches(chain, "softmax.py", ["torch.softmax"])
    assert [str(one) for one in found] == ["softmax.py:2 uses torch.softmax"]
    longest = ast.parse(chain).body[1].value
    assert scratch._dotted(longest, {"torch": "torch"}) is None


def test_warnings_about_a_strangers_text_are_not_printed():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        tree_of("x = '\\\x1b'\ny = 1if x else 2\n", "softmax.py")
    assert seen == []
