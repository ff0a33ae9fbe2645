"""Hidden checks of exercises/pruning.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_least,
    close,
    dtype,
    equal,
    from_scratch,
    generator,
    holds,
    integers,
    normal,
    number,
    raises,
    uniform,
)
from katagrad.authoring.oracle import relu_network, relu_network_gradients, trained_network
from katagrad.authoring.structure import items, keys
from katagrad.authoring.threshold import Threshold

SIZES = "Sort the absolute values, and prune the first floor(sparsity n) places of that order."
MEMORY = "The velocity of a pruned weight is set to 0, too."
LLOYD = "Assign each number to the nearest value, then move each value to the mean of its numbers."
SCOPES = ("layer", "global")


# -- oracle ----------------------------------------------------------------------------------------


def weights_of(params):
    return {name: w for name, w in params.items() if w.ndim >= 2}


def smallest(sizes, sparsity):
    mask = np.ones(sizes.size, bool)
    mask[np.argsort(sizes, axis=None)[: int(np.floor(round(sparsity * sizes.size, 6)))]] = False
    return mask.reshape(sizes.shape)


def magnitude_masks(params, sparsity, scope="layer"):
    weights = weights_of(params)
    if scope == "layer":
        return {name: smallest(np.abs(w), sparsity) for name, w in weights.items()}
    flat = smallest(np.concatenate([np.abs(w).ravel() for w in weights.values()]), sparsity)
    parts = np.split(flat, np.cumsum([w.size for w in weights.values()])[:-1])
    return {n: part.reshape(w.shape) for (n, w), part in zip(weights.items(), parts, strict=True)}


def apply_masks(params, masks):
    return {n: np.where(masks[n], w, 0.0) if n in masks else w for n, w in params.items()}


def sparsity_of(params):
    weights = weights_of(params).values()
    return float(sum((w == 0).sum() for w in weights) / max(sum(w.size for w in weights), 1))


def masked_step(params, grads, velocity, masks, lr, momentum=0.9):
    velocity = {n: momentum * velocity[n] + grads[n] for n in params}
    params = {n: w - lr * velocity[n] for n, w in params.items()}
    return apply_masks(params, masks), apply_masks(velocity, masks)


def schedule(step, start, end, final):
    done = np.clip((step - start) / (end - start), 0, 1)
    return float(final * (1 - (1 - done) ** 3))


def cluster(w, k, iterations=50):
    codebook = np.linspace(w.min(), w.max(), k)
    for _ in range(iterations):
        index = np.abs(w.reshape(-1, 1) - codebook).argmin(1)
        codebook = np.array(
            [w.ravel()[index == j].mean() if (index == j).any() else codebook[j] for j in range(k)]
        )
    return codebook, np.abs(w.reshape(-1, 1) - codebook).argmin(1).reshape(w.shape)


# -- inputs ----------------------------------------------------------------------------------------


def parameters():
    """Weights of several ranks and scales, with distinct absolute values, and biases that are smaller than all."""
    while True:
        params = {
            "first": distinct(6, 9, scale=1.0),
            "bias": normal(9, scale=1e-4),
            "kernel": distinct(3, 3, 2, 4, scale=0.2),
            "taps": distinct(5, 2, 3, scale=0.6),
            "volume": distinct(2, 3, 1, 2, 2, scale=0.4),
            "gain": np.array(1e-5),
            "last": distinct(9, 5, scale=3.0),
        }
        sizes = np.abs(np.concatenate([w.ravel() for w in weights_of(params).values()]))
        if len(np.unique(sizes)) == sizes.size:
            return params


def distinct(*size, scale):
    """Numbers whose absolute values are at least 1 % of their range apart from each other."""
    count = int(np.prod(size))
    sizes = (generator().permutation(count) + uniform(count, low=0.1, high=0.6) + 0.3) / count
    signs = np.where(generator().random(count) < 0.5, 1, -1)
    return single(scale * sizes * signs).reshape(size)


def single(x):
    """x, as float32 holds it."""
    return np.float32(x).astype(float)


def clear(*size, k, iterations=50):
    """Numbers that no iteration of `cluster` finds near the middle between two values."""
    while True:
        w = normal(*size)
        codebook = np.linspace(w.min(), w.max(), k)
        margin = np.inf
        for _ in range(iterations + 1):
            distances = np.sort(np.abs(w.reshape(-1, 1) - codebook), 1)
            margin = min(margin, (distances[:, 1] - distances[:, 0]).min()) if k > 1 else 1.0
            before, codebook = codebook, cluster_step(w, codebook)
            if (before == codebook).all():
                break
        if margin > 1e-3:
            return w


def slow(steps=60):
    """Numbers for k = 2 of which each iteration moves one to the other value, `steps` times."""
    place = np.arange(steps + 1)
    movers = 0.5 + 0.003 * place[:-1]
    for _ in range(500):
        gone = np.concatenate([[0.0], np.cumsum(movers)])
        low = (0.47 * steps + gone) / (2 * steps + place)
        high = (steps + gone[-1] - gone) / (2 * steps - place)
        middle = np.concatenate([[0.5], (low + high) / 2])
        # Between the middle of one iteration and that of the next.
        movers += 0.3 * ((middle[:steps] + middle[1 : steps + 1]) / 2 - movers)
    rest = np.zeros(steps), np.full(steps, 0.47), np.ones(steps)
    return single(np.concatenate([movers, *rest]))


def cluster_step(w, codebook):
    index = np.abs(w.reshape(-1, 1) - codebook).argmin(1)
    own = [w.ravel()[index == j] for j in range(len(codebook))]
    return np.array(
        [part.mean() if part.size else c for part, c in zip(own, codebook, strict=True)]
    )


# -- masks -----------------------------------------------------------------------------------------


@pytest.mark.grade(points=1)
def test_pruning_is_written_from_scratch(impl):
    """nothing of the framework's own pruning"""
    from_scratch(impl, "magnitude_masks", "apply_masks", "masked_step", "cluster")


def masks_agree(found, expected, of, mistakes=None):
    keys(found, of, tuple(expected))
    for name, mask in expected.items():
        dtype(found[name], "bool", of=f"{name} of {of}")
        named = {k: v[name] for k, v in (mistakes or {}).items()}
        equal(found[name], mask, of=f"{name} of {of}", mistakes=named)


@pytest.mark.grade(points=3, hint=SIZES)
@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("share", [0, 0.29, 0.5, 0.73, 1.0, 1])
def test_masks_prune_the_smallest(impl, share, scope):
    """the smallest absolute values are pruned, of each tensor or of all; biases are not"""
    params = parameters()
    expected = magnitude_masks(params, share, scope)
    other = magnitude_masks(params, share, SCOPES[scope == "layer"])
    signed = {n: smallest(w, share) for n, w in weights_of(params).items()}
    largest = {n: smallest(-np.abs(w), share) for n, w in weights_of(params).items()}
    mistakes = {f"that of scope {SCOPES[scope == 'layer']!r}": other}
    mistakes |= {"that of the smallest signed values": signed, "that of the largest": largest}
    of = f"magnitude_masks(params, {share}, scope={scope!r})"
    masks_agree(impl.magnitude_masks(params, share, scope=scope), expected, of, mistakes)
    for size in (2.0**-90, 2.0**90):
        sized = {name: size * w for name, w in params.items()}
        of = f"magnitude_masks({size:.0e} params, {share}, scope={scope!r})"
        masks_agree(impl.magnitude_masks(sized, share, scope=scope), expected, of)


@pytest.mark.grade(points=2, hint="A threshold prunes all that are equal to it; an order does not.")
@pytest.mark.parametrize("scope", SCOPES)
def test_ties_do_not_change_the_count(impl, scope):
    """the number of pruned weights is exact, where several have the same absolute value or are 0"""
    for base in ([1.0], [1.0, -1.0, 2.0], [0.0]):
        params = {n: np.resize(base, size) for n, size in (("a", (4, 25)), ("b", (10, 3)))}
        # The last two are below 0.3 by less, and by more, than round(share n, 6) takes away.
        for share in (0.29, 0.5, 0.07, 0.999, 0.3 - 2e-9, 0.3 - 3e-8):
            of = f"magnitude_masks(weights of {base}, {share}, {scope!r})"
            found = impl.magnitude_masks(params, share, scope)
            keys(found, of, ("a", "b"))
            groups = [["a"], ["b"]] if scope == "layer" else [["a", "b"]]
            for names in groups:
                mask = np.concatenate([np.ravel(found[n]) for n in names])
                size = np.abs(np.concatenate([np.ravel(params[n]) for n in names]))
                count = int(np.floor(round(share * size.size, 6)))
                equal(int((~mask).sum()), count, of=f"the number of pruned weights of {of}")
                pruned, kept = size[~mask], size[mask]
                fair = not len(pruned) or not len(kept) or pruned.max() <= kept.min()
                holds(fair, f"{of} prunes a weight that is larger than one that stays")


@pytest.mark.grade(points=1)
def test_other_scopes_and_shares_are_refused(impl):
    """another scope, and a sparsity outside 0 to 1, raise ValueError, with and without weights"""
    for params in (parameters(), {"b": normal(3)}):
        for scope in ("Layer", "all", ""):
            with raises("ValueError", of=f"magnitude_masks(params, 0.5, {scope!r})"):
                impl.magnitude_masks(params, 0.5, scope)
        for share in (-0.01, 1.01, 50):
            for scope in SCOPES:
                with raises("ValueError", of=f"magnitude_masks(params, {share}, {scope!r})"):
                    impl.magnitude_masks(params, share, scope)
    for scope in SCOPES:
        equal(impl.magnitude_masks({"b": normal(3)}, 0.5, scope), {}, of="masks of no weights")


@pytest.mark.grade(points=2)
def test_masks_keep_the_contracts_words(impl):
    """magnitude_masks, apply_masks and sparsity keep what docs/contract.md says of every function"""
    params = {"a": distinct(3, 4, scale=2.0), "b": normal(4), "c": distinct(5, 2, scale=1.0)}
    for scope in SCOPES:
        given = {"scope": scope}
        conform(impl, "magnitude_masks", [params, 0.4], given, expected=magnitude_masks)
    masks = magnitude_masks(params, 0.4)
    conform(impl, "apply_masks", [params, masks], expected=apply_masks)
    conform(impl, "sparsity", [apply_masks(params, masks)], expected=sparsity_of)


@pytest.mark.grade(points=2, hint="NaN times 0 is NaN: choose, and do not multiply.")
def test_masks_leave_zeros(impl):
    """pruned weights are 0, whatever they were; other numbers and biases stay; masks may name some tensors alone"""
    params = {"a": normal(3, 4), "bias": normal(4), "c": normal(4, 2)}
    params["a"][0] = [np.inf, np.nan, -np.inf, -1.0]
    masks = {"a": np.ones((3, 4), bool)}
    masks["a"][0], masks["a"][2, 1] = False, False
    params["a"][1], params["c"][0] = [1e6, -3e9, 1e-9, 1e30], [-1e6, 1e-7]
    found = impl.apply_masks(params, masks)
    keys(found, "apply_masks(params, masks)", ("a", "bias", "c"))
    for name, value in apply_masks(params, masks).items():
        close(found[name], value, of=f"{name} of apply_masks(params, masks)", rtol=1e-6, atol=0)
    for masks in (
        {"d": np.ones((3, 4), bool)},
        {"a": np.ones((3, 4), bool), "e": np.ones(2, bool)},
    ):
        with raises(
            "KeyError",
            of=f"apply_masks of masks of {sorted(masks)}, where params has a, bias and c",
        ):
            impl.apply_masks(params, masks)


@pytest.mark.grade(points=1)
def test_sparsity_counts_all_weights(impl):
    """zeros of weights over all weights; biases do not count"""
    params = {"a": normal(4, 5), "b": np.zeros(7), "c": normal(2, 3, 1, 2), "d": np.array(0.0)}
    params["e"], params["f"] = normal(4, 2, 1), np.zeros((1, 2, 2, 1, 1))
    params["a"][0] = params["c"][0] = params["e"][0] = 0.0
    params["a"][1, 1], params["a"][1, 2] = 1e-30, -0.0
    for given, expected in (
        (params, 18 / 44),
        ({"b": np.zeros(3)}, 0.0),
        ({"w": np.zeros((2, 2))}, 1.0),
        ({}, 0.0),
    ):
        found = impl.sparsity(given)
        of = f"sparsity of tensors of {[w.shape for w in given.values()]}"
        holds(type(found) is float, f"{of} is {found!r}, but should be a Python float")
        means = [(w == 0).mean() for w in weights_of(given).values()]
        mistakes = (
            {"the mean of the tensors' shares": float(np.mean(means))} if len(means) > 1 else {}
        )
        number(found, expected, of=of, mistakes=mistakes)


# -- fine-tuning -----------------------------------------------------------------------------------


def like(params):
    return {name: normal(*w.shape) for name, w in params.items()}


@pytest.mark.grade(points=3, hint=MEMORY)
def test_steps_keep_pruned_weights_at_zero(impl):
    """a step is one of momentum; pruned weights and their velocity are 0 after it, and stay out when unmasked"""
    params = {"a": normal(3, 4), "b": normal(4), "c": normal(4, 2)}
    masks = magnitude_masks(params, 0.5)
    whole = {n: np.ones_like(m) for n, m in masks.items()}
    velocity = like(params)
    still = {name: np.zeros_like(w) for name, w in params.items()}
    found = params, velocity
    of = "masked_step(params, grads, velocity, masks, 0.1"
    for step, (mask, rest) in enumerate(
        [
            (masks, {}),
            (masks, {"momentum": 0.5}),
            (whole, {}),
            (masks, {"momentum": 0.0}),
            (masks, {"momentum": 0.7}),
        ]
    ):
        if step == 4:
            # As at the start of a training.
            velocity, found = still, (found[0], still)
        grads = like(params)
        expected = masked_step(params, grads, velocity, mask, 0.1, **rest)
        unmasked = masked_step(params, grads, velocity, {}, 0.1, **rest)
        lost = apply_masks(unmasked[0], mask), unmasked[1]
        call = f"{of}{''.join(f', {k}={v}' for k, v in rest.items())}), step {step + 1}"
        found = items(
            impl.masked_step(*found[:1], grads, found[1], mask, 0.1, **rest),
            call,
            ("params", "velocity"),
        )
        for part, one, wanted, free, kept in zip(
            ("params", "velocity"), found, expected, unmasked, lost, strict=True
        ):
            keys(one, f"{part} of {call}", tuple(params))
            for name in params:
                mistakes = {"that without masks": free[name]} if name != "b" else {}
                mistakes |= {"that of a velocity without masks": kept[name]} if name != "b" else {}
                close(
                    one[name],
                    wanted[name],
                    of=f"{name} of {part} of {call}",
                    rtol=1e-4,
                    mistakes=mistakes,
                )
        params, velocity = expected
    # Tensors of one size: a name, and not a place in the dict, says which belong together.
    params = {name: normal(2, 3) for name in ("a", "b", "c")}
    grads, velocity = like(params), like(params)
    masks = {name: np.arange(6).reshape(2, 3) % 3 != i for i, name in enumerate(params)}
    turned = [dict(reversed(one.items())) for one in (grads, velocity, masks)]
    call = f"{of}), where grads, velocity and masks have the names in another order,"
    found = items(impl.masked_step(params, *turned, 0.1), call, ("params", "velocity"))
    expected = masked_step(params, grads, velocity, masks, 0.1)
    for part, one, wanted in zip(("params", "velocity"), found, expected, strict=True):
        keys(one, f"{part} of {call}", tuple(params))
        for name in params:
            close(one[name], wanted[name], of=f"{name} of {part} of {call}", rtol=1e-4)
    params = {"a": normal(3, 4), "b": normal(4), "c": normal(4, 2)}
    velocity, masks = like(params), magnitude_masks(params, 0.5)
    given = [{n: 2.0**20 * w for n, w in one.items()} for one in (params, like(params), velocity)]
    found = items(
        impl.masked_step(*given, masks, 0.1), f"{of}), numbers about 10^6", ("params", "velocity")
    )
    for one, wanted in zip(found, masked_step(*given, masks, 0.1), strict=True):
        for name, value in wanted.items():
            close(one[name], value, of=f"{name} of {of}), numbers about 10^6", rtol=1e-4, atol=1.0)


@pytest.mark.grade(points=1)
def test_steps_keep_the_contracts_words(impl):
    """masked_step keeps what docs/contract.md says of every function"""
    params = {"a": normal(3, 4), "b": normal(4)}
    given = [params, like(params), like(params), magnitude_masks(params, 0.5), 0.25]
    conform(impl, "masked_step", given, {"momentum": 0.5}, expected=masked_step)
    conform(impl, "masked_step", given, expected=masked_step)


@pytest.mark.grade(points=1)
def test_schedule_is_cubic(impl):
    """0 up to start, final from end on, and between them the cubic curve"""
    for start, end, final in ((10, 20, 0.8), (0, 3, 1.0), (-5, 100, 0.5), (7, 8, 0)):
        for step in (start - 4, start, start + 1, (start + end) // 2, end - 1, end, end + 9):
            found = impl.schedule(step, start, end, final)
            of = f"schedule({step}, {start}, {end}, {final})"
            holds(type(found) is float, f"{of} is {found!r}, but should be a Python float")
            linear = float(np.clip((step - start) / (end - start), 0, 1) * final)
            number(
                found,
                schedule(step, start, end, final),
                of=of,
                rtol=1e-9,
                atol=1e-12,
                mistakes={"the share of a schedule that rises in a straight line": linear},
            )
    conform(impl, "schedule", [12, 10, 20, 0.8], expected=schedule)


# -- clusters --------------------------------------------------------------------------------------


@pytest.mark.grade(points=3, hint=LLOYD)
@pytest.mark.parametrize(
    ("size", "k"), [((40,), 4), ((5, 6), 3), ((2, 3, 4), 2), ((7,), 1)], ids=str
)
def test_clusters_are_those_of_lloyd(impl, size, k):
    """after any number of iterations, values are means of their numbers, and numbers have the nearest value"""
    for iterations in (0, 1, 2, 50):
        w = clear(*size, k=k, iterations=iterations)
        codebook, index = cluster(w, k, iterations)
        start = cluster(w, k, 0)
        of = f"cluster(w, {k}, iterations={iterations}), w of shape {size}"
        found = items(impl.cluster(w, k, iterations=iterations), of, ("codebook", "index"))
        mistakes = (
            {"the codebook before the first iteration": start[0]} if iterations and k > 1 else {}
        )
        close(found[0], codebook, of=f"codebook of {of}", rtol=1e-4, atol=1e-5, mistakes=mistakes)
        dtype(found[1], "int64", of=f"index of {of}")
        equal(found[1], index, of=f"index of {of}")
    w = clear(*size, k=k)
    # A power of two leaves every digit as it is: no change of a value is too small to go on.
    for size in (1.0, 2.0**-30, 2.0**20):
        found = items(impl.cluster(size * w, k), f"cluster({size:g} w, {k})", ("codebook", "index"))
        of = f"codebook of cluster({size:g} w, {k})"
        close(found[0], size * cluster(w, k)[0], of=of, rtol=1e-4, atol=1e-5 * size)
        equal(found[1], cluster(w, k)[1], of=f"index of cluster({size:g} w, {k})")


@pytest.mark.grade(points=2)
def test_clusters_of_few_numbers(impl):
    """ties go to the lower place, a value without numbers stays, and the largest of many numbers counts"""
    cases = [
        ([0.0, 1.0, 2.0], 2, [0.5, 2.0], [0, 0, 1]),
        ([0.0, 0.5, 10.0], 3, [0.25, 5.0, 10.0], [0, 0, 2]),
        ([3.0, 3.0], 2, [3.0, 3.0], [0, 0]),
        ([4.0], 3, [4.0, 4.0, 4.0], [0]),
        ([-2.0, 6.0], 5, [-2.0, 0.0, 2.0, 4.0, 6.0], [0, 4]),
        ([5.0, 1.0, 3.0], 1, [3.0], [0, 0, 0]),
        ([0.0, 12.0, 30.0], 4, [0.0, 12.0, 20.0, 30.0], [0, 1, 3]),
        # Values of 7 at first; 1e-6 apart: no smallest step.
        ([7.0, 7.0 + 2**-18, 7.0 + 2**-16], 2, [7.0 + 2**-19, 7.0 + 2**-16], [0, 0, 1]),
    ]
    for w, k, codebook, index in cases:
        found = items(impl.cluster(np.array(w), k), f"cluster({w}, {k})", ("codebook", "index"))
        close(found[0], np.array(codebook), of=f"codebook of cluster({w}, {k})", rtol=1e-7, atol=0)
        equal(found[1], np.array(index), of=f"index of cluster({w}, {k})")
    # Sums of 30 squares of such numbers would lose the differences.
    w = 2.0**20 + 128 * np.repeat([0.0, 1.0, 3.0], 10)
    of = "cluster(w, 3) of ten numbers each of 1048576, 1048704 and 1048960"
    found = items(impl.cluster(w, 3), of, ("codebook", "index"))
    close(found[0], w[::10], of=f"codebook of {of}", rtol=1e-6, atol=0)
    equal(found[1], np.repeat([0, 1, 2], 10), of=f"index of {of}")
    # One more iteration moves the values by 0.002.
    w = slow()
    found = items(impl.cluster(w, 2), "cluster(w, 2)", ("codebook", "index"))
    codebook, index = cluster(w, 2, 50)
    of = "cluster(w, 2), which has not come to an end after 50 iterations"
    close(found[0], codebook, of=f"codebook of {of}", rtol=1e-4, atol=1e-5)
    equal(found[1], index, of=f"index of {of}")
    w = np.append(normal(999), [40.0, -70.0])
    of = "codebook of cluster(w, 5, iterations=0), where w has 1,001 numbers from -70 to 40"
    found = items(impl.cluster(w, 5, iterations=0), "cluster(w, 5, 0)", ("codebook", "index"))
    close(found[0], np.linspace(-70.0, 40.0, 5), of=of, rtol=1e-4)
    close(
        impl.cluster(np.array(2.0), 1)[1],
        np.array(0),
        of="index of cluster of one number of shape ()",
    )
    for k in (0, -1):
        with raises("ValueError", of=f"cluster(w, {k})"):
            impl.cluster(normal(5), k)


@pytest.mark.grade(points=1)
def test_clusters_keep_the_contracts_words(impl):
    """cluster and restore keep what docs/contract.md says of every function"""
    conform(impl, "cluster", [clear(4, 5, k=3), 3], {"iterations": 6}, expected=cluster)
    codebook, index = normal(5), integers(5, 3, 4)
    conform(impl, "restore", [codebook, index], expected=lambda c, i: c[i], rows=[1], rowwise=True)
    codebook = single(np.array([-1e6, 1e-9, 0.5, 3e9, -2.0]))
    for size in ((), (2, 0), (2, 1, 3), (40,)):
        index = integers(5, *size)
        close(
            impl.restore(codebook, index),
            codebook[index],
            of=f"restore(codebook, index of shape {size})",
            atol=0,
        )


@pytest.mark.grade(points=1, hint="k - 1 is the largest index. Round up once, at the end.")
def test_bytes_of_clusters(impl):
    """four bytes for each value, and the bits of all indices together, in whole bytes"""
    cases = [
        (100, 16),
        (100, 17),
        (3, 2),
        (8, 2),
        (9, 2),
        (10, 1),
        (0, 5),
        (7, 8),
        (1000, 256),
        (5, 257),
    ]
    for n, k in cases:
        found = impl.clustered_bytes(n, k)
        bits = int(np.ceil(np.log2(k))) if k > 1 else 0
        of = f"clustered_bytes({n}, {k})"
        holds(type(found) is int, f"{of} is {found!r}, but should be a Python integer")
        mistakes = {"that of indices of whole bytes": 4 * k + n * -(-bits // 8)}
        equal(found, 4 * k + -(-n * bits // 8), of=of, mistakes=mistakes)
    conform(impl, "clustered_bytes", [100, 9], expected=lambda n, k: 36 + 50)  # noqa: ARG005


# -- outcome ---------------------------------------------------------------------------------------

DROP = Threshold(
    "accuracy on digits of the network with 25 % of its weights, less that of the whole one",
    at_least=-0.02,
    torch=[
        0.01111,
        0.004444,
        0.008889,
        0.02222,
        -0.004444,
        0.006667,
        -0.004444,
        -0.002222,
        -0.002222,
        0.002222,
    ],
    tensorflow=[
        0.01111,
        0.004444,
        0.008889,
        0.02222,
        -0.004444,
        0.006667,
        -0.004444,
        -0.002222,
        -0.002222,
        0.002222,
    ],
)


@DROP.measured_by
def drop(impl, seed):
    digits, rng = data.digits(), np.random.default_rng(seed)
    layers = trained_network((64, 32, 10), digits.train_x, digits.train_y, rng)
    whole = np.argmax(relu_network(layers, digits.test_x)[1], -1) == digits.test_y
    params = {f"{key}{i}": w for i, layer in enumerate(layers) for key, w in layer.items()}
    masks = impl.magnitude_masks(params, 0.75, "global")
    params, velocity = (
        impl.apply_masks(params, masks),
        {n: np.zeros_like(w) for n, w in params.items()},
    )
    for _ in range(3):
        for rows in np.array_split(rng.permutation(len(digits.train_x)), 30):
            layers = [{key: params[f"{key}{i}"] for key in ("kernel", "bias")} for i in range(2)]
            found = relu_network_gradients(layers, digits.train_x[rows], digits.train_y[rows])
            grads = {f"{key}{i}": g for i, layer in enumerate(found) for key, g in layer.items()}
            params, velocity = impl.masked_step(params, grads, velocity, masks, 0.05)
    at_least(sparsity_of(params), 0.7499, of="the sparsity after fine-tuning")
    layers = [
        {key: np.asarray(params[f"{key}{i}"]) for key in ("kernel", "bias")} for i in range(2)
    ]
    after = np.argmax(relu_network(layers, digits.test_x)[1], -1) == digits.test_y
    return float(after.mean() - whole.mean())


@pytest.mark.grade(points=2, seconds=40)
def test_digits_survive_pruning(impl):
    """the median of three networks with a quarter of their weights, fine-tuned, loses at most 0.02 of accuracy"""
    DROP.expect(impl)
