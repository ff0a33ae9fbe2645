"""Hidden checks of exercises/gan.py. Networks are lists of layers {"kernel", "bias"} here."""

from itertools import pairwise

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_least,
    at_most,
    between,
    close,
    equal,
    finite,
    generator,
    holds,
    normal,
    number,
    random_seed,
    shape,
)
from katagrad.authoring.independence import uncorrelated
from katagrad.authoring.influence import each_matters
from katagrad.authoring.states import expect_frozen, old_gradients
from katagrad.authoring.structure import losses, pair
from katagrad.authoring.threshold import Threshold
from katagrad.boundary import probing

NAMES = ("generator", "discriminator")
HISTORY = ("discriminator losses", "generator losses")
STABLE = "-log p is softplus(-logit), and -log(1 - p) is softplus(logit)."
WHOSE = (
    "The gradient is by the parameters of one model alone; the optimizer has those of that model."
)
CLEAR = "In PyTorch, backward() adds to the gradients that are there, of both models."
FRESH = "Draw rows and noise inside the loop: the rows once, and the noise twice, for each step."
SLOPES = {"generator": 0.0, "discriminator": 0.2}
RATE, BETA = 0.01, 0.9


# -- oracle ----------------------------------------------------------------------------------------


def softplus(x):
    return np.logaddexp(0.0, x)


def sigmoid(x):
    return np.exp(-softplus(-x))


def forward(layers, x, slope):
    """(the input of every layer, the result) of dense layers with leaky ReLU between them."""
    inputs = [x]
    for layer in layers[:-1]:
        x = inputs[-1] @ layer["kernel"] + layer["bias"]
        inputs.append(np.where(x > 0, x, slope * x))
    return inputs, inputs[-1] @ layers[-1]["kernel"] + layers[-1]["bias"]


def backward(layers, inputs, signal, slope):
    """(gradients by kernel and bias of each layer, the gradient by x), from that by the result."""
    found = []
    for i in range(len(layers) - 1, -1, -1):
        found.insert(0, {"kernel": inputs[i].T @ signal, "bias": signal.sum(0)})
        signal = signal @ layers[i]["kernel"].T
        if i:
            signal = signal * np.where(inputs[i] > 0, 1.0, slope)
    return found, signal


def makes(layers, z):
    return forward(layers, z, SLOPES["generator"])[1]


def judges(layers, x):
    return forward(layers, x, SLOPES["discriminator"])[1]


def discriminator_loss(real, fake):
    return softplus(-real).mean() + softplus(fake).mean()


def generator_loss(fake):
    return softplus(-fake).mean()


def discriminator_slopes(made, judge, real, z):
    """(the loss, its gradient by the discriminator)."""
    rows = np.concatenate([real, makes(made, z)])
    inputs, logits = forward(judge, rows, 0.2)
    signal = sigmoid(logits)
    signal[: len(real)] = (signal[: len(real)] - 1) / len(real)
    signal[len(real) :] /= len(z)
    loss = discriminator_loss(logits[: len(real)], logits[len(real) :])
    return loss, backward(judge, inputs, signal, 0.2)[0]


def generator_slopes(made, judge, z):
    """(the loss, its gradient by the generator)."""
    inputs, rows = forward(made, z, 0.0)
    middle, logits = forward(judge, rows, 0.2)
    signal = backward(judge, middle, (sigmoid(logits) - 1) / len(z), 0.2)[1]
    return generator_loss(logits), backward(made, inputs, signal, 0.0)[0]


class Adam:
    """Adam with beta1 0 and beta2 0.9 on a list of layers."""

    def __init__(self, lr, epsilon=1e-7):
        self.lr, self.epsilon, self.steps, self.squares = lr, epsilon, 0, {}

    def moved(self, layers, slopes):
        self.steps += 1
        found = []
        for i, (layer, slope) in enumerate(zip(layers, slopes, strict=True)):
            new = {}
            for key, g in slope.items():
                v = BETA * self.squares.get((i, key), 0.0) + (1 - BETA) * g**2
                self.squares[i, key] = v
                root = np.sqrt(v / (1 - BETA**self.steps))
                new[key] = layer[key] - self.lr * g / (root + self.epsilon)
            found.append(new)
        return found


class Game:
    """Both networks and their optimizers, in NumPy."""

    def __init__(self, made, judge, lr, epsilon=1e-7):
        self.made, self.judge = made, judge
        self.own, self.others = Adam(lr, epsilon), Adam(lr, epsilon)

    def discriminator_step(self, real, z):
        loss, slopes = discriminator_slopes(self.made, self.judge, real, z)
        self.judge = self.others.moved(self.judge, slopes)
        return loss

    def generator_step(self, z):
        loss, slopes = generator_slopes(self.made, self.judge, z)
        self.made = self.own.moved(self.made, slopes)
        return loss


def exact(impl, model, name):
    """The dense layers of a model, in float64."""
    layers = impl.layers(model)
    dense = all("kernel" in layer and "bias" in layer for layer in layers)
    holds(layers and dense, f"the {name} should consist of dense layers with bias")
    return [{k: np.asarray(layer[k], np.float64) for k in ("kernel", "bias")} for layer in layers]


def games(impl, noise, features, units, of):
    """The two models that `build` makes."""
    made, judge = pair(impl.build(noise, features, units), of, NAMES)
    return impl.fed(made, noise), impl.fed(judge, features)


def built(impl, *args):
    """(generator, discriminator, the layers of both), whose biases are not 0."""
    models = games(impl, *args, f"build{args}")
    both = []
    for model, name in zip(models, NAMES, strict=True):
        layers = [dict(layer) for layer in impl.layers(model)]
        for layer in layers:
            holds(
                "kernel" in layer and "bias" in layer,
                f"the {name} should be of dense layers with bias",
            )
            layer["kernel"] = normal(*layer["kernel"].shape, scale=0.7)
            layer["bias"] = normal(*layer["bias"].shape, scale=0.4)
        impl.assign(model, layers)
        both.append(exact(impl, model, name))
    return (*models, *both)


def flat(layers):
    return np.concatenate([np.ravel(layer[k]) for layer in layers for k in ("kernel", "bias")])


def same(impl, model, name, expected, of):
    close(
        flat(exact(impl, model, name)),
        flat(expected),
        of=f"the {name} after {of}",
        rtol=1e-6,
        atol=0,
    )


def moved(impl, model, name, expected, other, of):
    """Expect the parameters of `expected`, where epsilon does not decide: `other` has another one."""
    wanted, found = flat(expected), flat(exact(impl, model, name))
    found = np.where(np.abs(wanted - flat(other)) > 1e-4, wanted, found)
    close(found, wanted, of=f"the {name} after {of}", rtol=2e-3, atol=1e-3)


# -- losses ----------------------------------------------------------------------------------------


@pytest.mark.grade(points=2, hint=STABLE)
@pytest.mark.parametrize("rows", [(5, 5), (3, 7), (1, 1)])
def test_discriminator_loss_is_two_means(impl, rows):
    """the loss is the mean of -log p over the real rows plus that of -log(1 - p) over the others"""
    real, fake = normal(rows[0], 1, scale=2.0), normal(rows[1], 1, scale=2.0)
    mistakes = {
        "the loss with real and generated rows swapped": discriminator_loss(fake, real),
        "half of the right value": discriminator_loss(real, fake) / 2,
        "the sum": softplus(-real).sum() + softplus(fake).sum(),
        "the mean over all rows": np.concatenate([softplus(-real), softplus(fake)]).mean(),
        "the part of the real rows": softplus(-real).mean(),
    }
    of = f"discriminator_loss of {rows[0]} and {rows[1]} rows"
    close(impl.discriminator_loss(real, fake), discriminator_loss(real, fake), of=of,
          mistakes={k: v for k, v in mistakes.items() if rows != (1, 1)})  # fmt: skip


@pytest.mark.grade(points=2, hint=STABLE)
@pytest.mark.parametrize("rows", [6, 1])
def test_generator_loss_does_not_saturate(impl, rows):
    """the loss is the mean of -log p, not that of log(1 - p)"""
    fake = normal(rows, 1, scale=2.0)
    mistakes = {
        "the mean of log(1 - p), which saturates": -softplus(fake).mean(),
        "the mean of -log(1 - p)": softplus(fake).mean(),
    }
    found = impl.generator_loss(fake)
    close(found, generator_loss(fake), of="generator_loss(fake_logits)", mistakes=mistakes)


@pytest.mark.grade(points=2, hint=STABLE)
@pytest.mark.parametrize("size", [1.0, 90.0, 1000.0, 1e6])
def test_losses_stay_finite(impl, size):
    """losses and gradients are right for logits of any size"""
    real, fake = size * normal(4, 1), size * normal(3, 1)
    found = impl.discriminator_loss(real, fake)
    of = f"for logits of size {size:g}"
    close(found, discriminator_loss(real, fake), of=f"discriminator_loss {of}")
    close(impl.generator_loss(fake), generator_loss(fake), of=f"generator_loss {of}")
    first, second = impl.grad("discriminator_loss", real, fake, wrt=[0, 1], cotangent=np.array(1.5))
    for slopes in (first, second):
        finite(slopes, of=f"the gradient of discriminator_loss {of}")
    close(
        first,
        1.5 * (sigmoid(real) - 1) / 4,
        of=f"1.5 d discriminator_loss / d real_logits {of}",
        atol=1e-6,
    )
    close(
        second,
        1.5 * sigmoid(fake) / 3,
        of=f"1.5 d discriminator_loss / d fake_logits {of}",
        atol=1e-6,
    )
    slopes = impl.grad("generator_loss", fake, cotangent=np.array(1.5))
    close(
        slopes,
        1.5 * (sigmoid(fake) - 1) / 3,
        of=f"1.5 d generator_loss / d fake_logits {of}",
        atol=1e-6,
    )


@pytest.mark.grade(points=1)
def test_losses_keep_the_contracts_words(impl):
    """both losses keep what docs/contract.md says of every function, and all digits of float64"""
    conform(
        impl,
        "discriminator_loss",
        [normal(5, 1), normal(4, 1)],
        expected=lambda a, b: np.float64(discriminator_loss(a, b)),
    )
    conform(
        impl, "generator_loss", [normal(5, 1)], expected=lambda a: np.float64(generator_loss(a))
    )
    # A softplus that becomes a line too early is 3e-7 off here.
    far = np.array([[-15.0], [15.0], [0.5]])
    found = impl.float64.discriminator_loss(far, far[:2])
    expected = discriminator_loss(far, far[:2])
    close(found, expected, of="discriminator_loss of logits of 15 and -15 in float64")
    found = impl.float64.generator_loss(far)
    close(found, generator_loss(far), of="generator_loss of logits of 15 and -15 in float64")
    sure = np.array([[10.0], [12.0], [11.0]])
    found = impl.float64.discriminator_loss(sure, -sure)
    of = "of logits from 10 to 12 on the right side, in float64"
    close(found, discriminator_loss(sure, -sure), of=f"discriminator_loss {of}")
    close(impl.float64.generator_loss(sure), generator_loss(sure), of=f"generator_loss {of}")


# -- build -----------------------------------------------------------------------------------------


@pytest.mark.grade(points=3)
@pytest.mark.parametrize(
    ("noise", "features", "units"), [(3, 2, (7,)), (2, 4, (6, 5)), (5, 1, (4, 3, 6))]
)
def test_build_makes_two_networks(impl, noise, features, units):
    """dense layers of the asked widths; ReLU in the generator, leaky ReLU in the discriminator, nothing at the end"""
    of = f"build({noise}, {features}, {units})"
    models = games(impl, noise, features, units, of)
    ends = ((noise, features), (features, 1))
    for model, name, (first, last) in zip(models, NAMES, ends, strict=True):
        layers = exact(impl, model, name)
        widths = [first, *units, last]
        wanted = list(pairwise(widths))
        found = [layer["kernel"].shape for layer in layers]
        equal(found, wanted, of=f"the shapes of the kernels of the {name} of {of}")
        for rows in (6, 1):
            x = normal(rows, first, scale=4.0)
            slope = SLOPES[name]
            mistakes = {
                f"the result with a slope of {wrong:g}": forward(layers, x, wrong)[1]
                for wrong in (0.0, 0.01, 0.2, 0.3, 1.0)
                if wrong != slope
            }
            result = forward(layers, x, slope)[1]
            mistakes = {k: v for k, v in mistakes.items() if np.abs(v - result).max() > 1e-3}
            close(
                model(x),
                result,
                of=f"the {name} of {of} for {rows} rows",
                rtol=1e-3,
                mistakes=mistakes,
            )


@pytest.mark.grade(points=1)
def test_build_draws_its_weights(impl):
    """each model has weights of its own, and no setting changes"""
    first, second = (games(impl, 3, 2, (6, 5), "build(3, 2, (6, 5))") for _ in range(2))
    for one, other, name in zip(first, second, NAMES, strict=True):
        a, b = exact(impl, one, name), exact(impl, other, name)
        for i, (layer, same_layer) in enumerate(zip(a, b, strict=True)):
            apart = np.abs(layer["kernel"] - same_layer["kernel"]).max()
            holds(
                apart > 1e-3,
                f"layer {i} of two {name}s of build(3, 2, (6, 5)) has the same weights",
            )
            holds(
                layer["kernel"].std() > 1e-3, f"the weights of layer {i} of a {name} are all alike"
            )
    rules = ["settings", "shared", "keywords"]
    conform(impl, "build", [3, 2, (4,)], only=rules, gives="anything", seeded=True)


# -- steps -----------------------------------------------------------------------------------------


@pytest.mark.grade(points=3, hint=WHOSE, seconds=30)
def test_discriminator_step_moves_the_discriminator(impl):
    """the discriminator takes a step of Adam down its loss, and the generator keeps its parameters"""
    made, judge, own, others = built(impl, 3, 2, (6, 5))
    optimizer = impl.make_optimizer(judge, RATE)
    game, other = (Game(own, others, RATE, epsilon) for epsilon in (1e-7, 3e-6))
    for i, rows in enumerate(((7, 7), (4, 9), (1, 1)), 1):
        real, z = normal(rows[0], 2, shift=1.0), normal(rows[1], 3)
        of = f"discriminator_step number {i}, of {rows[0]} real and {rows[1]} generated rows"
        found = impl.discriminator_step(made, judge, optimizer, real, z)
        swapped = discriminator_loss(judges(game.judge, makes(own, z)), judges(game.judge, real))
        holds(
            isinstance(found, float),
            f"{of} is {type(found).__name__}, but should be a Python float",
        )
        other.discriminator_step(real, z)
        number(
            found,
            game.discriminator_step(real, z),
            of=of,
            rtol=1e-3,
            mistakes={"the loss with the rows swapped": swapped},
        )
        moved(impl, judge, "discriminator", game.judge, other.judge, of)
        same(impl, made, "generator", own, of)
    expect_frozen(
        impl,
        made,
        lambda: impl.discriminator_step(made, judge, optimizer, real, z),
        "discriminator_step(generator, discriminator, optimizer, real, z)",
    )


@pytest.mark.grade(points=3, hint=WHOSE, seconds=30)
def test_generator_step_moves_the_generator(impl):
    """the generator takes a step of Adam down its loss, and the discriminator keeps its parameters"""
    made, judge, own, others = built(impl, 3, 2, (6, 5))
    optimizer = impl.make_optimizer(made, RATE)
    game, other = (Game(own, others, RATE, epsilon) for epsilon in (1e-7, 3e-6))
    for i, rows in enumerate((7, 4, 1), 1):
        z = normal(rows, 3)
        of = f"generator_step number {i}, of {rows} rows"
        found = impl.generator_step(made, judge, optimizer, z)
        holds(
            isinstance(found, float),
            f"{of} is {type(found).__name__}, but should be a Python float",
        )
        other.generator_step(z)
        saturating = -softplus(judges(others, makes(game.made, z))).mean()
        number(
            found,
            game.generator_step(z),
            of=of,
            rtol=1e-3,
            mistakes={"the loss that saturates": saturating},
        )
        moved(impl, made, "generator", game.made, other.made, of)
        same(impl, judge, "discriminator", others, of)
    # Gradients a tenth as large from now on: what Adam knows of the old ones fades, in AMSGrad it stays.
    others[-1]["kernel"] *= 0.1
    impl.assign(judge, others)
    game.judge = other.judge = others
    z = normal(7, 3)
    for i in range(4, 16):
        of = f"generator_step number {i}, where gradients are a tenth of those of the first steps"
        impl.generator_step(made, judge, optimizer, z)
        for one in (game, other):
            one.generator_step(z)
    moved(impl, made, "generator", game.made, other.made, of)
    of = "generator_step(generator, discriminator, optimizer, z)"
    expect_frozen(impl, judge, lambda: impl.generator_step(made, judge, optimizer, z), of)


@pytest.mark.grade(
    points=1, hint="Frameworks have other defaults for epsilon than 1e-7.", seconds=30
)
def test_optimizer_has_the_epsilon_asked_for(impl):
    """where gradients are as small as epsilon, a step of the generator is that of epsilon 1e-7"""
    made, judge, own, others = built(impl, 3, 2, (6, 5))
    others[-1]["kernel"] *= 1e-6  # and so are all gradients of the generator
    impl.assign(judge, others)
    z = normal(7, 3)
    impl.generator_step(made, judge, impl.make_optimizer(made, RATE), z)
    found = (flat(exact(impl, made, "generator")) - flat(own)) / RATE
    right = []
    # Epsilon beside the corrected root, as in the paper, or beside the uncorrected one, as in older forms.
    for epsilon in (1e-7, 1e-7 / np.sqrt(1 - BETA)):
        game = Game(own, others, RATE, epsilon)
        game.generator_step(z)
        right.append((flat(game.made) - flat(own)) / RATE)
    far = [float(np.abs(found - one).max()) for one in right]
    at = int(np.argmax(np.abs(found - right[int(np.argmin(far))])))
    holds(
        min(far) < 0.02,
        f"in a generator_step whose gradients are about 1e-7, a parameter moved by {found[at]:.4g} "
        f"times lr, but should by {right[0][at]:.4g}, where epsilon 1e-7 is added to the corrected "
        f"root, or {right[1][at]:.4g}, where it is added to the uncorrected one",
    )


@pytest.mark.grade(points=3, hint=CLEAR, seconds=30)
def test_steps_leave_no_gradients_behind(impl):
    """steps of both kinds, one after the other, are each those of their own loss"""
    made, judge, own, others = built(impl, 3, 2, (6, 5))
    first, second = impl.make_optimizer(made, RATE), impl.make_optimizer(judge, 2 * RATE)
    old_gradients(impl, made, normal(6, 3))
    old_gradients(impl, judge, normal(6, 2))
    game, other = (Game(own, others, RATE, epsilon) for epsilon in (1e-7, 3e-6))
    for one in (game, other):
        one.others.lr = 2 * RATE
    for i, kind in enumerate("ggddgdd", 1):
        real, z = normal(6, 2, shift=1.0), normal(6, 3)
        of = f"step number {i} of the steps {', '.join('ggddgdd'[:i])} (g: generator, d: discriminator)"
        if kind == "g":
            found = impl.generator_step(made, judge, first, z)
            expected, _ = [one.generator_step(z) for one in (game, other)]
        else:
            found = impl.discriminator_step(made, judge, second, real, z)
            expected, _ = [one.discriminator_step(real, z) for one in (game, other)]
        number(found, expected, of=f"the loss of {of}", rtol=5e-3, atol=1e-4)
    moved(impl, made, "generator", game.made, other.made, "all steps")
    moved(impl, judge, "discriminator", game.judge, other.judge, "all steps")


@pytest.mark.grade(points=1, seconds=30)
def test_steps_leave_rows_and_noise(impl):
    """real rows and noise are left as they were, and an optimizer of one game knows nothing of another"""
    real, z = normal(5, 2), normal(5, 3)
    seen = []
    for _ in range(2):
        impl.seed(5)
        made, judge = games(impl, 3, 2, (4,), "build(3, 2, (4,))")
        first, second = impl.make_optimizer(made, RATE), impl.make_optimizer(judge, RATE)
        found = [impl.discriminator_step(made, judge, second, real, z)]
        found += [impl.generator_step(made, judge, first, z) for _ in range(2)]
        seen.append(found)
        _, after = impl.after("discriminator_step", made, judge, second, real, z)
        close(after[3], real, of="real after discriminator_step", rtol=0, atol=0)
        close(after[4], z, of="z after discriminator_step", rtol=0, atol=0)
        _, after = impl.after("generator_step", made, judge, first, z)
        close(after[3], z, of="z after generator_step", rtol=0, atol=0)
    close(
        np.array(seen[1]), np.array(seen[0]), of="the losses of the same game once more", rtol=1e-5
    )


# -- train and sample ------------------------------------------------------------------------------


def histories(found, steps, of):
    both = pair(found, of, HISTORY)
    return [losses(one, steps, of, kind="float", each="step") for one in both]


def watched_train(impl, models, x, steps, batch, noise, lr, seed):
    """(histories, the noise of each call of the generator, the rows of x that the discriminator got)."""
    for model, width in zip(models, (noise, x.shape[1]), strict=True):
        probing.watch(impl, model, (width,))
    found = impl.train(*models, x, steps, batch, noise, lr, impl.rng(seed))
    of = f"train(generator, discriminator, x, {steps}, {batch}, {noise}, {lr}, rng)"
    both = histories(found, steps, of)
    z, seen = (
        [np.asarray(rows, np.float32) for rows, _ in probing.watched(impl, model)]
        for model in models
    )
    known = {row.tobytes(): i for i, row in enumerate(np.asarray(x, np.float32))}
    taken = [known[row.tobytes()] for rows in seen for row in rows if row.tobytes() in known]
    holds(
        [one.shape for one in z] == [(batch, noise)] * 2 * steps,
        f"{of} called the generator with noise of the shapes {[one.shape for one in z][:4]}..., "
        f"but should call it with {(batch, noise)}, once for each of the two steps",
    )
    equal(
        len(taken), steps * batch, of=f"the number of real rows that the discriminator got in {of}"
    )
    return both, np.array(z, np.float64), np.array(taken).reshape(steps, batch)


@pytest.mark.grade(
    points=4, hint="First a step of the discriminator, then one of the generator.", seconds=60
)
def test_train_alternates(impl):
    """each step moves the discriminator, then the generator, by new noise and optimizers that begin anew"""
    made, judge, own, others = built(impl, 3, 2, (6, 5))
    x = normal(9, 2, shift=1.0)
    for call in ("first", "second"):
        both, z, taken = watched_train(impl, (made, judge), x, 4, 5, 3, RATE, 1)
        game, other = (Game(own, others, RATE, epsilon) for epsilon in (1e-7, 3e-6))
        for one in (game, other):
            expected = [[], []]
            for i in range(4):
                expected[0].append(one.discriminator_step(x[taken[i]], z[2 * i]))
                expected[1].append(one.generator_step(z[2 * i + 1]))
            if one is game:
                wanted = expected
        of = f"the {call} train(generator, discriminator, x, 4, 5, 3, {RATE}, rng)"
        for name, found, right in zip(HISTORY, both, wanted, strict=True):
            close(np.array(found), np.array(right), of=f"the {name} of {of}", rtol=5e-3, atol=1e-3)
        moved(impl, made, "generator", game.made, other.made, of)
        moved(impl, judge, "discriminator", game.judge, other.judge, of)
        own, others = exact(impl, made, "generator"), exact(impl, judge, "discriminator")


@pytest.mark.grade(
    points=1, hint="Both models take all their steps, whichever of them is ahead.", seconds=60
)
def test_train_steps_where_the_discriminator_is_sure(impl):
    """a discriminator whose loss is about 0.01 takes its steps all the same"""
    made, judge, own, others = built(impl, 3, 2, (6, 5))
    x = normal(9, 2, shift=8.0)
    for layer in others:
        layer["kernel"] = np.abs(layer["kernel"])  # larger numbers, larger logits
    real, fake = judges(others, x).mean(), judges(others, makes(own, normal(99, 3))).mean()
    # Logits of about 5 for real rows, and of about -5 for generated ones.
    scale = 10 / (real - fake)
    others[-1]["kernel"] *= scale
    others[-1]["bias"] = scale * (others[-1]["bias"] - (real + fake) / 2)
    impl.assign(judge, others)
    others = exact(impl, judge, "discriminator")
    _, z, taken = watched_train(impl, (made, judge), x, 4, 5, 3, RATE, 1)
    game, other = (Game(own, others, RATE, epsilon) for epsilon in (1e-7, 3e-6))
    for one in (game, other):
        for i in range(4):
            one.discriminator_step(x[taken[i]], z[2 * i])
            one.generator_step(z[2 * i + 1])
    of = f"train(generator, discriminator, x, 4, 5, 3, {RATE}, rng) of a sure discriminator"
    moved(impl, judge, "discriminator", game.judge, other.judge, of)
    moved(impl, made, "generator", game.made, other.made, of)


@pytest.mark.grade(points=3, hint=FRESH, seconds=60)
def test_train_draws_rows_and_noise_anew(impl):
    """rows are drawn at random without repetition, noise is standard normal and new in both steps, all from rng"""
    x, steps = normal(12, 2), 150
    made, judge, _, _ = built(impl, 3, 2, (4,))
    _, z, taken = watched_train(impl, (made, judge), x, steps, 4, 3, 1e-6, 7)
    of = f"train(generator, discriminator, x, {steps}, 4, 3, 1e-6, rng)"
    for rows in taken.tolist():
        holds(
            len(set(rows)) == 4,
            f"a step of {of} took the rows {rows}, but should take no row twice",
        )
    kinds = {tuple(sorted(row.tolist())) for row in taken}
    # 495 kinds of batches: fewer than 60 in 150 draws come less than once in a million.
    at_least(len(kinds), 60, of=f"the number of different batches of real rows of {of}")
    counts = np.bincount(taken.ravel(), minlength=12)
    # 50 on average, with a standard deviation of 5.8.
    between(float(counts.min()), 15, 85, of=f"how often {of} took the rarest row of x")
    between(float(counts.max()), 15, 85, of=f"how often {of} took the most frequent row of x")
    # 3,600 numbers: the bounds are more than five standard errors away.
    between(float(z.mean()), -0.09, 0.09, of=f"the mean of the noise of {of}")
    between(float((z**2).mean()), 0.87, 1.13, of=f"the mean square of the noise of {of}")
    between(float((z**4).mean()), 2.1, 4.2, of=f"the mean fourth power of the noise of {of}")
    for apart, what in (
        (z[1:] - z[:-1], "for two steps, one after the other"),
        (z[2:] - z[:-2], "for the same model in two steps"),
        (z[:, 1:] - z[:, :-1], "for two rows"),
        (z[:, :, 1:] - z[:, :, :-1], "for two numbers of a row"),
    ):
        holds(
            (np.abs(apart) < 1e-4).mean() < 0.1,
            f"{of} drew the same noise {what}, but should draw each number by itself",
        )
    for axis, what in ((0, "two steps"), (1, "two rows"), (2, "two numbers of a row")):
        uncorrelated(z, axis, f"{what} of the noise of {of}")
    at_least(
        len(np.unique(z)) / z.size, 0.99, of=f"the share of different numbers in the noise of {of}"
    )
    # As many steps in each run: all draws may come before the first step.
    of = "train(generator, discriminator, x, 3, 4, 3, 1e-6, rng)"
    runs = []
    for seed in (7, 7, 8):
        made, judge, _, _ = built(impl, 3, 2, (4,))
        runs.append(watched_train(impl, (made, judge), x, 3, 4, 3, 1e-6, seed)[1:])
    (noise, rows), (again, same), (other, _) = runs
    holds(
        np.allclose(again, noise, atol=1e-5),
        f"{of} drew another noise for an rng of the same seed",
    )
    holds(not np.allclose(other, noise, atol=1e-5), f"{of} drew the same noise for another rng")
    equal(same.tolist(), rows.tolist(), of=f"the rows that {of} drew, for an rng of the same seed")


@pytest.mark.grade(points=1, seconds=60)
def test_train_heeds_every_argument(impl):
    """steps, batch, lr and rng matter; 0 steps leave both models as they are"""
    x = normal(12, 2)
    weights = None

    def run(**settings):
        nonlocal weights
        made, judge = games(impl, 3, 2, (4,), "build(3, 2, (4,))")
        if weights is None:
            weights = [impl.layers(model) for model in (made, judge)]
        for model, layers in zip((made, judge), weights, strict=True):
            named = [layer["name"] for layer in impl.layers(model)]
            impl.assign(
                model, [one | {"name": name} for one, name in zip(layers, named, strict=True)]
            )
        found = impl.train(made, judge, x, noise=3, **settings)
        return [
            flat(exact(impl, made, "generator")),
            flat(exact(impl, judge, "discriminator")),
        ], found

    usual = {"steps": 2, "batch": 4, "lr": 0.02, "rng": impl.rng(1)}
    other = {"steps": 4, "batch": 6, "lr": 0.05, "rng": impl.rng(2)}
    each_matters(
        lambda **s: run(**s)[0], usual, other, of="train(generator, discriminator, x, ...)"
    )
    after, found = run(**usual | {"steps": 0})
    equal(
        [list(one) for one in pair(found, "train of 0 steps", HISTORY)],
        [[], []],
        of="train of 0 steps",
    )
    for one, layers, name in zip(after, weights, NAMES, strict=True):
        close(one, flat(layers), of=f"the {name} after train of 0 steps", rtol=1e-6, atol=0)


@pytest.mark.grade(points=1)
def test_train_leaves_its_rows(impl):
    """x is left as it was, and settings as well"""
    made, judge, _, _ = built(impl, 3, 2, (4,))
    x = normal(9, 2)
    _, after = impl.after("train", made, judge, x, 2, 4, 3, 0.01, impl.rng())
    close(after[2], x, of="x after train", rtol=0, atol=0)


@pytest.mark.grade(points=2)
def test_sample_is_what_the_generator_makes(impl):
    """rows are those of the generator for standard normal noise, as many as asked for"""
    identity = {"type": "dense", "kernel": np.eye(3), "bias": np.zeros(3)}
    copies = impl.sequential({"type": "input", "shape": (3,)}, identity)
    z = impl.sample(copies, 1500, 3, impl.rng())
    shape(z, (1500, 3), of="sample(generator, 1500, 3, rng)")
    of = "sample of a generator that returns its noise"
    # 4,500 numbers: the bounds are more than five standard errors away.
    between(float(z.mean()), -0.08, 0.08, of=f"the mean of {of}")
    between(float((z**2).mean()), 0.88, 1.12, of=f"the mean square of {of}")
    between(float((z**4).mean()), 2.2, 4.1, of=f"the mean fourth power of {of}")
    at_least(len(np.unique(z)) / z.size, 0.99, of=f"the share of different numbers in {of}")
    correlation = np.corrcoef(z.T)[np.triu_indices(3, 1)]
    at_most(
        float(np.abs(correlation).max()),
        0.14,
        of=f"the correlation between two numbers of a row of {of}",
    )
    kernel, bias = normal(3, 2), normal(2)
    for count, size in ((6, 1.0), (1, 1.0), (0, 1.0), (6, 1e-3), (6, 1e6)):
        layer = {"type": "dense", "kernel": size * kernel, "bias": size * bias}
        model = impl.sequential({"type": "input", "shape": (3,)}, layer)
        noise = impl.sample(copies, count, 3, impl.rng(4))
        shape(noise, (count, 3), of=f"sample(generator, {count}, 3, rng)")
        found = impl.sample(model, count, 3, impl.rng(4))
        of = f"sample(generator, {count}, 3, rng), rows about {size:g},"
        expected = size * (noise @ kernel + bias)
        close(found, expected, of=of, rtol=1e-3, atol=1e-4 * size, dtype="float32")


@pytest.mark.grade(points=1)
def test_sample_keeps_the_contracts_words(impl):
    """sample draws from rng alone, leaves the generator as it was, and answers alike"""
    identity = {"type": "dense", "kernel": normal(3, 2), "bias": normal(2)}
    model = impl.sequential({"type": "input", "shape": (3,)}, identity)
    before = impl.layers(model)[0]["kernel"]
    conform(
        impl,
        "sample",
        [model, 4, 3, impl.rng(2)],
        without=["float64", "digits", "memory", "shared"],
    )
    close(impl.layers(model)[0]["kernel"], before, of="the generator after sample", rtol=0, atol=0)


# -- mode_coverage ---------------------------------------------------------------------------------


def mode_coverage(x, centres, radius, share=0.02):
    away = np.linalg.norm(x[:, None] - centres, axis=-1)
    near = away.argmin(1)[away.min(1) <= radius]
    counts = np.bincount(near, minlength=len(centres))
    covered = int(((counts > 0) & (counts >= share * len(x))).sum())
    return covered, float(counts.sum() / len(x))


def expect_coverage(impl, x, centres, radius, *share, of=""):
    of = f"mode_coverage(x, centres, {radius}{''.join(f', {s}' for s in share)}){of}"
    found = pair(impl.mode_coverage(x, centres, radius, *share), of, ("covered", "quality"))
    covered, quality = found
    holds(
        type(covered) is int,
        f"the first of {of} is {type(covered).__name__}, but should be a Python integer",
    )
    holds(
        type(quality) is float,
        f"the second of {of} is {type(quality).__name__}, but should be a Python float",
    )
    expected = mode_coverage(np.asarray(x, float), centres, radius, *share)
    equal(covered, expected[0], of=f"the first of {of}")
    number(quality, expected[1], of=f"the second of {of}", rtol=1e-6)


@pytest.mark.grade(
    points=3, hint="A row belongs to one centre at most: the nearest, if that is within the radius."
)
def test_mode_coverage_counts_modes(impl):
    """a centre is covered by its share of the rows; a row belongs to its nearest centre, if that is near enough"""
    rng = generator()
    centres = data.ring8_centres()
    for modes in (8, 5, 1):
        x = centres[rng.integers(0, modes, 160)] + 0.1 * rng.standard_normal((160, 2))
        expect_coverage(impl, x, centres, 0.25, of=f", {modes} modes")
    x = rng.standard_normal((200, 2)) * 2
    for radius, share in ((0.2, 0.02), (0.8, 0.083), (3.0, 0.13), (0.05, 0.001), (9.0, 0.02)):
        expect_coverage(impl, x, centres, radius, share, of=" of 200 normal points")
    x = rng.standard_normal((60, 3))
    expect_coverage(impl, x, 2 * rng.standard_normal((5, 3)), 1.5, 0.107, of=" in three dimensions")
    expect_coverage(impl, x[:, :1], np.array([[0.3]]), 0.7, 0.3, of=" of one centre")
    # 32 rows: exact shares, and distances that are exactly the radius.
    line = np.repeat([0.0, 1.0, 2.0, 8.0], [16, 8, 7, 1])[:, None]
    for share in (0.25, 0.5, 0.21875, 0.0, 1.0):
        expect_coverage(impl, line, np.array([[0.0], [1.5], [20.0]]), 0.5, share, of=" of 32 rows")
    on = np.array([[0.0], [2.0], [20.0]])
    expect_coverage(impl, line, on, 0.0, of=" of rows on the centres themselves")
    # 40 rows far from 0, each 1/4 or 3/4 from its centre: sums and products of squares have no digits for that.
    place = 2.0**17 + 4 * rng.integers(0, 3, 40)
    x = np.stack([place + rng.choice([0.25, 0.75], 40), np.full(40, -(2.0**17))], axis=1)
    far = np.array([[2.0**17 + 4 * i, -(2.0**17)] for i in range(3)])
    expect_coverage(impl, x, far, 0.5, of=" of rows far from 0")
    # Circles that overlap: a row is of the nearest centre alone.
    pairs = np.array([[0.0, 0.0], [1.0, 0.0]])
    x = np.stack([rng.uniform(-0.4, 0.4, 40), rng.uniform(-0.5, 0.5, 40)], axis=1)
    expect_coverage(impl, x, pairs, 2.0, of=" where circles overlap")


@pytest.mark.grade(points=1)
def test_mode_coverage_keeps_the_contracts_words(impl):
    """mode_coverage keeps what docs/contract.md says of every function"""
    x, centres = normal(9, 2), normal(3, 2)
    # A share is a count over a count: its own digits may be those of float32.
    options = {"rows": [0], "without": ["digits"]}
    conform(impl, "mode_coverage", [x, centres, 1.2], expected=mode_coverage, **options)
    # 1e-9 too far in float64, on the circle in float32.
    x = np.array([[0.5 + 1e-9], [0.0]])
    equal(impl.float64.mode_coverage(x, np.zeros((1, 1)), 0.5)[1], 0.5, of="quality in float64")


# -- outcomes --------------------------------------------------------------------------------------


def made_of_new_noise(impl, x, seed, noise, units, **plan):
    """2,000 rows of a generator that the submission trained, from noise of the grader, computed in NumPy."""
    impl.seed(seed)
    models = games(impl, noise, x.shape[1], units, "build(...)")
    impl.train(*models, x, noise=noise, rng=impl.rng(seed), **plan)
    z = np.random.default_rng(random_seed()).standard_normal((2000, noise))
    return makes(exact(impl, models[0], "generator"), z)


STATISTICS = Threshold(
    "how far mean and standard deviation of generated numbers are off, the larger of the two",
    at_most=0.4,
    torch=[0.2454, 0.1295, 0.109, 0.1146, 0.2355, 0.07185, 0.06902, 0.05112, 0.1537, 0.07184],
    tensorflow=[0.1514, 0.1295, 0.1189, 0.1108, 0.1802, 0.06208, 0.07732, 0.1552, 0.1441, 0.05517],
)


@STATISTICS.measured_by
def distance_of_statistics(impl, seed):
    x = np.random.default_rng(seed).normal(3.0, 1.0, (1000, 1))
    plan = {"noise": 4, "units": (32, 32), "steps": 600, "batch": 128, "lr": 0.002}
    rows = made_of_new_noise(impl, x, seed, **plan)
    return float(max(abs(rows.mean() - 3.0), abs(rows.std() - 1.0)))


@pytest.mark.grade(points=2, seconds=600)
def test_generator_learns_a_normal_distribution(impl):
    """the median run has the mean and the standard deviation of the data within 0.4"""
    STATISTICS.expect(impl)


MODES = Threshold(
    "the number of 8 modes on a ring that the generator covers",
    at_least=6,
    torch=[8, 8, 8, 8, 8, 8, 8, 8, 8, 8],
    tensorflow=[8, 8, 8, 7, 8, 8, 8, 8, 8, 8],
)


@MODES.measured_by
def modes_on_a_ring(impl, seed):
    x, _ = data.ring8(1000, np.random.default_rng(seed))
    plan = {"noise": 4, "units": (64, 64), "steps": 600, "batch": 128, "lr": 0.002}
    rows = made_of_new_noise(impl, x, seed, **plan)
    return float(mode_coverage(rows, data.ring8_centres(), 0.3)[0])


@pytest.mark.grade(points=3, seconds=600)
def test_generator_covers_the_ring(impl):
    """the median run covers at least 6 of the 8 modes"""
    MODES.expect(impl)
