"""Hidden checks of exercises/custom_layers.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.companion import plant
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.expect import (
    at_most,
    between,
    chance,
    close,
    dtype,
    equal,
    finite,
    from_scratch,
    holds,
    normal,
    opaque,
    raises,
    shape,
)
from katagrad.authoring.oracle import slopes

REGISTER = "Make parameters once: nn.Parameter in __init__, or add_weight in build."
LEADS = [(), (3,), (2, 3)]  # leading axes, put before n_in
# A layer that turns (B, T, n) into (B, 1, n), which broadcasts against its input.
MEAN = {
    "torch": """
import torch
class Mean(torch.nn.Module):
    def forward(self, x):
        return x.mean(dim=1, keepdim=True)
""",
    "tensorflow": """
import keras
class Mean(keras.layers.Layer):
    def call(self, x):
        return keras.ops.mean(x, axis=1, keepdims=True)
""",
}


# A caller's change of what get_config returned.
CHANGE = """
def change(layer, settings):
    given = layer.get_config()
    given.update(settings)
    return layer.get_config()
"""

USUAL = {"activation": "linear", "axis": -1, "eps": 1e-6, "gamma": 1.0}  # the defaults


def called(layer, x):
    """The layer after a call, in which it may have made its parameters."""
    layer(x)
    return layer


def held(impl, layer, names, of):
    """The parameters of a layer that has been called, by name."""
    layers = impl.layers(layer)
    found = {
        key: value for one in layers for key, value in one.items() if key not in ("name", "type")
    }
    equal(sorted(found), sorted(names), of=f"the names of the parameters and buffers of {of}")
    return found


def dense(x, kernel, bias, activation="linear"):
    act = {"linear": lambda z: z, "relu": lambda z: np.maximum(z, 0), "tanh": np.tanh}[activation]
    return act(x @ kernel + bias)


def normalize(x, axis=-1, eps=1e-6):
    return x / np.maximum(np.sqrt((x**2).sum(axis=axis, keepdims=True)), eps)


def rbf(x, centres, gamma=1.0):
    return np.exp(-gamma * ((x[..., None, :] - centres) ** 2).sum(-1))


@pytest.mark.grade(points=1)
@pytest.mark.parametrize(
    "layer",
    [anew("Dense", 5, 3, "tanh"), anew("L2Normalize"), anew("RBF", 5, 4, 0.5)],
    ids=["Dense", "L2Normalize", "RBF"],
)
def test_layers_keep_the_contracts_words(impl, layer):
    """the layers keep what docs/contract.md says of every function"""
    options = {"rows": [0], "rowwise": True, "seeded": True}
    # The parameters are float32, and so are the inputs.
    conform(impl, "__call__", [normal(4, 5)], on=layer, without=["float64", "digits"], **options)


@pytest.mark.grade(points=2, hint=REGISTER)
@pytest.mark.parametrize("activation", ["linear", "relu", "tanh"])
@pytest.mark.parametrize("lead", [(4,), (1,), (2, 3), ()])
def test_dense_multiplies_and_adds(impl, activation, lead):
    """Dense is activation(x @ kernel + bias), whatever the leading axes"""
    x, kernel, bias = normal(*lead, 5), normal(5, 3), normal(3)
    layer = impl.Dense(5, 3, activation)
    layer(x)
    impl.assign(layer, [{"kernel": kernel, "bias": bias}])
    result = layer(x)
    dtype(result, "float32", of="Dense(5, 3)(x)")
    close(
        result,
        dense(x, kernel, bias, activation),
        of=f"Dense(5, 3, {activation!r})(x) of an input {x.shape}",
        mistakes={
            "the layer without activation": dense(x, kernel, bias),
            "the layer without bias": dense(x, kernel, 0, activation),
        },
    )
    large = 2.0**20 * x
    of = f"Dense(5, 3, {activation!r})(x) of numbers of about a million"
    # Where terms of about a million cancel, float32 leaves the rounding of the terms. tanh has none.
    room = 1e-6 * float((np.abs(large) @ np.abs(kernel)).max()) if activation != "tanh" else None
    close(layer(large), dense(large, kernel, bias, activation), of=of, atol=room)


@pytest.mark.grade(points=2, hint=REGISTER)
def test_dense_registers_its_parameters(impl):
    """Dense holds one kernel, uniform at its scale, and one bias of zero, and makes no more in later calls"""
    layer, x = impl.Dense(300, 200), normal(2, 300)
    first = layer(x)
    found = held(impl, layer, ["kernel", "bias"], "Dense(300, 200)")
    shape(found["kernel"], (300, 200), of="the kernel of Dense(300, 200)")
    dtype(found["kernel"], "float32", of="the kernel of Dense(300, 200)")
    close(found["bias"], np.zeros(200), of="the bias of a new Dense(300, 200)")
    limit = np.sqrt(6 / 500)
    at_most(float(np.abs(found["kernel"]).max()), limit * (1 + 1e-6), of="the largest |weight|")
    between(float(found["kernel"].std() / limit), 0.565, 0.59, of="std / a of the kernel")
    between(float(found["kernel"].mean() / limit), -0.013, 0.013, of="mean / a of the kernel")
    close(layer(x), first, of="a second call of the same layer", rtol=1e-6)
    sizes = sorted(p.size for p in impl.parameters(layer))
    equal(sizes, [200, 60_000], of="the sizes of the trainable parameters after two calls")
    other = held(impl, called(impl.Dense(300, 200), x), ["kernel", "bias"], "Dense(300, 200)")
    holds((other["kernel"] != found["kernel"]).any(), "two layers were given the same kernel")


@pytest.mark.grade(points=1)
def test_dense_refuses_unknown_activations(impl):
    """an unknown activation is a ValueError"""
    for activation in ("cubic", "sigmoid", "selu", "elu", "softmax", "Relu", "", None):
        with raises("ValueError", of=f"Dense(2, 3, {activation=})"):
            impl.Dense(2, 3, activation=activation)


@pytest.mark.grade(points=2, hint="Bound the norm from below by eps, not by adding eps.")
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_normalize_divides_by_the_norm(impl, axis):
    """L2Normalize divides by the norm along its axis, and by eps where the norm is smaller"""
    x = normal(3, 4, 2, scale=5.0)
    close(
        impl.L2Normalize(axis=axis)(x),
        normalize(x, axis),
        of=f"L2Normalize({axis=})(x)",
        mistakes={
            "x over the last axis": normalize(x),
            "x over its squared norm": x / (x**2).sum(axis, keepdims=True),
            "x over its sum of absolutes": x / np.abs(x).sum(axis, keepdims=True),
        },
    )
    layer = impl.L2Normalize()
    for lead in LEADS:
        x = normal(*lead, 2, scale=5.0)
        of = f"layer(x) of an input {x.shape}, where layer = L2Normalize() has had inputs of fewer axes"
        close(layer(x), normalize(x), of=of if lead else "L2Normalize()(x) of an input (2,)")
    small = np.array([[3e-3, 4e-3], [0.0, 0.0], [0.3, 0.4]])
    close(
        impl.L2Normalize(eps=0.1)(small),
        normalize(small, eps=0.1),
        of="L2Normalize(eps=0.1)(x)",
        mistakes={"x / (norm + eps)": small / (np.hypot(*small.T)[:, None] + 0.1)},
    )
    tiny = np.array([[3e-7, 4e-7], [3e-5, 4e-5]])
    close(impl.L2Normalize()(tiny), normalize(tiny), of="L2Normalize()(x) of norms 5e-7 and 5e-5")


@pytest.mark.grade(points=1, hint="The root's slope at 0 is infinite: bound the squares before it.")
def test_normalize_has_a_gradient_at_zero(impl):
    """gradients through L2Normalize are those of the formula, and finite for a row of zeros"""
    x, c = np.r_[normal(3, 4), np.zeros((1, 4))], normal(4, 4)
    layer = impl.L2Normalize()
    found = impl.grad(layer, x, cotangent=c)
    finite(found, of="d L2Normalize / d x with a row of zeros")
    y = normalize(x)
    norms = np.linalg.norm(x, axis=-1, keepdims=True)[:3]
    expected = (c - y * (c * y).sum(-1, keepdims=True))[:3] / norms
    close(found[:3], expected, of="d L2Normalize / d x", rtol=1e-3, atol=1e-4)


@pytest.mark.grade(points=2, hint="x[..., None, :] - centres has the shape (..., n_out, n_in).")
@pytest.mark.parametrize("gamma", [1.0, 0.3])
@pytest.mark.parametrize("lead", [(4,), (1,), (2, 3), ()])
def test_rbf_measures_distances(impl, gamma, lead):
    """RBF is exp(-gamma * squared distance) to each centre"""
    x, centres = normal(*lead, 3, scale=0.5), normal(5, 3, scale=0.5)
    layer = impl.RBF(3, 5) if gamma == 1.0 else impl.RBF(3, 5, gamma)
    layer(x)
    impl.assign(layer, [{"centres": centres}])
    distance = np.sqrt(((x[..., None, :] - centres) ** 2).sum(-1))
    close(
        layer(x),
        rbf(x, centres, gamma),
        of=f"RBF(3, 5, {gamma=})(x) of an input {x.shape}",
        mistakes={
            "exp(-gamma * distance), not squared": np.exp(-gamma * distance),
            "RBF with gamma 1": rbf(x, centres),
            "a Gaussian of width gamma": np.exp(-(distance**2) / (2 * gamma**2)),
        },
    )


@pytest.mark.grade(
    points=1,
    hint="Take the difference of x and each centre before the square: squares of large numbers lose digits.",
)
def test_rbf_is_exact_far_from_zero(impl):
    """points near 1,000 have the distances to centres beside them that points near 0 have"""
    # Of more than 25 rows and centres, torch.cdist takes the distances from products.
    for rows, count in ((5, 4), (40, 30)):
        centres = np.float32(1000.0 + normal(count, 3, scale=0.5)).astype(float)
        x = np.float32(1000.0 + normal(rows, 3, scale=0.5)).astype(float)
        layer = called(impl.RBF(3, count), x)
        impl.assign(layer, [{"centres": centres}])
        of = f"RBF(3, {count})(x) of {rows} rows of x and centres near 1000"
        close(layer(x), rbf(x, centres), of=of, rtol=1e-3)
    # Around the mean of such centres, too, the squares are large.
    centres[: count // 2] = np.float32(normal(count // 2, 3))
    impl.assign(layer, [{"centres": centres}])
    of = f"RBF(3, {count})(x) of x near 1000, half of the centres near 1000 and half near 0"
    close(layer(x), rbf(x, centres), of=of, rtol=1e-3)


@pytest.mark.grade(points=1, hint=REGISTER)
def test_rbf_registers_its_centres(impl):
    """RBF holds its centres, drawn from a standard normal distribution, and nothing else"""
    x = normal(2, 100)
    layer = called(impl.RBF(100, 300, 0.5), x)
    centres = held(impl, layer, ["centres"], "RBF(100, 300)")["centres"]
    shape(centres, (300, 100), of="the centres of RBF(100, 300)")
    dtype(centres, "float32", of="the centres of RBF(100, 300)")
    # 30,000 draws: five standard errors of a mean and of a deviation.
    between(float(centres.mean()), -0.029, 0.029, of="the mean of the centres")
    between(float(centres.std()), 0.979, 1.021, of="the deviation of the centres")
    share = float((np.abs(centres) > 2).mean())
    chance(share, 0.0455003, centres.size, of="the share of centres beyond two standard deviations")
    equal(len(impl.parameters(layer)), 1, of="the number of trainable parameters of RBF")
    other = held(impl, called(impl.RBF(100, 300), x), ["centres"], "RBF(100, 300)")["centres"]
    holds((other != centres).any(), "two layers were given the same random centres")


@pytest.mark.grade(
    points=2, hint="Keep inner as an attribute, so that its parameters are registered."
)
def test_residual_adds_its_input(impl):
    """Residual is x + inner(x), and its parameters are those of inner"""
    x, kernel, bias = normal(4, 3), normal(3, 3), normal(3)
    inner = impl.Dense(3, 3, "tanh")
    layer = called(impl.Residual(inner), x)
    impl.assign(inner, [{"kernel": kernel, "bias": bias}])
    expected = x + dense(x, kernel, bias, "tanh")
    close(
        layer(x),
        expected,
        of="Residual(Dense(3, 3))(x)",
        mistakes={"inner(x) without x": expected - x, "twice x": 2 * x},
    )
    equal(sorted(p.size for p in impl.parameters(layer)), [3, 9], of="the sizes of its parameters")
    if impl.framework == "torch":
        # Without duplicates, as above, a parameter with two names would count once.
        named = [name for name, _ in layer.named_parameters(remove_duplicate=False)]
        of = "how many names the two parameters of Residual(Dense(3, 3)) have"
        equal(len(named), 2, of=of)
    twice = called(impl.Residual(impl.Residual(inner)), x)
    close(twice(x), x + expected, of="Residual(Residual(inner))(x)")
    plain = impl.Residual(impl.L2Normalize())
    close(plain(x), x + normalize(x), of="Residual(L2Normalize())(x)")


@pytest.mark.grade(points=1)
def test_residual_refuses_other_shapes(impl):
    """an inner layer that changes the shape is a ValueError, even where it would broadcast"""
    for n_out in (2, 1):
        with raises("ValueError", of=f"Residual(Dense(3, {n_out}))(x)"):
            impl.Residual(impl.Dense(3, n_out))(normal(4, 3))
    flat = impl.sequential("flatten")
    with raises("ValueError", of="Residual of a layer that turns (2, 3, 4) into (2, 12)"):
        impl.Residual(flat)(normal(2, 3, 4))
    mean = plant(impl, "mean.py", MEAN[impl.framework]).get("Mean")()
    with raises("ValueError", of="Residual of a layer that turns (2, 3, 4) into (2, 1, 4)"):
        impl.Residual(mean)(normal(2, 3, 4))


@pytest.mark.grade(
    points=1, hint="Store the settings in self, and return them by the constructor's names."
)
@pytest.mark.parametrize(
    ("name", "settings", "others"),
    [
        (
            "Dense",
            {"n_in": 3, "n_out": 4, "activation": "tanh"},
            {"n_in": 2, "n_out": 5, "activation": "relu"},
        ),
        # Numbers that float32 rounds.
        ("L2Normalize", {"axis": 0, "eps": 0.3}, {"axis": 1, "eps": 0.25}),
        (
            "RBF",
            {"n_in": 3, "n_out": 4, "gamma": 0.3},
            {"n_in": 2, "n_out": 5, "gamma": 0.5},
        ),
    ],
)
def test_layers_are_restored_from_their_config(impl, name, settings, others):
    """get_config names every setting, and a layer made from it with the same parameters is the same function"""
    x = normal(3, 3)
    layer = called(impl.call(name, **settings), x)
    config = layer.get_config()
    found = {key: config.get(key, "(missing)") for key in settings}
    equal(found, settings, of=f"the settings in {name}(...).get_config()")
    twin = called(impl.call(name, **config), x)
    if impl.framework == "tensorflow":
        frozen = impl.call(name, **config | {"trainable": False, "name": "mine"}).get_config()
        for key, value in {"trainable": False, "name": "mine"}.items():
            equal(frozen.get(key), value, of=f"{name}(..., {key}={value!r}).get_config()[{key!r}]")
    values = impl.layers(layer)
    if values:
        differ = [
            (a != b).any()
            for a, b in zip(impl.parameters(layer), impl.parameters(twin), strict=True)
        ]
        holds(any(differ), f"two layers {name} of one config have the same random parameters")
        before = layer(x)
        impl.assign(twin, [_zeros(one) for one in values])
        close(layer(x), before, of=f"a {name} after another's parameters were set", rtol=1e-6)
        impl.assign(twin, values)
    close(twin(x), layer(x), of=f"a {name} made from the config of another", rtol=1e-6)
    usual = {key: USUAL.get(key, value) for key, value in settings.items()}
    config = impl.call(name, **{key: usual[key] for key in usual if key not in USUAL}).get_config()
    found = {key: config.get(key, "(missing)") for key in usual}
    equal(found, usual, of=f"the settings in get_config() of a {name} made with the defaults")
    changed = plant(impl, "change.py", CHANGE).change(layer, others)
    found = {key: changed.get(key, "(missing)") for key in settings}
    of = f"the settings in {name}(...).get_config() after a caller changed the dict of an earlier call"
    equal(found, settings, of=of)
    other = impl.call(name, **others)
    for one, own in ((other, others), (layer, settings)):
        again = one.get_config()
        found = {key: again.get(key, "(missing)") for key in own}
        equal(found, own, of=f"the settings in get_config() of one of two layers {name}")


def _zeros(layer):
    return {key: 0 * value for key, value in layer.items() if key not in ("name", "type")}


@pytest.mark.grade(points=1, hint="Write y = x * 2, never x *= 2.")
def test_layers_leave_their_input_alone(impl):
    """no layer changes the tensor that it is given"""
    x = called(impl.Dense(4, 4), normal(3, 4))(normal(3, 4), returns=opaque)
    before = x.fetch()
    for name, layer in {
        "Dense": impl.Dense(4, 4, "relu"),
        "L2Normalize": impl.L2Normalize(),
        "RBF": impl.RBF(4, 4),
        "Residual": impl.Residual(impl.Dense(4, 4)),
        # It returns its input, to which x is added then.
        "Residual of a layer that flattens (3, 4)": impl.Residual(impl.sequential("flatten")),
    }.items():
        layer(x)
        close(x.fetch(), before, of=f"the input of {name} after the call", rtol=0, atol=0)


# -- the model -------------------------------------------------------------------------------------


def forward(p, x):
    """The model's output in float64. p: kernel, bias, of the three Dense layers, and the centres."""
    h = dense(normalize(x), *p[0], "relu")
    h = h + dense(h, *p[1], "tanh")
    return dense(rbf(h, p[2]), *p[3])


# The parameters of the model, in the order of its layers.
NAMES = [
    "first kernel",
    "first bias",
    "kernel inside of Residual",
    "bias inside of Residual",
    "centres",
    "last kernel",
    "last bias",
]


def filled(impl, n_in=5, hidden=6, k=3):
    """A model whose parameters the grader knows; returns (model, parameters)."""
    model = called(impl.build(n_in, hidden, k), normal(2, n_in))
    p = [
        (normal(n_in, hidden), normal(hidden, scale=0.3)),
        (normal(hidden, hidden, scale=0.5), normal(hidden, scale=0.3)),
        normal(hidden, hidden, scale=0.5, shift=0.5),
        (normal(hidden, k), normal(k)),
    ]
    values = [
        {"centres": one} if isinstance(one, np.ndarray) else dict(zip(("kernel", "bias"), one, strict=True))
        for one in p
    ]  # fmt: skip
    impl.assign(model, values)
    return model, p


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("batch", [1, 7])
def test_build_stacks_the_layers(impl, batch):
    """build gives the network of the stub: the same numbers from given parameters, for any batch"""
    model, p = filled(impl)
    x = normal(batch, 5, scale=4.0)
    close(
        model(x), forward(p, x), of=f"build(5, 6, 3)(x) of a batch of {batch}", rtol=1e-3, atol=1e-4
    )
    sizes = sorted(w.size for w in impl.parameters(model))
    equal(sizes, sorted([30, 6, 36, 6, 36, 18, 3]), of="the sizes of the model's parameters")
    if impl.framework == "torch":  # a model of Keras may have an Input of the shape (n_in,)
        for x in (normal(batch, 3, 5, scale=4.0), normal(5, scale=4.0)):
            of = f"build(5, 6, 3)(x) of an input {x.shape}"
            close(model(x), forward(p, x), of=of, rtol=1e-3, atol=1e-4)


@pytest.mark.grade(points=2, hint=REGISTER)
def test_gradients_reach_every_parameter(impl):
    """gradients with a random cotangent arrive at every parameter, and equal central differences"""
    model, p = filled(impl)
    x, c = normal(4, 5), normal(4, 3)
    found = impl.grad(model, x, wrt=model, cotangent=c)
    flat = [w for one in p for w in ((one,) if isinstance(one, np.ndarray) else one)]
    expected = [slopes(lambda: (forward(p, x) * c).sum(), w) for w in flat]
    equal(len(found), 7, of="the number of gradients")
    # A layer may register its bias before its kernel: a parameter is known by its values.
    order = [_nearest(value, flat) for value in impl.parameters(model)]
    equal(sorted(order), list(range(7)), of="which of the seven parameters were found again")
    for i, g in zip(order, found, strict=True):
        of = f"the gradient of the model's {NAMES[i]}"
        close(g, expected[i], of=of, rtol=2e-3, atol=5e-4)


def _nearest(value, known):
    """The place in `known` of the array of this shape that differs least from `value`."""
    alike = [i for i, one in enumerate(known) if one.shape == np.shape(value)]
    return min(alike, key=lambda i: np.abs(value - known[i]).max(), default=-1)


@pytest.mark.grade(points=1)
def test_layers_are_written_from_scratch(impl):
    """the layers are written from operations and parameters"""
    from_scratch(impl, "Dense", "L2Normalize", "RBF", "Residual", "build")
