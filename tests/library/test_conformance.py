"""The battery passes what is right, and names each breach; the submissions are named after their fault."""

from pathlib import Path

import numpy as np
import pytest

from katagrad.authoring import traces
from katagrad.authoring.conformance import RULES, anew, conform
from katagrad.authoring.expect import integers, normal
from katagrad.boundary.implementation import exact
from katagrad.boundary.probing import Found
from katagrad.errors import Failure, NotStarted
from katagrad.topics import read_toml, root
from katagrad.worker.tree import FORMS as WIRE_FORMS

FRAMEWORKS = [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("torch", "tensorflow")]


def scale(x, factor=2.0, shift=0.0):
    return factor * (x - x.mean(1, keepdims=True)) + shift


def pick(x, labels):
    return x[np.arange(len(x)), labels]


CALLS = {
    "scale": lambda impl, **o: conform(
        impl, "scale", [normal(6, 4)], {"shift": 0.5}, expected=scale, rows=[0], rowwise=True, empty=True,
        large=[0], **o),
    "pick": lambda impl, **o: conform(
        impl, "pick", [normal(6, 4), integers(4, 6)], expected=pick, rows=[0, 1], empty=True, **o),
    "pick in training": lambda impl, **o: conform(
        impl, "pick", [normal(6, 4), integers(4, 6)], expected=pick, changes=[0], **o),
    "noise": lambda impl, **o: conform(impl, "noise", [normal(6, 4), impl.rng()], **o),
    "both": lambda impl, **o: conform(impl, "both", [{"w": normal(2, 3), "b": normal(3)}], **o),
    "blend": lambda impl, **o: conform(impl, "blend", [normal(6, 4), normal(6, 4)], **o),
    "size": lambda impl, **o: conform(impl, "size", [normal(3, 4)], expected=lambda x: int(x.size), **o),
    "parts": lambda impl, **o: conform(impl, "parts", [normal(6, 4), 4], exhaust=True, **o),
    "add": lambda impl, **o: conform(impl, "add", [normal(6, 4)], on=anew("Mean", 1.5), **o),
}  # fmt: skip

FAULTS = read_toml(Path(__file__).parent / "submissions" / "made_up" / "faults.toml")
KNOWN = [
    pytest.param(fault, framework, marks=pytest.mark.needs(framework), id=f"{fault}-{framework}")
    for fault, about in FAULTS.items()
    for framework in ("torch", "tensorflow")
    if framework in about or "both" in about
]


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", CALLS)
def test_right_answers_pass(grade, framework, name):
    grade(framework, "", CALLS[name])


@pytest.mark.parametrize(("fault", "framework"), KNOWN)
def test_each_fault_is_named(grade, fault, framework):
    about = FAULTS[fault]
    change = about.get("both") or about[framework]
    options = {key: about[key] for key in ("variables",) if key in about}
    with pytest.raises(Failure) as caught:
        grade(framework, change, lambda impl: CALLS[about["function"]](impl, **options))
    message = str(caught.value)
    assert about["words"] in message
    assert message.splitlines()[-1].startswith(("See", "Also wrong"))
    assert "docs/contract.md" in message


@pytest.mark.parametrize(
    ("framework", "off"),
    [
        pytest.param("torch", "torch.set_grad_enabled(False)", marks=pytest.mark.needs("torch")),
        pytest.param(
            "tensorflow",
            "tf.config.run_functions_eagerly(True)",
            marks=pytest.mark.needs("tensorflow"),
        ),
        pytest.param(
            "tensorflow",
            "tf.config.experimental.enable_op_determinism()",
            marks=pytest.mark.needs("tensorflow"),
        ),
    ],
)
def test_a_setting_that_is_off_since_an_earlier_call_is_seen(grade, framework, off):
    change = f"""
old = scale
def scale(x, factor=2.0, shift=0.0):
    {off}
    return old(x, factor, shift)
"""

    def body(impl):
        impl.scale(normal(3, 4))
        CALLS["scale"](impl, only=["settings"])

    with pytest.raises(Failure, match="but should leave it at"):
        grade(framework, change, body)


@pytest.mark.needs("torch")
def test_a_wrong_formula_is_no_breach_of_the_words(grade):
    change = "old = scale\ndef scale(x, factor=2.0, shift=0.0): return old(x, factor, shift) + 1"
    with pytest.raises(Failure) as caught:
        grade("torch", change, CALLS["scale"])
    first, second = str(caught.value).splitlines()
    assert "but should be" in first
    assert second.startswith("The simplest call already gives wrong numbers: look at the formula")


# Moves the first argument by the second, as a step on data does; the data may not require gradients.
STEP = """
def blend(a, b):
    assert not b.requires_grad
    {change}
    return (a + 0.05 * b).detach()
"""


def blend_on_data(impl):
    conform(impl, "blend", [normal(6, 4), normal(6, 4)], data=[1])


@pytest.mark.needs("torch")
def test_data_require_no_gradients(grade):
    grade("torch", STEP.format(change=""), blend_on_data)
    grade("torch", STEP.format(change=""), lambda impl: conform(
        impl, "blend", [normal(6, 4)], {"b": normal(6, 4)}, data=["b"]))  # fmt: skip
    with pytest.raises(Failure, match="with tensors that require gradients, blend"):
        grade("torch", STEP.format(change=""), CALLS["blend"])


@pytest.mark.needs("torch")
def test_parameters_beside_data_do(grade):
    change = STEP.format(change="a.requires_grad_(False)")
    words = "with parameters that require gradients, blend.a, b. left a.requires_grad at False"
    with pytest.raises(Failure, match=words):
        grade("torch", change, blend_on_data)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_constants_may_have_been_float32(grade, framework):
    third = {
        "torch": "torch.tensor(1 / 3).to(x.dtype)",
        "tensorflow": "tf.cast(tf.constant(1 / 3), x.dtype)",
    }[framework]
    change = (
        "old = scale\ndef scale(x, factor=2.0, shift=0.0): "
        f"return old(x, factor, shift) * (3 * {third})"
    )
    grade(framework, change, CALLS["scale"])


FLOATS = {
    "torch": "float(({}).float().mean())",
    "tensorflow": "float(tf.reduce_mean(tf.cast({}, tf.float32)))",
}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_shares_may_be_counted_in_float32(grade, framework):
    change = f"def size(x): return {FLOATS[framework].format('x > 0')}"
    x = normal(1, 11)
    grade(
        framework,
        change,
        lambda impl: conform(impl, "size", [x], expected=lambda x: float((x > 0).mean())),
    )


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_other_floats_may_not_be_computed_in_float32(grade, framework):
    change = f"def size(x): return {FLOATS[framework].format('x * x')}"
    x = normal(1, 11)
    with pytest.raises(Failure, match="only the digits of float32"):
        grade(
            framework,
            change,
            lambda impl: conform(impl, "size", [x], expected=lambda x: float((x * x).mean())),
        )


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_stub_is_not_started(grade, framework):
    change = "def scale(x, factor=2.0, shift=0.0):\n    raise NotImplementedError('scale')"
    with pytest.raises(NotStarted):
        grade(framework, change, CALLS["scale"])


def test_unknown_rules_are_refused():
    with pytest.raises(AssertionError, match="no such rules"):
        conform(None, "scale", without=["dtypes"])


def test_large_numbers_need_an_oracle():
    with pytest.raises(AssertionError, match="needs an oracle"):
        conform(None, "scale", expected=np.ones(3), large=[0])


def test_a_parameter_that_a_model_makes_in_its_first_call_is_no_trace():
    grown = Found(after=(((0, 0), np.ones(3), {"requires_grad": True, "grad": None}),))
    assert traces.touched("f(model)", ["model"], ((anew("build", 3),), {}), grown, ()) == []
    moved = Found(before=(((0, 0), np.zeros(3), {}),), after=grown.after)
    (words,) = traces.touched("f(model)", ["model"], ((anew("build", 3),), {}), moved, ())
    assert words == "f(model) changed a parameter of model, which should be left as it was"


def test_a_model_that_a_call_froze_is_a_trace():
    weights = tuple(((0, i), np.ones(3), {}) for i in range(4))
    frozen = Found(before=weights, after=weights[:1])
    given = (anew("build", 3),), {}
    words = traces.touched("f(model)", ["model"], given, frozen, ())
    assert words[0].startswith("f(model) left 1 parameters of model that gradient descent may")
    assert traces.touched("f(model)", ["model"], given, frozen, [0]) == []


def test_every_rule_has_its_words():
    headings = {
        line.lstrip("# ").strip()
        for line in (root() / "docs" / "contract.md").read_text().splitlines()
        if line.startswith("## ")
    }
    assert set(RULES.values()) <= headings


FORMS = {
    "torch": {
        "plain": "torch.float64 True 0 False False",
        "transposed": "torch.float64 False 0 False False",
        "sliced": "torch.float64 False 8 False False",
        "leaf": "torch.float64 True 0 True True",
    },
    "tensorflow": {form: f"float64 {form == 'leaf'}" for form in WIRE_FORMS},
}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_tensors_take_every_form_and_dtype(grade, framework):
    def body(impl):
        array = np.arange(6.0).reshape(2, 3)
        assert {form: impl.told(exact(array, form)) for form in WIRE_FORMS} == FORMS[framework]
        for form in WIRE_FORMS:
            assert (impl.after("told", exact(array, form))[1][0] == array).all()
        for dtype in ("float16", "int8", "int16", "int32", "uint8", "bool"):
            assert dtype in impl.told(exact(array.astype(dtype)))

    grade(framework, "", body)
