"""The order of the rows is seen while a model trains; each way to take them wrongly is named."""

import numpy as np
import pytest

from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.expect import normal, opaque
from katagrad.authoring.influence import each_matters
from katagrad.authoring.minibatches import (
    expect_epochs,
    expect_four_and_two,
    expect_new_batches,
    expect_new_orders,
    expect_rng_decides,
    followed,
    visited,
)
from katagrad.errors import Failure

FRAMEWORKS = [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("torch", "tensorflow")]
FIT = """
def train(model, x, y, epochs, batch, rng):
    model.compile("sgd", "mse")
    return model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0).history["loss"]
"""
FAULTS = {
    "KeepsOneOrder": (
        "def orders(n, epochs, rng): return [rng.permutation(n)] * epochs",
        "epoch 2 of train took the rows in the same order as epoch 1",
    ),
    "TurnsTheOrder": (
        (
            "def orders(n, epochs, rng):\n    order = rng.permutation(n)\n"
            "    return [rng.permutation(n), *[order, order[::-1].copy()] * epochs][:epochs]"
        ),
        "epoch 3 of train took the rows in reverse to epoch 2",
    ),
    "KeepsTheOrderOfX": (
        "import numpy as np\ndef orders(n, epochs, rng): return [np.arange(n)] * epochs",
        "epoch 1 of train took the rows in the order of x, but should shuffle them",
    ),
    "DropsTheLastBatch": (
        "def orders(n, epochs, rng): return [rng.permutation(n)[: n // 4 * 4] for _ in range(epochs)]",
        "train trained on 24 rows in all, but should train on 30",
    ),
    "TakesOneEpoch": (
        "def orders(n, epochs, rng): return [rng.permutation(n)]",
        "train trained on 10 rows in all, but should train on 30",
    ),
    "DrawsWithReplacement": (
        "def orders(n, epochs, rng): return [rng.integers(0, n, n) for _ in range(epochs)]",
        "times and row",
    ),
    "IgnoresTheBatchSize": (
        "old = train\ndef train(model, x, y, epochs, batch, rng): return old(model, x, y, epochs, 5, rng)",
        "epoch 1 of train has batches of 5, 5 rows, but should have batches of 4, 4, 2",
    ),
    "IgnoresTheRng": (
        (
            "import numpy as np\ndef orders(n, epochs, rng):\n    r = np.random.default_rng(0)\n"
            "    return [r.permutation(n) for _ in range(epochs)]"
        ),
        "took the rows in the same order for two different rngs",
    ),
    "DrawsElsewhere": (
        "import numpy as np\ndef orders(n, epochs, rng): return [np.random.permutation(n) for _ in range(epochs)]",
        "took the rows in other orders for two rngs of the same seed",
    ),
}


def rows_of(impl, seed=3, epochs=3):
    x, y = np.arange(30.0).reshape(10, 3) / 30, np.arange(10.0)[:, None] / 10
    model = impl.build(3, 1, returns=opaque)
    return visited(impl, model, x, lambda: impl.train(model, x, y, epochs, 4, impl.rng(seed)))


def check(impl):
    expect_epochs(rows_of(impl), rows=10, batch=4, epochs=3, of="train")
    expect_rng_decides(lambda seed: rows_of(impl, seed), of="train")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_right_training_passes(grade, framework):
    grade(framework, "", check)


@pytest.mark.needs("tensorflow")
def test_fit_is_watched_in_its_graph(grade):
    grade("tensorflow", FIT, lambda impl: expect_epochs(rows_of(impl), 10, 4, 3, "train"))
    seeded = FIT.replace("    model", "    tf.keras.utils.set_random_seed(3)\n    model", 1)
    with pytest.raises(Failure, match="in the same order as epoch 1"):
        grade("tensorflow", seeded, check)


# A batch in two parts, whose gradients are added before the step; `step` is that of torch and of tensorflow.
PARTS = {
    "torch": """
def step(model, x, y):
    sums = [torch.zeros_like(w) for w in model.parameters()]
    for part in (slice(None, 1), slice(1, None)):
        loss = (model(x[part]) - y[part]).square().sum() / len(x)
        for total, g in zip(sums, torch.autograd.grad(loss, list(model.parameters()))):
            total += g
    model(x)  # a second look at the batch, for its accuracy, say
    for w, g in zip(model.parameters(), sums):
        w.data -= 0.1 * g
    return 0.0
""",
    "tensorflow": """
@tf.function(reduce_retracing=True)
def step(model, x, y):
    n = tf.cast(tf.shape(x)[0], x.dtype)
    sums = [tf.zeros_like(w) for w in model.trainable_variables]
    for own, wanted in ((x[:1], y[:1]), (x[1:], y[1:])):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((model(own) - wanted) ** 2) / n
        sums = [a + b for a, b in zip(sums, tape.gradient(loss, model.trainable_variables))]
    model(x)
    for w, g in zip(model.trainable_variables, sums):
        w.assign_sub(0.1 * g)
    return loss


old = train
def train(model, x, y, epochs, batch, rng):
    return [float(loss) for loss in old(model, x, y, epochs, batch, rng)]
""",
}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_parts_of_a_batch_are_one_step(grade, framework):
    grade(framework, PARTS[framework], check)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_step_for_each_part_of_a_batch_is_named(grade, framework):
    change = "old = step\ndef step(model, x, y): return old(model, x[:1], y[:1]) + old(model, x[1:], y[1:])"
    with pytest.raises(Failure, match="has batches of 1, 3, 1, 3, 1, 1 rows"):
        grade(framework, change, check)


WHOLE = "torch.func.grad(loss)(params, x, y)"
BY_ROW = "torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(params, x[:, None], y)"


@pytest.mark.needs("tensorflow")
def test_training_that_xla_would_compile_is_watched(grade):
    fitted = FIT.replace('"mse"', '"mse", jit_compile=True')
    grade("tensorflow", fitted, lambda impl: expect_epochs(rows_of(impl), 10, 4, 3, "train"))
    change = "slopes = tf.function(slopes.python_function, jit_compile=True)"
    grade("tensorflow", change, check)


@pytest.mark.needs("torch")
@pytest.mark.parametrize("gradients", [WHOLE, BY_ROW], ids=["whole", "by row"])
def test_training_by_the_transforms_of_torch_func_is_watched(grade, gradients):
    change = f"""
def step(model, x, y):
    params = {{name: w.detach() for name, w in model.named_parameters()}}
    def loss(params, x, y):
        return (torch.func.functional_call(model, params, (x,)) - y).square().mean()
    for name, g in {gradients}.items():
        params[name] -= 0.1 * g.reshape(-1, *params[name].shape).mean(0)
    return 0.0
"""
    grade("torch", change, check)


@pytest.mark.needs("torch")
def test_layers_called_one_by_one_are_watched(grade):
    change = (
        "class Parts(torch.nn.Sequential):\n    def __call__(self, x): return self[0](x)\n"
        "def build(n_in, n_out): return Parts(torch.nn.Linear(n_in, n_out))"
    )
    grade("torch", change, check)


@pytest.mark.needs("torch")
def test_layers_called_one_by_one_are_watched_in_any_order(grade):
    change = (
        "class Parts(torch.nn.Sequential):\n    def __call__(self, x): return self[0](self[1](x))\n"
        "def build(n_in, n_out): return Parts(torch.nn.Linear(7, n_out), torch.nn.Linear(n_in, 7))"
    )
    grade("torch", change, check)


def blocks(rng):
    starts = [*5 * rng.permutation(4), 20]
    return np.concatenate([np.arange(start, min(start + 5, 22)) for start in starts])


def buffered(rng):
    held, rest, order = list(range(4)), list(range(4, 22)), []
    while held:
        order.append(held.pop(rng.integers(len(held))))
        held += [rest.pop(0)] if rest else []
    return np.array(order)


POORLY_MIXED = {
    "blocks": (blocks, "pairs of neighbouring rows together"),
    "a small buffer": (buffered, "with their numbers"),
    "one order, turned": (
        lambda rng: np.roll(np.random.default_rng(1).permutation(22), rng.integers(1, 22)),
        "pairs of neighbouring rows in common",
    ),
}


def in_batches(orders):
    return [order[i : i + 5] for order in orders for i in range(0, 22, 5)]


def test_orders_that_are_poorly_mixed_are_named():
    rng = np.random.default_rng(2)
    for _ in range(200):
        right = in_batches([rng.permutation(22) for _ in range(3)])
        expect_epochs(right, rows=22, batch=5, epochs=3, of="train")
    for order, words in POORLY_MIXED.values():
        wrong = in_batches([order(np.random.default_rng(seed)) for seed in (3, 4, 5)])
        with pytest.raises(Failure, match=words):
            expect_epochs(wrong, rows=22, batch=5, epochs=3, of="train")


def test_a_first_call_on_a_few_rows_is_no_step():
    rng = np.random.default_rng(3)
    right = in_batches([rng.permutation(22) for _ in range(3)])
    expect_epochs([np.array([0]), *right], rows=22, batch=5, epochs=3, of="train")
    with pytest.raises(Failure, match="trained on 67 rows in all, but should train on 66"):
        expect_epochs([*right, np.array([0])], rows=22, batch=5, epochs=3, of="train")


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named(grade, framework, fault):
    change, words = FAULTS[fault]
    with pytest.raises(Failure) as caught:
        grade(framework, change, check)
    assert words in str(caught.value)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_training_keeps_what_every_contract_means(grade, framework):
    given = [anew("build", 3, 1), normal(8, 3), normal(8, 1), 2, 4]

    def body(impl):
        conform(impl, "train", [*given, impl.rng()], changes=["model"], gives="anything")

    grade(framework, "", body)
    with pytest.raises(Failure, match="should differ with another rng"):
        grade(framework, FAULTS["IgnoresTheRng"][0], body)


def test_new_orders_are_seen_in_a_history():
    def follow(orders):
        w, history = 0.0, []
        for order in orders:
            for row in order:
                w += 0.3 * (row - w)
            history.append(w)
        return history

    def run(seed):
        rng = np.random.default_rng(seed)
        return follow([rng.permutation(2) for _ in range(24)])

    expect_new_orders(run, follow, epochs=24, of="train")
    for orders, words in (
        ([[1, 0]] * 24, r"in the order \[1, 0\], but"),
        # What is rotated by a row, or turned round, is no new draw.
        ([[0, 1], [1, 0]] * 12, r"in the order \[0, 1\] and \[1, 0\] in turn, but"),
    ):
        with pytest.raises(Failure, match=words):
            expect_new_orders(lambda seed, o=orders: follow(o), follow, epochs=24, of="train")
    with pytest.raises(Failure, match="two histories for two rngs of the same seed"):
        expect_new_orders(
            lambda seed: list(np.random.default_rng().random(24)),
            lambda orders: [0.0] * 24,
            24,
            "train",
        )


def walk(w, rows):
    """A step of training that depends on the rows that it takes."""
    error = w - np.array([0.0, 1.0, 2.5, 4.7, 9.3])[rows]
    return w - 0.3 * float(error.mean()), float((error**2).mean())


def walked(orders, batch=2, w=0.5):
    """(history, w at the end) of steps on batches of each order."""
    history = []
    for order in orders:
        losses = []
        for start in range(0, len(order), batch):
            w, loss = walk(w, np.asarray(order[start : start + batch]))
            losses.append(loss)
        history.append(np.mean(losses))
    return history, w


def test_batches_are_read_off_the_history():
    rng = np.random.default_rng(3)
    orders = [rng.permutation(5) for _ in range(24)]
    history, last = walked(orders)
    epochs, w = followed(history, 0.5, walk, 5, 2, "train")
    assert w == pytest.approx(last)
    for order, own in zip(orders, epochs, strict=True):
        assert [sorted(order[i : i + 2]) for i in (0, 2, 4)] == [sorted(part) for part in own]
    expect_new_batches(epochs, "train")


def test_of_ways_with_almost_one_loss_the_nearest_is_taken():
    def step(w, rows):
        w = 1.1 * w + float(rows.min())
        return w, 1 + 1e-9 * w

    rng, w, history, orders = np.random.default_rng(6), 0.5, [], []
    for _ in range(4):
        orders.append([np.sort(part) for part in np.split(rng.permutation(5), [2, 4])])
        losses = []
        for rows in orders[-1]:
            w, loss = step(w, rows)
            losses.append(loss)
        history.append(np.mean(losses))
    epochs, last = followed(history, 0.5, step, 5, 2, "train")
    assert last == pytest.approx(w, abs=1e-6)
    assert [part.min() for own in epochs for part in own] == [
        part.min() for own in orders for part in own
    ]


def test_batches_that_no_order_gives_are_refused():
    rng = np.random.default_rng(4)
    history, _ = walked([rng.permutation(4) for _ in range(3)])
    with pytest.raises(Failure, match=r"epoch 1 of train is .* which no order of the rows gives"):
        followed(history, 0.5, walk, 5, 2, "train")


def test_an_epoch_of_six_rows_has_a_batch_of_four():
    each = np.arange(6.0) ** 2
    expect_four_and_two((each[:4].mean() + each[4:].mean()) / 2, each, "history[0]")
    words = r"is 3, but should be the mean of two losses, of a batch of 4 rows and of one of 2$"
    with pytest.raises(Failure, match=words):
        expect_four_and_two(3.0, each, "history[0]")
    words = (
        "; it equals that of two batches of 3, and that of a mean in which each row weighs alike$"
    )
    with pytest.raises(Failure, match=words):
        expect_four_and_two(each.mean(), each, "history[0]")


def test_batches_that_come_again_are_refused():
    rng = np.random.default_rng(5)
    first = np.arange(5)
    orders = [rng.permutation(5) if epoch % 2 else first for epoch in range(24)]
    epochs, _ = followed(walked(orders)[0], 0.5, walk, 5, 2, "train")
    with pytest.raises(Failure, match=r"of 24 epochs of train made the same batches of rows"):
        expect_new_batches(epochs, "train")


@pytest.mark.parametrize(
    ("again", "words"),
    [(lambda order: order, "batches of rows"), (np.flip, "order of the rows, turned round,")],
    ids=["the same", "turned"],
)
@pytest.mark.parametrize("begin", [0, 1])
def test_an_order_for_two_epochs_is_refused(again, words, begin):
    rng = np.random.default_rng(5)
    orders = [rng.permutation(5)] * begin
    while len(orders) < 24:
        order = rng.permutation(5)
        orders += [order, again(order)]
    epochs, _ = followed(walked(orders[:24])[0], 0.5, walk, 5, 2, "train")
    with pytest.raises(
        Failure, match=f"of 24 epochs of train took the {words} of the epoch before"
    ):
        expect_new_batches(epochs, "train")


def test_orders_drawn_anew_pass():
    for seed in range(300):
        rng = np.random.default_rng(seed)
        cuts = [np.split(rng.permutation(5), [2, 4]) for _ in range(24)]
        expect_new_batches(cuts, "train")


def test_rows_that_are_only_rotated_are_refused():
    rng = np.random.default_rng(5)
    orders = [np.roll(np.arange(5), rng.integers(5)) for _ in range(24)]
    epochs, _ = followed(walked(orders)[0], 0.5, walk, 5, 2, "train")
    with pytest.raises(Failure, match=r"in only 5 of 15 ways"):
        expect_new_batches(epochs, "train")


def test_a_setting_that_is_ignored_is_named():
    def run(lr, epochs):
        return {"w": np.full(3, lr), "history": [0.5, 0.25]}

    with pytest.raises(Failure) as caught:
        each_matters(run, {"lr": 0.1, "epochs": 2}, {"lr": 0.2, "epochs": 3}, of="train")
    assert (
        str(caught.value)
        == "train gives the same for epochs=2 and epochs=3, but epochs should matter"
    )
    each_matters(run, {"lr": 0.1, "epochs": 2}, {"lr": 0.2}, of="train")
