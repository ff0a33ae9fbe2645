"""Functions of the grader in the worker."""

import pytest

from katagrad.authoring.companion import plant
from katagrad.authoring.expect import normal
from katagrad.errors import StudentError

SOURCE = """
def within(f, x):
    return f(x)

def fails(x):
    raise ValueError("no")
"""


@pytest.mark.needs("torch")
def test_what_a_function_of_the_grader_raises_is_not_named_as_the_students(grade):
    def body(impl):
        module = plant(impl, "within.py", SOURCE)
        module.within(module.get("fails"), normal(2, 3))

    with pytest.raises(
        StudentError, match=r"^the grader's within\.within raised ValueError: no"
    ) as caught:
        grade("torch", "", body)
    assert str(caught.value).endswith("called with a function, float32 (2, 3)")
