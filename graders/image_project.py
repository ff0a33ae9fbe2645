"""Hidden checks of exercises/image_project.py. Images are (N, H, W, 3) here, kernels (H, W, in, out)."""

import sys
from functools import lru_cache
from math import comb

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring import convnet, normalisation, oracle
from katagrad.authoring.adam import RATE, STEPS, expect_betas, expect_epsilon
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.convnet import cross_entropy
from katagrad.authoring.expect import (
    at_least,
    chance,
    close,
    dtype,
    equal,
    full_size,
    generator,
    holds,
    image,
    integers,
    normal,
    number,
    raises,
    random_seed,
    uniform,
)
from katagrad.authoring.layers import exact, put, redrawn
from katagrad.authoring.minibatches import expect_epochs, visited
from katagrad.authoring.states import expect_frozen, old_gradients
from katagrad.authoring.structure import every_epoch, items, keys, losses, pair, recorded
from katagrad.authoring.threshold import Threshold

NEAR = 0.05


def made(impl, in_shape, *settings):
    """(a model with given layers, those layers)."""
    model = impl.build(in_shape, *settings)
    layers = redrawn(exact(impl.layers(model)))
    put(impl, model, layers)
    return model, layers


def ppm(pixels):
    """A PPM file of an image (H, W, 3) of bytes."""
    height, width, _ = pixels.shape
    return f"P6\n{width} {height}\n255\n".encode() + pixels.astype(np.uint8).tobytes()


# -- load ------------------------------------------------------------------------------------------


@pytest.mark.grade(
    points=3, hint="The width comes first in the header, the height first in the array."
)
@pytest.mark.parametrize("size", [(4, 7), (5, 3)], ids=str)
def test_load_reads_folders_and_pixels(impl, size):
    """images, labels and names come in sorted order; files of other names are passed over"""
    names = ["mule", "Zebra", "ant", "10", "9", "eel"]
    pixels = {
        (name, f"{i}.ppm"): integers(256, *size, 3)
        for name in names
        if name != "eel"
        for i in (10, 9, 0)
    }
    # Bytes that mean the end of a line in text, at the beginning.
    pixels["ant", "0.ppm"][0, 0] = [10, 32, 13]
    root = f"photos{size[0]}"
    files = {f"{root}/{name}/{file}": ppm(value) for (name, file), value in pixels.items()}
    files |= {f"{root}/eel/notes.txt": b"none yet", f"{root}/readme.ppm": b"not in a class"}
    files |= {f"{root}/ant/10.ppm.bak": b"passed over"}
    if sys.platform != "win32":  # There, glob("*.ppm") finds it, too.
        files[f"{root}/mule/1.PPM"] = ppm(integers(256, *size, 3))
    home = impl.write(files)
    of = f"load(root) of images of {size[1]} by {size[0]} pixels"
    x, y, classes = items(
        impl.load(f"{home}/{root}", returns=("image", None, None)), of, ("x", "y", "classes")
    )
    order = sorted(pixels)
    wanted = np.stack([pixels[one] for one in order])
    turned = wanted.reshape(-1, size[1], size[0], 3).transpose(0, 2, 1, 3)
    equal(classes, sorted(names), of=f"classes of {of}")
    dtype(x, "float32", of=f"x of {of}")
    close(x, wanted / 255, of=f"x of {of}", mistakes={
        "the bytes, not divided": wanted, "height and width exchanged": turned / 255,
        "blue, green, red": wanted[..., ::-1] / 255,
    })  # fmt: skip
    dtype(y, "int64", of=f"y of {of}")
    equal(y, np.array([sorted(names).index(name) for name, _ in order]), of=f"y of {of}")


BROKEN = {
    "no header": b"torn",
    "grey": b"P5\n3 2\n255\n" + bytes(18),
    "a byte too few": b"P6\n3 2\n255\n" + bytes(17),
    "a byte too many": b"P6\n3 2\n255\n" + bytes(19),
    "deep": b"P6\n3 2\n65535\n" + bytes(18),
    "another size": b"P6\n2 3\n255\n" + bytes(18),
}


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("case", BROKEN)
def test_load_refuses_other_files(impl, case):
    """a file that is no such PPM, or an image of another size, is a ValueError"""
    good = ppm(integers(256, 2, 3, 3))
    folder = case.replace(" ", "-")
    home = impl.write({f"{folder}/a/0.ppm": good, f"{folder}/b/1.ppm": BROKEN[case]})
    with raises("ValueError", of=f"load of a folder with a file that is broken: {case}"):
        impl.load(f"{home}/{folder}")


# -- groups ----------------------------------------------------------------------------------------


def groups(x, near=NEAR):
    """The lowest row that a chain of near images leads to, for each image."""
    flat = np.asarray(x, float).reshape(len(x), -1)
    found = np.full(len(x), -1)
    for start in range(len(x)):
        waiting = [start] if found[start] < 0 else []
        while waiting:
            row = waiting.pop()
            found[row] = start
            distance = np.sqrt(((flat - flat[row]) ** 2).mean(1))
            waiting += [int(other) for other in np.flatnonzero((distance <= near) & (found < 0))]
    return found


def distances(x):
    """(N, N): the root of the mean of the squared differences of each two images."""
    flat = np.asarray(x, float).reshape(len(x), -1)
    return np.sqrt(((flat[:, None] - flat) ** 2).mean(2))


def chains(step, near, side=4):
    """Images in chains of 1 to 4, shuffled: neighbours are `step` apart, and ends of chains farther.

    No two are so nearly `near` apart that rounding could decide.
    """
    while True:
        found = []
        for length in (1, 2, 3, 4, 1, 3):
            start = uniform(side, side + 1, 3, low=0.2, high=0.6)
            # Some numbers differ more than others: the mean of the differences is below their root mean square.
            order = generator().permutation(start.size).reshape(start.shape)
            away = np.where(order % 2, 1.3, 0.557) * np.where(start < 0.4, 1, -1)  # inwards
            away /= np.sqrt((away**2).mean())
            found += [start + step * k * away for k in range(length)]
        x = np.asarray(np.stack(found)[generator().permutation(len(found))], np.float32)
        if (abs(distances(x) - near) > 1e-3 * near).all():
            return x


@pytest.mark.grade(points=3, hint="Near is not enough: follow the chains until nothing changes.")
@pytest.mark.parametrize("near", [None, 0.02, 0.1])
def test_groups_follow_chains_of_near_images(impl, near):
    """images that a chain connects are one group, numbered by its lowest row"""
    options = {} if near is None else {"near": near}
    bound = near or NEAR
    for step in (0.9, 1.02, 0.9):
        x = chains(step * bound, bound)
        first = np.argmax(distances(x) <= bound, 1)
        of = f"groups(x{'' if near is None else f', {near=}'}) of {len(x)} images"
        found = impl.groups(image(x), **options)
        dtype(found, "int64", of=of)
        equal(found, groups(x, bound), of=of, mistakes={
            "the lowest near row, without chains": first,
        })  # fmt: skip
    if near is not None:
        return
    # Distances that floats hold exactly: 36 numbers, all a quarter apart, and two images that are equal.
    x = np.zeros((5, 3, 4, 3)) + np.array([0.0, 0.25, 0.75, 0.75, 1.0])[:, None, None, None]
    for bound, wanted in ((0.25, [0, 0, 2, 2, 2]), (0.0, [0, 1, 2, 2, 4])):
        of = f"groups(x, near={bound}) of images of the one colour 0, 0.25, 0.75, 0.75 and 1"
        equal(impl.groups(image(x), near=bound), np.array(wanted), of=of)
    # Two copies of 30 images: equal images are near at 0, also where many distances are taken at once.
    x = np.tile(uniform(30, 4, 5, 3), (2, 1, 1, 1))
    of = "groups(x, near=0.0) of 30 images and their copies"
    equal(impl.groups(image(x), near=0.0), np.tile(np.arange(30), 2), of=of)
    # One chain of 40 images, which no fixed number of rounds follows to its ends.
    colours = generator().permutation(40) / 40
    x = np.zeros((40, 2, 2, 3)) + colours[:, None, None, None]
    of = "groups(x, near=0.03) of 40 images of one colour each, 0.025 apart"
    equal(impl.groups(image(x), near=0.03), np.zeros(40, np.int64), of=of)


@pytest.mark.grade(points=1)
def test_groups_keep_the_contracts_words(impl):
    """groups takes float64 and views, one image, and leaves x as it was"""
    x = chains(0.09, 0.1)[:9].astype(float)
    conform(impl, "groups", [image(x)], {"near": 0.1}, expected=groups, rows=[0])


# -- split -----------------------------------------------------------------------------------------


def sides(result, group, share, of):
    """(rows for training, rows for testing), checked."""
    train, test = pair(result, of, ("train", "test"))
    for name, rows in (("for training", train), ("for testing", test)):
        dtype(rows, "int64", of=f"the rows {name} of {of}")
        equal(np.sort(rows), rows, of=f"the rows {name} of {of}, which should ascend")
    equal(np.sort(np.concatenate([train, test])), np.arange(len(group)), of=f"all rows of {of}")
    both = sorted(set(group[train]) & set(group[test]))
    holds(not both, f"{of} has the groups {both} on both sides, but each should be on one")
    sizes = [int((group == g).sum()) for g in set(group[test].tolist())]
    enough = share * len(group)
    holds(
        len(test) >= enough and (not sizes or len(test) - max(sizes) < enough),
        f"{of} has {len(test)} of {len(group)} rows for testing, in groups of {sorted(sizes)} rows, but should take "
        f"groups until it has at least {enough:g} rows, and no more",
    )
    return train, test


@pytest.mark.grade(points=3)
@pytest.mark.parametrize("share", [0.0, 0.25, 0.4, 1.0])
def test_split_keeps_groups_together(impl, share):
    """each row is on one side, whole groups are, and testing stops as soon as it has its share"""
    group = np.repeat([0, 3, 4, 9, 11, 12, 15, 20], [3, 1, 5, 2, 1, 3, 5, 4])
    group = group[generator().permutation(len(group))]
    for _ in range(5):
        of = f"split(group, {share}, rng) of {len(group)} rows in 8 groups"
        sides(impl.split(group, share, impl.rng()), group, share, of)
    # Groups of one row: 2.25 rows are 3, and 3.6 are 4.
    alone = np.arange(9)
    sides(impl.split(alone, share, impl.rng()), alone, share, f"split(range(9), {share}, rng)")


@pytest.mark.grade(points=2)
def test_split_draws_the_groups(impl):
    """each group comes to testing as often as any other, and the rng alone decides which"""
    group, draws = np.repeat(np.arange(12), 2), 150
    counts = np.zeros(12)
    for _ in range(draws):
        _, test = impl.split(group, 0.25, impl.rng())
        counts[np.unique(group[test])] += 1
    for g in range(12):
        chance(counts[g] / draws, 0.25, draws, of=f"the share of splits with group {g} in testing")
    # A group of many rows is drawn no sooner than one of a single row.
    uneven, draws = np.repeat(np.arange(6), [20, 1, 1, 1, 1, 1]), 50
    first = [set(uneven[impl.split(uneven, 0.01, impl.rng())[1]].tolist()) for _ in range(draws)]
    of = "the share of splits of 20 rows in one group and 5 rows alone whose first group is the large one"
    chance(sum(0 in one for one in first) / draws, 1 / 6, draws, of=of)
    first, again, other = (
        [impl.split(group, 0.25, impl.rng(seed))[1].tolist() for seed in seeds]
        for seeds in ((1, 2, 3), (1, 2, 3), (4, 5, 6))
    )
    equal(again, first, of="the rows for testing of rngs of the same seeds")
    holds(first != other, "rngs of different seeds gave the same rows for testing, three times")


@pytest.mark.grade(points=1)
def test_split_keeps_the_contracts_words(impl):
    """split takes integers of every width, and leaves its arguments as they were"""
    group = np.repeat(np.arange(10), 3)
    conform(impl, "split", [group, 0.3, impl.rng(1)], without=["one row", "float64", "digits"])


# -- augment ---------------------------------------------------------------------------------------


def variants(x):
    """The eight changes of images, (8, N, H, W, C)."""
    return np.stack([
        np.rot90(one, k, (1, 2)) for one in (x, x[:, :, ::-1]) for k in range(4)
    ])  # fmt: skip


@pytest.mark.grade(points=3, hint="Draw N numbers, one for each image, and draw anew in each call.")
def test_augment_makes_all_eight_changes_alike(impl):
    """each image is one of its eight mirrored and turned copies, all equally likely, drawn by itself"""
    count = 1600
    one = uniform(1, 3, 3, 3)
    x = np.repeat(one, count, 0)
    for call in ("first", "second"):
        found = impl.augment(image(x), impl.rng(), returns="image")
        close(found[:1] * 0, one * 0, of="the shape of an image of augment(x, rng)")
        same = np.isclose(found, variants(one)[:, 0][:, None], atol=1e-6).all((2, 3, 4))  # (8, N)
        holds(same.any(0).all(), "an image of augment(x, rng) is none of the eight changes of x")
        for k, share in enumerate(same.mean(1)):
            what = f"turned by {90 * (k % 4)} degrees" + (", mirrored" if k > 3 else "")
            chance(float(share), 1 / 8, count, of=f"the share of images {what} in the {call} call")
    # What is drawn for one image does not wait for others: half of a batch of one is none.
    alone, draws = np.zeros(8), 80
    for _ in range(draws):
        found = impl.augment(image(one), impl.rng(), returns="image")
        alone += np.isclose(found, variants(one), atol=1e-6).all((1, 2, 3, 4))
    for name, share, expected in (
        ("mirrored", alone[4:].sum(), 1 / 2), ("turned by 90 or 270 degrees", alone[1::2].sum(), 1 / 2),
        ("turned by 0 degrees", alone[::4].sum(), 1 / 4),
    ):  # fmt: skip
        of = f"the share of {draws} batches of one image in which it is {name}"
        chance(float(share) / draws, expected, draws, of=of)
    # Nor does it avoid what others got, as with a permutation of the changes. In 59 % of batches two are alike.
    alike, draws = 0, 24
    for _ in range(draws):
        found = impl.augment(image(np.repeat(one, 4, 0)), impl.rng(), returns="image")
        alike += len(np.unique(np.round(found, 4), axis=0)) < 4
    holds(
        alike,
        f"augment changed no two images alike in {draws} batches of the same image four times, but should draw "
        "the change of each image by itself",
    )
    x = uniform(40, 4, 4, 3)
    found = impl.augment(image(x), impl.rng(), returns="image")
    own = np.isclose(found, variants(x), atol=1e-6).all((2, 3, 4)).any(0)
    holds(own.all(), "an image of augment(x, rng) is no change of the image in its row")


@pytest.mark.grade(points=1)
def test_augment_keeps_the_contracts_words(impl):
    """augment keeps the dtype, takes views, and leaves x as it was"""
    conform(impl, "augment", [image(uniform(9, 4, 4, 3)), impl.rng(1)], returns="image", rows=[0])


# -- build, logits and evaluate --------------------------------------------------------------------

BUILDS = {"one block": ((5, 4, 3), (3,)), "two": ((9, 6, 3), (2, 3)), "three": ((8, 11, 3), (2, 4, 3))}  # fmt: skip


@pytest.mark.grade(points=3)
@pytest.mark.parametrize("case", BUILDS)
def test_network_computes_what_its_layers_say(impl, case):
    """the layers are those asked for, and from given weights and statistics, logits are theirs"""
    in_shape, filters = BUILDS[case]
    of = f"build({in_shape}, 4, {filters}, 0.5)"
    model, layers = made(impl, in_shape, 4, filters, 0.5)
    found = sorted(one["type"] for one in convnet.in_blocks(impl.layers(model)))
    asked = sorted([*["conv", "batch_norm"] * len(filters), "dense"])
    equal(found, asked, of=f"the layers of {of}")
    sizes = [(3, 3, a, b) for a, b in zip((in_shape[2], *filters), filters, strict=False)]
    flat = (in_shape[0] >> len(filters)) * (in_shape[1] >> len(filters)) * filters[-1]
    kernels = [one for one in layers if "kernel" in one]
    equal([one["kernel"].shape for one in kernels], [*sizes, (flat, 4)], of=f"the kernels of {of}")
    holds(
        all("bias" in one for one in kernels), f"a layer of {of} has no bias, but should have one"
    )
    fresh = exact(impl.layers(impl.build(in_shape, 4, filters, 0.5)))
    holds(
        all(one["kernel"].std() > 1e-4 for one in fresh if "kernel" in one),
        f"a kernel of {of} is constant",
    )
    for count in (5, 1):
        x = normal(count, *in_shape, scale=2.0)
        z, _ = convnet.forward(layers, x, impl.framework)
        close(
            impl.logits(model, image(x)),
            z,
            of=f"logits({of}, x)",
            rtol=1e-3,
            atol=1e-4 * float(np.abs(z).max()),
            mistakes={
                "those of means in place of maxima": convnet.forward(layers, x, impl.framework, pool=np.mean)[0],
                "those by the statistics of the batch": convnet.forward(layers, x, impl.framework, batch=True)[0],
                "those with 1e-3 added to the variance": convnet.forward(
                    normalisation.with_epsilon(layers, 1e-3), x, impl.framework
                )[0],
                "the probabilities": convnet.softmax(z),
            },
        )  # fmt: skip
    small = normalisation.faint(layers)
    put(impl, model, small)
    normalisation.expect_epsilon(impl, model, small, in_shape, of)
    defaults = [
        one["kernel"].shape
        for one in exact(impl.layers(impl.build((8, 8, 3), 5)))
        if "kernel" in one
    ]
    equal(
        defaults,
        [(3, 3, 3, 16), (3, 3, 16, 32), (3, 3, 32, 64), (64, 5)],
        of="the kernels of build((8, 8, 3), 5)",
    )


@pytest.mark.grade(points=2)
def test_evaluate_counts_classes(impl):
    """the confusion matrix has true classes in rows, also of classes that do not occur; accuracy is its diagonal"""
    model, layers = made(impl, (5, 4, 3), 4, (3,), 0.5)
    x, y = normal(60, 5, 4, 3, scale=2.0), integers(3, 60)
    found = convnet.forward(layers, x, impl.framework)[0].argmax(1)
    confusion = np.zeros((4, 4), np.int64)
    np.add.at(confusion, (y, found), 1)
    of = "evaluate(model, x, y, 4)"
    for _ in range(2):
        report = impl.evaluate(model, image(x), y, 4)
        keys(report, of, ("accuracy", "confusion"))
        dtype(report["confusion"], "int64", of=f"confusion of {of}")
        equal(
            report["confusion"],
            confusion,
            of=f"confusion of {of}",
            mistakes={"its transpose": confusion.T},
        )
        holds(isinstance(report["accuracy"], float), f"accuracy of {of} should be a Python float")
        number(report["accuracy"], float((found == y).mean()), of=f"accuracy of {of}")
    after = exact(impl.layers(model))
    for one, wanted in zip(after, layers, strict=True):
        for key in one:
            close(one[key], wanted[key], of=f"the {key} after {of}", rtol=0, atol=0)


@pytest.mark.grade(points=1, seconds=60)
def test_use_keeps_the_contracts_words(impl):
    """logits and evaluate leave their arguments as they were, and take integers of every width"""
    model = anew("build", (5, 4, 3), 4, (2,), 0.5)
    x = image(normal(6, 5, 4, 3))
    conform(impl, "logits", [model, x], rows=[1], rowwise=True, tolerance=1e-3)
    # So many classes that the number of a cell, 20 i + j, needs more than 8 bits.
    many, y = anew("build", (5, 4, 3), 20, (2,), 0.5), np.array([19, 3, 12, 15, 0, 18])
    conform(impl, "evaluate", [many, x, y, 20], gives="anything",
            only=["result", "untouched", "settings", "integers", "twice", "keywords"])  # fmt: skip


# -- train -----------------------------------------------------------------------------------------


def plain(count):
    """Images of one colour each, 4 by 4: no change of augment shows in them. And classes."""
    return np.broadcast_to(uniform(count, 1, 1, 3), (count, 4, 4, 3)).copy(), integers(4, count)


@pytest.mark.grade(points=3, seconds=30)
def test_train_steps_with_adam(impl):
    """on whole batches of plain images, losses are those of Adam, in each call anew"""
    model, layers = made(impl, (4, 4, 3), 4, (3,), 0.0)
    x, y = plain(30)
    impl.logits(model, image(x))
    old_gradients(impl, model, image(x))
    # In training mode, that moved the running statistics.
    layers = exact(impl.layers(model))
    # A batch of 50 rows would hold more than there are.
    for call, batch in (("first", 30), ("second", 50)):
        of = f"train(model, x, y, 4, {batch}, 0.05, rng) of images of one colour"
        start, adam, history = layers, oracle.Adam(0.05, 1e-7), []
        for _ in range(4):
            loss, slopes = convnet.gradients(layers, x, y, impl.framework)
            history.append(loss)
            layers = [
                {
                    key: 0.9 * value + 0.1 * slope[key]
                    if key in ("mean", "variance")
                    else adam.moved((i, key), value, slope[key])
                    for key, value in layer.items()
                }
                for i, (layer, slope) in enumerate(zip(layers, slopes, strict=True))
            ]
        running = cross_entropy(convnet.forward(start, x, impl.framework)[0], y).mean()
        seen = impl.train(model, image(x), y, 4, batch, 0.05, impl.rng())
        recorded(seen, history, f"the {call} {of}", rtol=3e-3, mistakes={
            "the sum over the batch": 30 * history[0], "the loss by the running statistics": running,
        })  # fmt: skip
        found = exact(impl.layers(model))
        # The running mean follows the bias of the convolution, whose gradient is 0 but for rounding.
        close(
            found[1]["variance"],
            layers[1]["variance"],
            of=f"the running variance after the {call} {of}",
            rtol=2e-2,
            atol=3e-3,
        )
        layers = found


@pytest.mark.grade(
    points=3,
    seconds=30,
    hint="Draw the order, and augment each batch, inside the loop over epochs.",
)
def test_train_changes_images_anew_in_new_orders(impl):
    """each epoch takes every row once, in batches as asked for, in a new order, each image changed anew"""
    count, epochs = 23, 3
    x, y = uniform(count, 4, 4, 3), integers(4, count)
    model = impl.build((4, 4, 3), 4, (2,), 0.0)
    every = variants(x).reshape(-1, 4, 4, 3)
    known = every.transpose(0, 3, 1, 2) if impl.framework == "torch" else every

    def run(seed):
        return visited(
            impl,
            model,
            known,
            lambda: impl.train(model, image(x), y, epochs, 5, 1e-3, impl.rng(seed)),
        )

    of = f"train(model, x, y, {epochs}, 5, 0.001, rng)"
    taken = run(1)
    expect_epochs([one % count for one in taken], rows=count, batch=5, epochs=epochs, of=of)
    order = np.concatenate(taken)
    at_least(len(set((order // count).tolist())), 6, of=f"how many of the eight changes {of} used")
    how = np.zeros((epochs, count), int)
    for epoch in range(epochs):
        own = order[epoch * count : (epoch + 1) * count]
        how[epoch, own % count] = own // count
    for epoch in range(1, epochs):
        holds(
            (how[epoch] != how[0]).any(),
            f"epoch {epoch + 1} of {of} changed each image as epoch 1 did, but should draw its changes anew",
        )
    equal(
        np.concatenate(run(1)).tolist(),
        order.tolist(),
        of=f"rows and changes of {of}, for the same seed",
    )
    holds(np.concatenate(run(2)).tolist() != order.tolist(), f"{of} gave the same for another seed")


@pytest.mark.grade(points=2, seconds=30)
def test_dropout_works_in_training_alone(impl):
    """in training the losses are those of dropout, drawn anew in each epoch; in use nothing is dropped"""
    rate, count, epochs = 0.4, 1000, 3
    model, layers = made(impl, (4, 4, 3), 2, (1,), rate)
    # The map is 1 at its 4 places, whatever the image, and the logit is half the number of places that are kept.
    values = {"kernel": 0.0, "bias": 0.0, "scale": 1.0, "offset": 1.0, "mean": 0.0, "variance": 1.0}
    layers = [{k: np.full(v.shape, values[k]) for k, v in one.items()} for one in layers]
    layers[-1]["kernel"][:] = [[0.5, 0.0]]
    put(impl, model, layers)
    x, y = uniform(count, 4, 4, 3), np.zeros(count, np.int64)
    wanted = np.tile([2.0, 0.0], (count, 1))
    close(impl.logits(model, image(x)), wanted, of="logits(model, x) before train", atol=1e-4)
    of = f"train(model, x, y, {epochs}, 200, 1e-9, rng) where all maps are 1, at {rate=}"
    seen = losses(
        impl.train(model, image(x), y, epochs, 200, 1e-9, impl.rng()), epochs, of, kind="float"
    )
    kept = np.arange(5)
    chances = np.array([comb(4, k) for k in kept]) * (1 - rate) ** kept * rate ** (4 - kept)
    each = np.log1p(np.exp(-0.5 * kept / (1 - rate)))
    mean = chances @ each
    deviation = np.sqrt(chances @ (each - mean) ** 2)
    for epoch, value in enumerate(seen):
        number(value, mean, of=f"the loss of epoch {epoch} of {of}", rtol=0, atol=5 * deviation / np.sqrt(count),
               mistakes={
                   "the loss without dropout": np.log1p(np.exp(-2)),
                   "the loss where whole maps are dropped": rate * each[0] + (1 - rate) * each[4],
               })  # fmt: skip
    at_least(float(np.ptp(seen)), 1e-7, of=f"how much the losses of {of} differ")
    close(impl.logits(model, image(x)), wanted, of="logits(model, x) after train", atol=1e-4)


@pytest.mark.grade(
    points=1, seconds=30, hint="An optimizer has an epsilon of its own if none is given."
)
def test_train_has_the_epsilon_asked_for(impl):
    """where gradients are as small as epsilon, a step of Adam shows that it is 1e-7"""
    model, layers = made(impl, (4, 4, 3), 4, (3,), 0.0)
    # Without kernel, the logits are the bias; all images are of class 0, which is nearly certain.
    bias = np.array([15.0, 0.0, 0.7, -0.7])
    layers[-1]["kernel"][:], layers[-1]["bias"][:] = 0.0, bias
    put(impl, model, layers)
    x, _ = plain(8)
    impl.train(model, image(x), np.zeros(8, np.int64), 1, 8, 0.05, impl.rng())
    found, slopes = exact(impl.layers(model))[-1]["bias"], convnet.softmax(bias[None])[0]
    of = "the last 3 biases after train on one batch, where their gradients are near 3e-7"
    expect_epsilon(found[1:], bias[1:], slopes[1:], 0.05, of)


@pytest.mark.grade(points=1, seconds=30)
def test_train_has_the_betas_asked_for(impl):
    """over many steps, beta1 0.9 and beta2 0.999 show in the way of the last bias"""
    model, layers = made(impl, (4, 4, 3), 4, (3,), 0.0)
    # In black images all maps are 0, and only the bias of the logits has a gradient.
    start, y = np.array([1.5, -1.0, 0.5, 0.0]), np.repeat(np.arange(4), [5, 3, 1, 1])
    layers[0]["bias"][:], layers[1]["offset"][:] = 0.0, 0.0
    layers[-1]["kernel"][:], layers[-1]["bias"][:] = 0.0, start
    put(impl, model, layers)
    impl.train(model, image(np.zeros((10, 4, 4, 3))), y, STEPS, 10, RATE, impl.rng())
    of = f"train on 10 black images, epochs={STEPS}, lr={RATE}"
    shares = np.array([0.5, 0.3, 0.1, 0.1])
    found = exact(impl.layers(model))[-1]["bias"]
    expect_betas(found, start, lambda b: oracle.softmax(b) - shares, of)


@pytest.mark.grade(points=1, seconds=30)
def test_train_weighs_every_row(impl):
    """at a learning rate near 0, the loss of each epoch is the mean over all rows"""
    model, layers = made(impl, (4, 4, 3), 4, (3,), 0.0)
    # Without a spread of the maps, the statistics of a batch do not matter.
    x = np.broadcast_to(uniform(1, 1, 1, 3), (9, 4, 4, 3)).copy()
    # The last batch holds one row.
    y = integers(4, 9)
    z, _ = convnet.forward(layers, x, impl.framework, batch=True)
    of = "train(model, x, y, 3, 4, 1e-9, rng) of 9 rows"
    recorded(
        impl.train(model, image(x), y, 3, 4, 1e-9, impl.rng()), [cross_entropy(z, y).mean()] * 3, of
    )
    *rest, last = layers
    put(impl, model, [*rest, last | {"bias": np.array([1000.0, 0.0, 0.0, 0.0])}])
    of = "train(model, x, y, 4, 4, 0.01, rng), where the model is sure of every class"
    every_epoch(impl.train(model, image(x), 0 * y, 4, 4, 0.01, impl.rng()), 4, of)


@pytest.mark.grade(points=1, seconds=120)
def test_train_keeps_the_contracts_words(impl):
    """train leaves x and y as they were, takes integers of every width, and changes no setting"""
    x, y = plain(10)
    conform(impl, "train", [anew("build", (4, 4, 3), 4, (2,), 0.0), image(x), y, 1, 4, 0.05, impl.rng(1)],
            changes=[0], gives="anything", only=["untouched", "settings", "integers", "keywords"])  # fmt: skip
    model = impl.build((4, 4, 3), 4, (2,), 0.0)
    run = lambda: impl.train(model, image(x), y, 1, 10, 0.05, impl.rng())  # noqa: E731
    expect_frozen(impl, model, run, "train(model, x, y, 1, 10, 0.05, rng)")


# -- export ----------------------------------------------------------------------------------------


def path_of(impl, name):
    return f"{name}.pt2" if impl.framework == "torch" else f"{name}.keras"


def exported(impl, path, batches):
    """The logits that the file computes of each batch, in a process without the submission. Ends all Remotes."""
    files, framework = impl.files(path), impl.framework
    runtime = "torch_program" if framework == "torch" else "keras"
    found = []
    with impl.open(runtime, files, path.rpartition("/")[2]) as model:
        ends = model.about["inputs"]
        equal(
            [one["dtype"] for one in ends],
            ["float32"],
            of="the dtypes of what the exported file takes",
        )
        for x in batches:
            sent = np.asarray(x.transpose(0, 3, 1, 2) if framework == "torch" else x, np.float32)
            result = model.run({ends[0]["name"]: np.ascontiguousarray(sent)})
            equal(len(result), 1, of="how many results the exported file has")
            found.append(next(iter(result.values())))
    return found


@pytest.mark.grade(points=3, seconds=60)
def test_export_computes_the_same_without_this_code(impl):
    """the file alone gives the logits of the model in use, of one image and of several; the model stays as it was"""
    model, layers = made(impl, (8, 6, 3), 4, (2, 3), 0.5)
    home = impl.write({"out/place.txt": b""})
    path = f"{home}/out/{path_of(impl, 'model')}"
    impl.export(model, (8, 6), path)
    x = uniform(5, 8, 6, 3)
    wanted, _ = convnet.forward(layers, x, impl.framework)
    close(
        impl.logits(model, image(x)),
        wanted,
        of="logits(model, x) after export",
        rtol=1e-3,
        atol=1e-3,
    )
    for one, before in zip(exact(impl.layers(model)), layers, strict=True):
        for key in one:
            close(one[key], before[key], of=f"the {key} after export", rtol=0, atol=0)
    small, other = impl.build((4, 4, 3), 2, (1,)), f"{home}/out/{path_of(impl, 'small')}"
    of = "export(model, (4, 4), path)"
    expect_frozen(impl, small, lambda: impl.export(small, (4, 4), other), of)
    of = "the result of the exported file"
    for z, count in zip(exported(impl, path, [x, x[:1]]), (5, 1), strict=True):
        close(z, wanted[:count], of=f"{of} for {count} images of 8 by 6 pixels", rtol=1e-3, atol=1e-3, mistakes={
            "the probabilities": convnet.softmax(wanted[:count]),
            "those of images of 0 to 255, divided again": convnet.forward(layers, x[:count] / 255, impl.framework)[0],
        })  # fmt: skip


# -- run -------------------------------------------------------------------------------------------


def photographs(count, copies):
    """(images (N, 16, 16, 3) of bytes, classes): drawn shapes at half their size, some of them twice, with noise."""
    rng = generator()
    drawn, y = data.shapes5(count, rng)
    x = drawn.reshape(count, 16, 2, 16, 2, 3).mean((2, 4))
    chosen = rng.choice(count, copies, replace=False)
    noise = rng.normal(0, 4.0, (copies, 16, 16, 3))
    x = np.concatenate([x, x[chosen] + noise])
    return np.rint(np.clip(x, 0, 255)).astype(np.uint8), np.concatenate([y, y[chosen]])


def project(impl, x, y, settings):
    """(report, path, images and labels as load gives them) of run on files of x, in folders of the classes."""
    names = [data.SHAPES5_CLASSES[k] for k in y]
    classes = sorted(data.SHAPES5_CLASSES)
    # Copies lie far from each other: the order of the files is that of a shuffle.
    order = generator().permutation(len(x))
    # A worker keeps its files: another project may have been there before.
    photos = f"photos{random_seed()}"
    files = {
        f"{photos}/{names[row]}/{place:04d}.ppm": ppm(x[row]) for place, row in enumerate(order)
    }
    home = impl.write(files | {"out/place.txt": b""})
    path = f"{home}/out/{path_of(impl, 'shapes')}"
    report = impl.run(f"{home}/{photos}", path, *settings)
    rows = sorted(range(len(x)), key=lambda place: (names[order[place]], place))
    rows = order[rows]
    return report, path, x[rows] / 255, np.array([classes.index(names[row]) for row in rows])


def judged(impl, report, path, x, y, share, epochs, more):
    """Expect the report to be true of the exported file. Returns the file's logits of more images."""
    of = "run(...)"
    keys(report, of, ("classes", "train", "test", "losses", "accuracy", "confusion"))
    equal(report["classes"], sorted(data.SHAPES5_CLASSES), of=f"classes of {of}")
    _, test = sides((report["train"], report["test"]), groups(x), share, f"the split of {of}")
    seen = losses(report["losses"], epochs, f"losses of {of}", kind="float")
    z, other = exported(impl, path, [x[test], more])
    confusion = np.zeros((5, 5), np.int64)
    np.add.at(confusion, (y[test], z.argmax(1)), 1)
    dtype(report["confusion"], "int64", of=f"confusion of {of}")
    equal(report["confusion"], confusion, of=f"confusion of {of}, which the exported file has")
    right = float(np.trace(confusion) / len(test))
    number(report["accuracy"], right, of=f"accuracy of {of}, which the exported file has")
    return seen, other


@pytest.mark.grade(points=2, seconds=60)
def test_run_heeds_its_arguments(impl):
    """epochs and share are those asked for; share has a default of 0.25"""
    x, y = photographs(36, 14)
    report, path, files, labels = project(impl, x, y, (2, 10, 0.003, impl.rng(1), 0.5))
    judged(impl, report, path, files, labels, 0.5, 2, files[:1])
    # Without its file, which takes longer to open than to make.
    more, _, files, _ = project(impl, x, y, (1, 10, 0.003, impl.rng(1)))
    keys(more, "run(...) without share", list(report))
    sides((more["train"], more["test"]), groups(files), 0.25, "the split of run(...)")
    losses(more["losses"], 1, "losses of run(...)", kind="float")


EPOCHS, BATCH, LR = 15, 25, 0.003


ACCURACY = Threshold(
    "accuracy of the exported classifier on drawn shapes that it has not met",
    at_least=0.6,
    torch=[0.74, 0.825, 0.6575, 0.74, 0.805, 0.815, 0.86, 0.8275, 0.83, 0.87],
    tensorflow=[0.79, 0.7925, 0.8125, 0.7375, 0.74, 0.7575, 0.6725, 0.65, 0.825, 0.7075],
)


@ACCURACY.measured_by
def accuracy(impl, seed):
    impl.seed(seed)
    x, y = photographs(440, 60)
    fresh, labels = photographs(400, 0)
    report, path, x, y = project(impl, x, y, (EPOCHS, BATCH, LR, impl.rng(seed)))
    seen, z = judged(impl, report, path, x, y, 0.25, EPOCHS, fresh / 255)
    holds(
        seen[-1] < seen[0],
        f"the losses of run(...) end at {seen[-1]:.4g}, but began at {seen[0]:.4g}",
    )
    wanted = np.array([sorted(data.SHAPES5_CLASSES).index(data.SHAPES5_CLASSES[k]) for k in labels])
    return float((z.argmax(1) == wanted).mean())


FLOWERS = Threshold(
    "accuracy on photos of flowers that it has not met",
    at_least=0.55,
    torch=[0.6399, 0.625, 0.6454, 0.659, 0.6236, 0.6359, 0.6101, 0.6073, 0.6535, 0.6332],
    tensorflow=[0.6223, 0.5897, 0.6182, 0.6685, 0.6332, 0.5924, 0.6236, 0.6264, 0.6399, 0.6209],
)


@lru_cache(1)
def flower_photos():
    return data.flowers(32)


@FLOWERS.measured_by
def flowers(impl, seed):
    impl.seed(seed)
    split = flower_photos()
    x, fresh = (part / np.float32(255) for part in (split.train_x, split.test_x))
    model = impl.build((32, 32, 3), 5)
    impl.train(model, image(x), split.train_y, 12, 32, 0.002, impl.rng(seed))
    layers = impl.layers(model)
    z = np.concatenate(
        [convnet.forward(layers, part, impl.framework)[0] for part in np.array_split(fresh, 4)]
    )
    right = float((z.argmax(1) == split.test_y).mean())
    of = "accuracy of evaluate(model, x, y, 5) on flowers"
    found = impl.evaluate(model, image(fresh), split.test_y, 5)
    # Two logits may be so near that rounding decides.
    number(found["accuracy"], right, of=of, rtol=0, atol=2.5 / len(fresh))
    return right


@pytest.mark.grade(points=5, seconds=360)
def test_project_makes_a_classifier_and_an_honest_report(impl):
    """the report is what the exported file computes, groups are whole, and the median of the runs reaches the bound"""
    ACCURACY.expect(impl)
    if full_size("flowers"):
        FLOWERS.expect(impl)
