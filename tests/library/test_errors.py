"""Messages of exceptions: short, and with what matters."""

from katagrad.errors import SHOWN_DETAIL, StudentError, shortened


def test_a_long_message_keeps_its_beginning_and_its_last_line():
    detail = (
        "Exception encountered when calling Dense.call().\n"
        + "noise " * 200
        + "\ncause: 3 is not 4"
    )
    shown = shortened(detail)
    assert shown.startswith("Exception encountered when calling")
    assert shown.endswith(" ...\ncause: 3 is not 4")
    assert len(shown) < SHOWN_DETAIL + 10
    assert "cause: 3 is not 4" in str(StudentError("f(x)", "ValueError", [], detail, []))


def test_the_arguments_of_a_call_stand_behind_its_lines():
    error = StudentError("f", "ValueError", [], "why", [("f.py", 3, "f", "raise ...")])
    words = (
        "f raised ValueError: why\n  f.py:3 in f: raise ...\n  called with float32 (2, 3), axis=0"
    )
    assert str(error.with_arguments("float32 (2, 3), axis=0")) == words
    rule = StudentError("f", "FromScratchRule", [], "why", [])
    assert str(rule.with_arguments("x")) == "f raised FromScratchRule: why"


def test_a_last_line_without_end_is_cut_too():
    assert len(shortened("a" * 10_000)) < SHOWN_DETAIL + 20
    assert shortened("short") == "short"
