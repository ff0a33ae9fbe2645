"""What a student reads where a grader meets a result of another form."""

import pytest

from katagrad.errors import FAILED, NOT_GRADED
from katagrad.grading.blame import blame


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: {}["bias"], ": a dict has no 'bias' (the grader: KeyError: 'bias')"),
        (lambda: [][1], ": a list or a tensor is too short ("),
        (lambda: list(zip([1], [], strict=True)), ": a list is too long or too short ("),
        (lambda: [a for a, b in [(1, 2, 3)]], ": it holds another number of things ("),
        (lambda: None + 1, " describes (the grader: TypeError: "),
    ],
)
def test_a_wrong_form_is_named_in_words_of_the_stub(wrong, words):
    with pytest.raises((TypeError, ValueError, LookupError)) as caught:
        wrong()
    status, message = blame(caught.value)
    assert status == FAILED
    assert message.startswith("the result does not have the form that the stub describes")
    assert words in message


def test_other_faults_are_the_graders():
    assert blame(RuntimeError("x")) == (
        NOT_GRADED,
        "the grader itself failed (the grader: RuntimeError: x)",
    )
