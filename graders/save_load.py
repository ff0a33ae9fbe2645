"""Hidden checks of exercises/save_load.py. `impl` takes and returns NumPy arrays."""

import io
import pickle
import zipfile
from functools import partial

import numpy as np
import pytest

from katagrad.authoring import deployed, structure
from katagrad.authoring.adam import nearer
from katagrad.authoring.companion import plant
from katagrad.authoring.expect import close, equal, finite, holds, normal, raises, random_seed
from katagrad.authoring.oracle import Adam
from katagrad.authoring.states import expect_frozen, old_gradients
from katagrad.boundary.implementation import opaque

WIDTHS = (3, 4, 2)
ARRAYS = ("kernel", "bias", "scale", "offset", "mean", "variance")
WHOLE = "Write to another name in the same folder, then os.replace(that name, path)."
STATE = "The weights, Adam's moments and count of steps, the epochs, and rng.bit_generator.state."
CODE = (
    "torch.load(path, weights_only=True), np.load(path, allow_pickle=False), and JSON run no code."
)


def layers(widths=WIDTHS):
    """Weights and running statistics of the model of `build`, drawn at random."""
    return deployed.drawn(*widths)


def made(impl, state=None, widths=WIDTHS):
    """A model of `build` with the given state."""
    model = impl.build(*widths)
    found = impl.layers(model)
    holds(
        [one["type"] for one in found] == ["dense", "batch_norm", "dense"],
        f"build has the layers {[one['type'] for one in found]}, but should have dense, batch_norm, dense",
    )
    impl.assign(model, layers(widths) if state is None else state)
    return model


def expect_state(impl, model, state, of):
    for i, (found, wanted) in enumerate(zip(impl.layers(model), state, strict=True)):
        for key, value in wanted.items():
            close(found[key], value, of=f"the {key} of layer {i} {of}")


def folder(impl):
    """The path of a new, empty folder. Its name ends in "runs" and a number."""
    name = f"runs{random_seed()}"
    home = impl.write({f"{name}/.keep": b""})
    impl.remove(f"{home}/{name}/.keep")
    return f"{home}/{name}"


def put(impl, path, content):
    """Write a file that lies in a folder of `folder`."""
    impl.write({"/".join(path.split("/")[-2:]): content})


def moved(impl, path):
    """A new process with the files in the folder of `path`, and without the memory of the old one; returns the path."""
    files = impl.files(path.rpartition("/")[0])
    impl.restart()
    return f"{impl.write(files)}/{'/'.join(path.split('/')[-2:])}"


# -- weights ---------------------------------------------------------------------------------------------


@pytest.mark.grade(points=1)
def test_build_makes_the_model(impl):
    """build has a dense layer, batch normalization, ReLU and a dense layer, with random weights"""
    for widths in ((3, 4, 2), (2, 1, 1)):
        kernels = [impl.layers(impl.build(*widths))[0]["kernel"] for _ in range(2)]
        holds(not np.array_equal(*kernels), f"build{widths} twice made the same weights")
        x, y, state = normal(6, widths[0]), normal(6, widths[2]), layers(widths)
        model = made(impl, state, widths)
        training = impl.Training(model, 0.01, impl.rng())
        if impl.framework == "torch":
            model.eval()  # in use, as whoever used the model may have left it
        expected = float(np.mean((forward(state, x, impl.framework) - y) ** 2))
        found = training.run(x, y, 1, 6)
        structure.recorded(found, [expected], f"run(x, y, 1, 6) of a model of build{widths}")


def forward(state, x, framework):
    """The model of `build` in training mode: batch statistics, and the framework's epsilon."""
    z = x @ state[0]["kernel"] + state[0]["bias"]
    z = (z - z.mean(0)) / np.sqrt(z.var(0) + (1e-5 if framework == "torch" else 1e-3))
    z = np.maximum(z * state[1]["scale"] + state[1]["offset"], 0)
    return z @ state[2]["kernel"] + state[2]["bias"]


@pytest.mark.grade(points=3, hint="The running statistics belong to the state, too.")
def test_weights_survive_the_process(impl):
    """another process loads the weights and the running statistics that save_weights wrote"""
    state = layers()
    model, path = made(impl, state), f"{folder(impl)}/a.weights.h5"
    equal(impl.save_weights(model, path), None, of="save_weights(model, path)")
    expect_state(impl, model, state, "after save_weights")
    impl.assign(model, layers())  # a file does not follow the model
    path = moved(impl, path)
    model = made(impl)
    equal(impl.load_weights(model, path), None, of="load_weights(model, path)")
    expect_state(impl, model, state, "after load_weights in another process")
    later = layers()
    other = made(impl, later)
    impl.save_weights(other, path)
    training = impl.Training(model, 0.1, impl.rng())
    impl.load_weights(model, path)
    expect_state(impl, model, later, "after the file was replaced and loaded again")
    training.run(normal(6, 3), normal(6, 2), 1, 3)
    holds(
        not np.allclose(impl.layers(model)[0]["kernel"], later[0]["kernel"], 1e-5),
        "load_weights gave the model other parameters than it had: a Training that was made before no longer trains it",
    )
    expect_frozen(impl, model, lambda: impl.load_weights(model, path), "load_weights(model, path)")


@pytest.mark.grade(
    points=2, hint="torch.save(model.state_dict(), path), or model.save_weights(path)."
)
def test_weights_open_without_the_submission(impl):
    """a process without the student's code reads all weights from the file, in the framework's own format"""
    state = layers((3, 5, 2))
    model, path = made(impl, state, (3, 5, 2)), f"{folder(impl)}/a.weights.h5"
    impl.save_weights(model, path)
    files = impl.files(path)
    with impl.open(f"{impl.framework}_weights", files, "a.weights.h5") as weights:
        arrays = list(weights.run({}).values())
    known = [np.sort(array, axis=None) for array in arrays]
    for i, layer in enumerate(state):
        for key, value in layer.items():
            wanted = np.sort(value, axis=None)
            holds(
                any(len(one) == len(wanted) and np.allclose(one, wanted, 1e-6) for one in known),
                f"the file that save_weights wrote lacks the {key} of layer {i}",
            )


@pytest.mark.grade(points=2, hint=WHOLE)
@pytest.mark.parametrize("what", ["save_weights", "Training.save"])
def test_files_are_replaced_as_a_whole(impl, what):
    """saving replaces the old file, which whoever has it open goes on reading, and leaves no other file"""
    place = folder(impl)
    path = f"{place}/a.weights.h5"
    put(impl, path, b"the old content")
    impl.link(path, old := f"{folder(impl)}/old")
    model = made(impl)
    training = impl.Training(model, 0.01, impl.rng())
    for _ in range(2):
        # Models of Keras have no mode.
        mode = impl.framework == "torch" and not model.get("training")
        if impl.framework == "torch":
            model.train() if mode else model.eval()
        if what == "save_weights":
            impl.save_weights(model, path)
        else:
            training.save(path)
        if impl.framework == "torch":
            equal(
                model.get("training"), mode, of=f"the attribute training of the model after {what}"
            )
    kept = impl.read(old) == b"the old content"
    holds(kept, f"{what} wrote into the old file, but should put a new file in its place")
    equal(
        [name.rpartition("/")[2] for name in impl.files(place)],
        ["a.weights.h5"],
        of=f"the files in the folder after {what}",
    )
    holds(impl.read(path) != b"the old content", f"{what} did not write to path")


@pytest.mark.grade(
    points=2, hint="Compare the number and the shapes of the file's arrays with the model's."
)
def test_weights_of_another_model_are_refused(impl):
    """load_weights raises ValueError for more layers, fewer layers or other shapes, and changes nothing"""
    place = folder(impl)
    small = {"type": "dense", "kernel": normal(3, 4), "bias": normal(4)}
    more = {"type": "dense", "kernel": normal(4, 4), "bias": normal(4)}
    impl.save_weights(impl.sequential(small, "relu", more), f"{place}/two.weights.h5")
    impl.save_weights(impl.sequential(small), f"{place}/one.weights.h5")
    impl.save_weights(impl.sequential(small, "relu", more, more), f"{place}/three.weights.h5")
    wide = {"type": "dense", "kernel": normal(4, 6), "bias": normal(6)}
    impl.save_weights(impl.sequential(small, "relu", wide), f"{place}/wide.weights.h5")
    # Its arrays could be stretched to the model's.
    single = {"type": "dense", "kernel": normal(4, 1), "bias": normal(1)}
    impl.save_weights(impl.sequential(small, "relu", single), f"{place}/single.weights.h5")
    state = [
        {"kernel": normal(3, 4), "bias": normal(4)},
        {"kernel": normal(4, 4), "bias": normal(4)},
    ]
    model = impl.sequential({"type": "dense", **state[0]}, "relu", {"type": "dense", **state[1]})
    for name, words in (
        ("one", "fewer layers"),
        ("three", "more layers"),
        ("wide", "other shapes"),
        ("single", "one unit where the model has four"),
    ):
        with raises("ValueError", of=f"load_weights of a file with {words}"):
            impl.load_weights(model, f"{place}/{name}.weights.h5")
        expect_state(impl, model, state, f"after a file with {words}")
    # Without a bias, no array but the last has another shape.
    bare = [{"type": "dense", "kernel": normal(4, width)} for width in (4, 6)]
    impl.save_weights(impl.sequential(small, "relu", bare[1]), f"{place}/bare.weights.h5")
    model = impl.sequential({"type": "dense", **state[0]}, "relu", bare[0])
    of = "a file with another shape of its last array alone"
    with raises("ValueError", of=f"load_weights of {of}"):
        impl.load_weights(model, f"{place}/bare.weights.h5")
    expect_state(impl, model, [state[0], {"kernel": bare[0]["kernel"]}], f"after {of}")


@pytest.mark.grade(points=2, hint="Read and compare the whole file before you change the model.")
@pytest.mark.parametrize("what", ["load_weights", "resume"])
def test_damaged_files_change_nothing(impl, what):
    """a missing file, a file cut short and junk raise an exception, and the model keeps its state"""
    place = folder(impl)
    state, path = layers(), f"{place}/a.weights.h5"
    if what == "load_weights":
        impl.save_weights(made(impl), path)
    else:
        trained = impl.Training(made(impl), 0.01, impl.rng())
        trained.run(normal(6, 3), normal(6, 2), 1, 3)
        trained.save(path)
    content, model = impl.read(path), made(impl, state)
    damaged = {
        "missing": None,
        "empty": b"",
        "cut in the middle": content[: len(content) // 2],
        "without its end": content[: -max(16, len(content) // 8)],
        "junk": b"junk" * 100,
    }
    for name, spoilt in damaged.items():
        path = f"{place}/{name.replace(' ', '_')}.weights.h5"
        if spoilt is not None:
            put(impl, path, spoilt)
        refused(impl, what, model, path, f"{what} of a file that is {name}")
        expect_state(impl, model, state, f"after {what} of a file that is {name}")


def refused(impl, what, model, path, of):
    """Expect any exception of the submission's own."""
    with raises("Exception", of=of):
        if what == "load_weights":
            impl.load_weights(model, path)
        else:
            impl.resume(path, model)


# -- code in files ---------------------------------------------------------------------------------------


class Code:
    """A pickle of this writes a file when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return exec, (f"open({self.path!r}, 'w').close()",)


def with_code(path):
    """Files that hold code, in the formats that frameworks and NumPy read, by name."""
    evil = pickle.dumps({"model": Code(path), "weights": Code(path)}, protocol=2)
    archive, arrays = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("archive/data.pkl", evil)
        file.writestr("archive/version", "3\n")
        file.writestr("archive/byteorder", "little")
    objects = np.empty(1, object)
    objects[0] = Code(path)
    np.savez(
        arrays, **dict.fromkeys(("model", "rng", "epoch", "state", "arr_0", "model 0"), objects)
    )
    single = io.BytesIO()
    np.save(single, objects, allow_pickle=True)
    return {
        "a pickle": evil,
        "a file of torch.save": archive.getvalue(),
        "an archive of NumPy": arrays.getvalue(),
        "an array of NumPy": single.getvalue(),
    }


@pytest.mark.grade(points=2, hint=CODE)
@pytest.mark.parametrize("what", ["load_weights", "resume"])
def test_files_with_code_run_nothing(impl, what):
    """loading a file that holds code raises an exception, and does not run it"""
    place, state = folder(impl), layers()
    model, canary = made(impl, state), f"{place}/ran"
    for name, content in with_code(canary).items():
        put(impl, path := f"{place}/a.weights.h5", content)
        refused(impl, what, model, path, f"{what} of {name} with code in it")
        there = [found.rpartition("/")[2] for found in impl.files(place)]
        holds("ran" not in there, f"{what} of {name} ran the code in it")
        expect_state(impl, model, state, f"after {what} of {name} with code in it")


# -- training --------------------------------------------------------------------------------------------


def train(state, x, y, epochs, batch, lr, seed, corrected, drawn=0):
    """Adam on the mean squared error of dense layers with ReLU between them: the losses, and the weights.

    drawn: how many orders another training has drawn before.
    """
    rng = np.random.default_rng(seed)
    for _ in range(drawn):
        rng.permutation(len(x))
    adam, state = Adam(lr, corrected=corrected), [dict(layer) for layer in state]
    losses = []
    for _ in range(epochs):
        order, total = rng.permutation(len(x)), 0.0
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            inputs = [x[rows]]
            inputs.append(np.maximum(inputs[0] @ state[0]["kernel"] + state[0]["bias"], 0))
            errors = inputs[1] @ state[1]["kernel"] + state[1]["bias"] - y[rows]
            total += float(np.sum(errors**2))
            signal = 2 * errors / errors.size
            for i in (1, 0):
                gradients = {"kernel": inputs[i].T @ signal, "bias": signal.sum(0)}
                signal = (signal @ state[i]["kernel"].T) * (inputs[i] > 0)
                for key, g in gradients.items():
                    state[i][key] = adam.moved((i, key), state[i][key], g)
        losses.append(total / y.size)
    return losses, state


# A generator that stays in the worker between two calls.
GENERATOR = """
from numpy.random import default_rng as generator
"""


def plain(impl):
    """A model of two dense layers that no rounding of batch statistics touches, and its weights."""
    state = [
        {"kernel": normal(3, 5), "bias": normal(5)},
        {"kernel": normal(5, 2), "bias": normal(2)},
    ]
    return impl.sequential(
        {"type": "dense", **state[0]}, "relu", {"type": "dense", **state[1]}
    ), state


@pytest.mark.grade(
    points=3, hint="order = rng.permutation(len(x)), once an epoch; Adam with its usual betas."
)
@pytest.mark.parametrize(
    ("rows", "batch", "lr"), [(7, 3, 0.05), (6, 2, 0.02), (4, 9, 0.1), (3, 1, 0.03)]
)
def test_run_trains_with_adam(impl, rows, batch, lr):
    """run takes Adam's steps on the rows in the order of rng, and returns each epoch's mean squared error"""
    x, y, seed = normal(rows, 3), normal(rows, 2), random_seed()
    model, state = plain(impl)
    old_gradients(impl, model, x)
    training = impl.Training(model, lr, impl.rng(seed))
    equal(training.get("epoch"), 0, of="epoch of a new Training")
    call = f"run(x, y, epochs, batch={batch}) on {rows} rows"
    first = structure.losses(training.run(x, y, 3, batch), 3, call, "float")
    equal(training.get("epoch"), 3, of="epoch after 3 epochs")
    last = structure.losses(training.run(x, y, 1, batch), 1, call, "float")
    equal(training.get("epoch"), 4, of="epoch after 3 epochs and one more")
    equal(training.run(x, y, 0, batch), [], of="run(x, y, epochs=0, batch)")
    equal(training.get("epoch"), 4, of="epoch after a run of no epochs")
    losses, expected = nearer(first + last, partial(train, state, x, y, 4, batch, lr, seed))
    structure.recorded(first + last, losses, call)
    for i, (found, wanted) in enumerate(zip(impl.layers(model), expected, strict=True)):
        near = np.abs(found["kernel"] - wanted["kernel"]).max()
        holds(near < 0.1 * lr * 4, f"the kernel of layer {i} is {near:.3g} off after {call}")
    impl.assign(model, [{key: 0 * value for key, value in layer.items()} for layer in state])
    of = f"run(x, y, 4, {batch}) from weights of 0, where every target is 0"
    training = impl.Training(model, lr, impl.rng(seed))
    structure.every_epoch(training.run(x, 0 * y, 4, batch), 4, of)
    equal(training.get("epoch"), 4, of=f"epoch after {of}")
    if rows != 7:
        return
    shared = plant(impl, "generators.py", GENERATOR).get("generator")(seed, returns=opaque)
    x, y = normal(7, 3), normal(7, 2)
    for i, which in enumerate(("first", "second")):
        model, state = plain(impl)
        of = f"run(x, y, 2, 2) of the {which} Training that was given one generator"
        losses = impl.Training(model, 0.1, shared).run(x, y, 2, 2)
        losses = structure.losses(losses, 2, of, "float")
        expected, _ = nearer(losses, partial(train, state, x, y, 2, 2, 0.1, seed, drawn=2 * i))
        structure.recorded(losses, expected, of)
    run = lambda: impl.Training(model, 0.1, impl.rng()).run(x, y, 1, 4)  # noqa: E731
    expect_frozen(impl, model, run, "run(x, y, 1, 4)")


@pytest.mark.grade(points=2)
def test_trainings_share_nothing(impl):
    """two Trainings share no moments and no epochs, and their generator only if they were given one"""
    x, y = normal(6, 3), normal(6, 2)
    seeds = random_seed(), random_seed()
    (one, a), (other, b) = plain(impl), plain(impl)
    trainings = [
        impl.Training(m, 0.05, impl.rng(s)) for m, s in zip((one, other), seeds, strict=True)
    ]
    found = [[], []]
    for _ in range(2):
        for losses, training in zip(found, trainings, strict=True):
            losses += structure.losses(training.run(x, y, 1, 4), 1, "run", "float")
    for state, seed, losses in zip((a, b), seeds, found, strict=True):
        expected, _ = nearer(losses, partial(train, state, x, y, 2, 4, 0.05, seed))
        structure.recorded(losses, expected, "run, one epoch of each Training in turn")
    # Of one generator, the other Training draws between run and save. A resumed one has a copy of its own.
    shared = plant(impl, "generators.py", GENERATOR).get("generator")(seeds[0], returns=opaque)
    trainings = [impl.Training(plain(impl)[0], 0.05, shared) for _ in range(2)]
    for training in trainings:
        training.run(x, y, 1, 1)
    trainings[0].save(path := f"{folder(impl)}/state")
    resumed = impl.resume(path, plain(impl)[0])
    found, wanted = (
        structure.losses(training.run(x, y, 2, 1), 2, "run", "float")
        for training in (resumed, trainings[0])
    )
    of = "run of a resumed Training, before whose save another Training drew from the same rng"
    close(np.array(found), np.array(wanted), of=f"the losses of {of}", rtol=1e-5)


# (lr, rows, batch, epochs of each run; each run but the last ends in save, and the next begins with resume)
STOPS = {
    "once": (0.05, 8, 4, (2, 3)),
    "in four parts, one without an epoch": (0.02, 9, 3, (1, 2, 0, 2)),
    "before the first epoch": (0.1, 8, 8, (0, 3)),
    "after 48 steps": (0.01, 8, 2, (12, 1)),
}


@pytest.mark.grade(points=5, hint=STATE, seconds=60)
@pytest.mark.parametrize("stop", STOPS)
def test_training_goes_on_exactly(impl, stop):
    """a training resumed in another process has the losses, the model and the epoch of one never interrupted"""
    lr, rows, batch, parts = STOPS[stop]
    x, y, seed, state = normal(rows, 3), normal(rows, 2), random_seed(), layers()
    model = made(impl, state)
    whole = impl.Training(model, lr, impl.rng(seed)).run(x, y, sum(parts), batch)
    whole = structure.losses(whole, sum(parts), "run", "float")
    final = impl.layers(model)
    model = made(impl, state)
    training = impl.Training(model, lr, impl.rng(seed))
    found, path = [], f"{folder(impl)}/state"
    training.save(path)  # an earlier state, which a later call of save replaces
    for i, epochs in enumerate(parts):
        if i:
            before = impl.layers(model)
            equal(training.save(path), None, of="save(path)")
            for was, now in zip(before, impl.layers(model), strict=True):
                for key in ARRAYS:
                    if key in was:
                        close(now[key], was[key], of=f"the {key} of the model after save")
            # What happens after save is not in the file.
            training.run(x, y, 1, batch)
            path = moved(impl, path)
            model = made(impl)
            training = impl.resume(path, model)
            if impl.framework == "torch":
                model.eval()  # in use, between resume and run
            equal(
                training.get("epoch"),
                sum(parts[:i]),
                of=f"epoch of resume, saved after epoch {sum(parts[:i])}",
            )
        losses = training.run(x, y, epochs, batch)
        found += structure.losses(losses, epochs, "run", "float")
    for epoch, (value, wanted) in enumerate(zip(found, whole, strict=True)):
        holds(
            abs(value - wanted) <= 1e-5 * abs(wanted),
            f"interrupted {stop}, the loss of epoch {epoch} is {value:.7g}, but should be {wanted:.7g} "
            "as without an interruption",
        )
    equal(training.get("epoch"), sum(parts), of="epoch after the last run")
    for i, (now, wanted) in enumerate(zip(impl.layers(model), final, strict=True)):
        for key in ARRAYS:
            if key in wanted:
                finite(now[key], of=f"the {key} of layer {i}")
                close(
                    now[key], wanted[key], of=f"the {key} of layer {i} after the resumed training"
                )
