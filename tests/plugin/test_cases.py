"""katagrad reads the marks of a check by itself where it grades courses; pytest reads them, too: both alike."""

import enum
import re
import types

import numpy as np
import pytest
from _pytest.skipping import evaluate_skip_marks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from katagrad.errors import NotGraded
from katagrad.grading.cases import HIDDEN, cases
from katagrad.grading.checks import _discover, manifest
from katagrad.topics import topics


class Colour(enum.Enum):
    RED = 1


def named():
    """A value with a name."""


FUNCTIONS = {
    (): lambda impl: None,
    ("a",): lambda impl, a: None,
    ("b",): lambda impl, b: None,
    ("a", "b"): lambda impl, a, b: None,
    ("a", "b", "c"): lambda impl, a, b, c: None,
}
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=5),
    st.text(min_size=98, max_size=103),
    st.binary(max_size=4),
    st.sampled_from([Colour.RED, re.compile("x+"), named, int, np.float64(0.5), np.int64(3)]),
)
values = st.one_of(
    scalars, st.lists(scalars, max_size=2), st.builds(np.zeros, st.integers(0, 2)), st.just({})
)
words = st.one_of(st.none(), st.text(max_size=4), st.sampled_from([HIDDEN]))
marks = st.lists(
    st.one_of(
        st.just(pytest.mark.skip(reason="x")),
        st.just(pytest.mark.grade(points=1)),
        st.booleans().map(lambda truth: pytest.mark.skipif(truth, reason="x")),
    ),
    max_size=2,
)
functions_of_ids = st.sampled_from([str, lambda value: None, lambda value: 7, lambda value: {}])


@st.composite
def parametrized(draw, names):
    """A mark `parametrize` of these arguments, in one of the forms that pytest knows."""
    forms = [", ".join(names), list(names), tuple(names), f"{','.join(names)},"]
    written = draw(st.sampled_from(forms))
    single = written == names[0]
    count = draw(st.integers(0, 4))
    chosen = []
    for _ in range(count):
        parts = [draw(values) for _ in names]
        plain = parts[0] if single else draw(st.sampled_from([list, tuple]))(parts)
        full = pytest.param(*parts, id=draw(words), marks=draw(marks))
        chosen.append(draw(st.sampled_from([plain, full])))
    ids = draw(
        st.one_of(
            st.none(),
            functions_of_ids,
            st.lists(
                st.one_of(words, st.integers(0, 2), st.booleans(), st.floats()),
                min_size=count,
                max_size=count + 1,
            ),
        )
    )
    options = {} if ids is None else {"ids": ids}
    if draw(st.booleans()):
        options["scope"] = "function"
    if draw(st.booleans()):
        return pytest.mark.parametrize(argnames=written, argvalues=chosen, **options)
    return pytest.mark.parametrize(written, draw(st.sampled_from([list, tuple]))(chosen), **options)


@st.composite
def graders(draw):
    """A module with one check, its marks stacked in any order, some of them the module's own."""
    groups = draw(
        st.sampled_from(
            [[], [("a",)], [("a", "b")], [("a",), ("b",)], [("b", "c"), ("a",)], [("a",), ("a",)]]
        )
    )
    taken = tuple(sorted({name for group in groups for name in group}))
    original = FUNCTIONS[taken]
    check = types.FunctionType(original.__code__, globals(), "test_it")
    stacked = [draw(parametrized(group)) for group in groups] + [pytest.mark.grade(points=2)]
    stacked += draw(marks)
    stacked = draw(st.permutations(stacked))
    module = types.ModuleType("grader")
    shared = draw(st.integers(0, len(stacked)))
    module.pytestmark = [mark.mark for mark in stacked[:shared]]
    check.pytestmark = [mark.mark for mark in stacked[shared:]]
    module.test_it = check
    module.__doc__ = repr(stacked)
    return module


class Given(pytest.Module):
    """A module that is there already."""

    def __init__(self, *, given, **kwargs):
        super().__init__(**kwargs)
        self.given = given

    def _getobj(self):
        return self.given


def by_pytest(session, path, module):
    """(name, arguments) of every case that pytest would run; words where it refuses the marks."""
    try:
        items = list(Given.from_parent(session, path=path, given=module).collect())
    except (pytest.fail.Exception, pytest.Collector.CollectError) as reason:
        return str(reason)
    found = []
    for item in items:
        if evaluate_skip_marks(item) is None:
            call = getattr(item, "callspec", None)
            found.append((call.id, dict(call.params)) if call else ("", {}))
    return found


def by_katagrad(module):
    try:
        (check,) = _discover("topic", module)
    except NotGraded as reason:
        return str(reason)
    return [(case.name, case.arguments) for case in check.cases]


@given(module=graders())
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.filterwarnings("ignore")
def test_both_readings_agree(request, tmp_path, module):
    theirs = by_pytest(request.session, tmp_path / "grader.py", module)
    ours = by_katagrad(module)
    assert isinstance(ours, str) == isinstance(theirs, str), (module.__doc__, ours, theirs)
    if not isinstance(ours, str):
        assert [name for name, _ in ours] == [name for name, _ in theirs]
        for (_, mine), (_, its) in zip(ours, theirs, strict=True):
            assert mine.keys() == its.keys()
            assert all(mine[key] is its[key] for key in mine)


@pytest.mark.parametrize("name", topics())
def test_both_readings_agree_on_every_grader(request, name):
    topic = topics()[name]
    module = types.ModuleType("grader")
    for check in manifest(topic, speed=True):
        setattr(module, check.name, check.function)
    items = list(Given.from_parent(request.session, path=topic.grader, given=module).collect())
    theirs = [(i.originalname, i.callspec.id if hasattr(i, "callspec") else "") for i in items]
    ours = [
        (check.name, case.name) for check in manifest(topic, speed=True) for case in check.cases
    ]
    assert ours == theirs


def refused(function, *stacked):
    with pytest.raises(NotGraded) as caught:
        cases(function, [mark.mark for mark in stacked], "the grader of x, test_it")
    return str(caught.value)


def test_what_needs_a_session_is_refused():
    mark = pytest.mark.parametrize
    one = FUNCTIONS["a",]
    assert "`indirect` needs fixtures" in refused(one, mark("a", [1], indirect=True))
    assert "`indirect` needs fixtures" in refused(one, mark("a", [1], indirect=["a"]))
    assert "there is no fixture 'a'" in refused(one)
    assert "names 'b', which the function does not take" in refused(one, mark("a, b", [(1, 2)]))
    assert "an iterator can be read only once" in refused(one, mark("a", iter([1])))
    assert "an iterator can be read only once" in refused(one, mark("a", [1], ids=iter("x")))
    assert "cannot be marked xfail" in refused(one, mark("a", [1]), pytest.mark.xfail)
    assert "give skipif a condition" in refused(one, mark("a", [1]), pytest.mark.skipif("True"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '@pytest.mark.parametrize("x", [1], indirect=True)\ndef test_y(impl, x): pass\n',
            "the grader of softmax, test_y: `indirect` needs fixtures",
        ),
        ("def test_y(impl, tmp_path): pass\n", "there is no fixture 'tmp_path'"),
        ("@pytest.fixture\ndef x(): pass\n", "the grader of softmax defines x"),
        ("class TestY:\n    def test_y(self, impl): pass\n", "the grader of softmax defines TestY"),
    ],
)
def test_pytest_refuses_it_with_the_same_line(workspace, text, words):
    grader = workspace.folder / "graders" / "softmax.py"
    grader.write_text(grader.read_text() + "\n\n" + text)
    output = workspace.run("graders/softmax.py", "--submission", "exercises", expect=2)
    assert words in output
    assert "Traceback" not in output


def test_a_check_that_is_skipped_earns_nothing(workspace):
    grader = workspace.folder / "graders" / "softmax.py"
    mark = "@pytest.mark.skip(reason='later')\n@pytest.mark.grade(points=3)\n"
    grader.write_text(grader.read_text() + f"\n\n{mark}def test_y(impl):\n    pass\n")
    workspace.solve()
    *_, last = workspace.results("graders/softmax.py")["topics"]["softmax"]["checks"]
    assert (last["name"], last["status"], last["points"]) == ("test_y", "not reached", 0)
