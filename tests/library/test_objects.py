"""Objects that share settings or memory are told from those that do not."""

import numpy as np
import pytest

from katagrad.authoring.conformance import anew
from katagrad.authoring.objects import expect_apart
from katagrad.errors import Failure

FRAMEWORKS = [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("torch", "tensorflow")]
CALLS = [("add", (np.array([1.0, 2.0]),)), ("add", (np.array([4.0]),))]
# The total begins where that of the last object does; all objects have one total.
LAST = """
old = Mean.__init__
def new(self, start=0.0):
    old(self, start)
    Mean.total = self.__dict__.pop("total")
Mean.__init__ = new
"""
ONE = """
SUMS = [0.0]
def add(self, x):
    SUMS[0] = SUMS[0] + (x + self.total - self.total).numpy().sum()
    return x[0] * 0 + float(SUMS[0])
Mean.add = add
"""


def apart(impl):
    expect_apart(impl, [anew("Mean", 1.0), anew("Mean", start=20.0), anew("Mean")], CALLS)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_objects_that_share_nothing_pass(grade, framework):
    grade(framework, "", apart)


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("fault", [LAST, ONE])
def test_objects_that_share_a_value_fall(grade, framework, fault):
    with pytest.raises(Failure, match=r"the result of add, call 1 of Mean\(1.0\), used by turns"):
        grade(framework, fault, apart)
