"""Hidden checks of exercises/serving.py. `impl` takes and returns NumPy arrays."""

import json
import re

import numpy as np
import pytest

from katagrad.authoring.companion import plant
from katagrad.authoring.expect import (
    at_most,
    chance,
    close,
    equal,
    generator,
    holds,
    normal,
    raises,
)
from katagrad.boundary.implementation import opaque
from katagrad.boundary.traffic import call, get, post, traffic, wait

PATH = "/v1/models/m:predict"
MODE = "In PyTorch, a model is used after model.eval()."
ONCE = "Choose the version once in a request, and use this model to its end."
USER = "Derive the version from a hash of the user, and not from chance."
SIZE = "Compare Content-Length with max_bytes before you read."
# What the grader gives a Batcher. SIZES has the rows of each call of f; INSIDE shows whether calls overlap; GIVEN says
# what f was given.
FUNCTIONS = """
import threading, time

SIZES, INSIDE, MOST, GIVEN = [], [], [], []


def triple(x):
    SIZES.append(int(x.shape[0]))
    kind = "float32" if "float32" in str(x.dtype) else str(x.dtype)
    GIVEN.append(kind + " of " + type(x).__module__.partition(".")[0])
    INSIDE.append(1)
    MOST.append(len(INSIDE))
    time.sleep(0.02)
    INSIDE.pop()
    return x * 3.0 + 1.0


def refuse(x):
    if float(x[0][0]) < 0:
        raise KeyError("planted")
    return x * 1.0
"""


def dense(impl, width=3, outputs=2, rate=0.0):
    """(a model with random weights, what it computes)."""
    w, b = normal(width, outputs), normal(outputs)
    layers = [{"type": "dense", "kernel": w, "bias": b}]
    if rate:
        layers.insert(0, {"type": "dropout", "rate": rate})
    return impl.sequential(*layers), lambda x: x @ w + b


def served(impl, versions=1, name="m", **options):
    """(registry, application, {version: what it computes}) of a model with three features."""
    registry, oracles = impl.Registry(), {}
    for version in range(1, versions + 1):
        model, oracles[version] = dense(impl)
        registry.add(name, version, model, 3)
    return registry, impl.create_app(registry, **options), oracles


def numbers(rows=2, width=3):
    return np.round(normal(rows, width), 3)


def ask(x, path=PATH, **options):
    return post(path, {"instances": np.asarray(x).tolist()}, **options)


def predictions(reply, x, oracle, of, mistakes=None):
    """Expect an answer of 200 with the predictions of `oracle`."""
    equal(reply.status, 200, of=f"the status of {of} (the body is {reply.text()[:120]!r})")
    found = reply.json()
    holds(
        isinstance(found, dict) and set(found) == {"predictions"},
        f"the answer to {of} is {reply.text()[:120]!r}, but should be an object with predictions",
    )
    rows = found["predictions"]
    fair = isinstance(rows, list) and all(
        isinstance(r, list) and all(type(v) is float or type(v) is int for v in r) for r in rows
    )
    holds(
        fair and len(rows) == len(x),
        f"the predictions of {of} are {str(rows)[:80]}, but should be {len(x)} lists of numbers",
    )
    close(
        tensor(rows),
        oracle(x),
        of=f"the predictions of {of}",
        rtol=1e-4,
        atol=1e-5,
        mistakes=mistakes,
    )


def tensor(rows):
    return np.asarray(rows, np.float32)


def refused(reply, status, of):
    """Expect an error of this status, with a reason in JSON."""
    equal(reply.status, status, of=f"the status of {of} (the body is {reply.text()[:120]!r})")
    found = reply.json()
    fair = (
        isinstance(found, dict)
        and set(found) == {"error"}
        and isinstance(found["error"], str)
        and found["error"]
    )
    holds(
        fair,
        f"the answer to {of} is {reply.text()[:120]!r}, but should be an object with an error, and a reason in it",
    )
    kind = reply.headers.get("content-type", "")
    equal(kind.split(";")[0], "application/json", of=f"the Content-Type of {of}")


def one(impl, app, *steps):
    return traffic(impl, app, [list(steps)])[0]


# -- predictions -----------------------------------------------------------------------------------


@pytest.mark.grade(points=2)
def test_predictions_are_those_of_the_model(impl):
    """rows are answered in order, by the version that serves or by the one in the path, as JSON"""
    registry, app, oracles = served(impl, versions=2)
    other, oracle = dense(impl, 2, 4)
    registry.add("other-Model_2", 7, other, 2)
    lone, lone_oracle = dense(impl, 1, 1)
    registry.add("2_-x", 20_261_231, lone, 1)
    x, big, y, z = numbers(1), numbers(40), numbers(3, 2), numbers(3, 1)
    found = one(impl, app, ask(x), ask(big), ask(big, "/v1/models/m/versions/2:predict"),
                ask(x, "/v1/models/m/versions/1:predict"), ask(y, "/v1/models/other-Model_2:predict"),
                ask([[1, 2, 3]]),
                post(PATH, {"signature_name": "serving_default", "instances": x.tolist()}),
                ask(z, "/v1/models/2_-x:predict"), ask(z, "/v1/models/2_-x/versions/20261231:predict"))  # fmt: skip
    plain = np.array([[1.0, 2, 3]])
    cases = [
        (x, oracles[1]),
        (big, oracles[1]),
        (big, oracles[2]),
        (x, oracles[1]),
        (y, oracle),
        (plain, oracles[1]),
        (x, oracles[1]),
        (z, lone_oracle),
        (z, lone_oracle),
    ]
    for reply, (given, expected) in zip(found, cases, strict=True):
        mistakes = (
            {"those of the other version": oracles[2 if expected is oracles[1] else 1](given)}
            if given.shape[1] == 3
            else {}
        )
        predictions(reply, given, expected, f"{reply.of} of {len(given)} rows", mistakes)
        equal(
            reply.headers.get("content-type", "").split(";")[0],
            "application/json",
            of=f"the Content-Type of {reply.of}",
        )


@pytest.mark.grade(points=2, hint=MODE)
def test_models_serve_as_in_evaluation(impl):
    """dropout is off, for every version"""
    registry, oracles = impl.Registry(), {}
    for version in (1, 2):
        model, oracles[version] = dense(impl, rate=0.5)
        registry.add("m", version, model, 3)
    app, x = impl.create_app(registry), numbers(20)
    for version, reply in zip(
        (1, 2), one(impl, app, ask(x), ask(x, "/v1/models/m/versions/2:predict")), strict=True
    ):
        predictions(reply, x, oracles[version], f"{reply.of}, a model with dropout")


@pytest.mark.grade(points=2, seconds=40)
def test_clients_get_their_own_answers(impl):
    """12 clients at once, each with rows of its own, get their own predictions in order"""
    _registry, app, oracles = served(impl)
    inputs = [[numbers(1 + i % 4) for _ in range(6)] for i in range(12)]
    found = traffic(impl, app, [[ask(x) for x in steps] for steps in inputs])
    for client, (steps, replies) in enumerate(zip(inputs, found, strict=True)):
        for x, reply in zip(steps, replies, strict=True):
            predictions(reply, x, oracles[1], f"{reply.of} of client {client}, of 12 at once,")


# -- bad input -------------------------------------------------------------------------------------


@pytest.mark.grade(
    points=3, hint="Check the structure, the width and every number before the model sees a row."
)
def test_bad_input_is_refused_with_a_reason(impl):
    """what is not a list of rows of finite numbers gets 400, and the next request is served"""
    registry, app, oracles = served(impl)
    bodies = [
        b"", b"{", b"\xff\xfe{}", b"[[1, 2, 3]]", b"3", b"null", b'"instances"', b"{}", b'{"rows": [[1, 2, 3]]}',
        b'{"instances": []}', b'{"instances": 3}', b'{"instances": null}', b'{"instances": {"a": [1, 2, 3]}}',
        b'{"instances": "abc"}', b'{"instances": [1, 2, 3]}', b'{"instances": ["abc"]}', b'{"instances": [[1, 2]]}',
        b'{"instances": [[1, 2, 3, 4]]}', b'{"instances": [[1, 2, 3], [1, 2]]}', b'{"instances": [[]]}',
        b'{"instances": [[1, 2, 3], []]}', b'{"instances": [[1, 2, "3"]]}', b'{"instances": [[1, 2, null]]}',
        b'{"instances": [[1, 2, true]]}', b'{"instances": [[1, 2, [3]]]}', b'{"instances": [[1, 2, NaN]]}',
        b'{"instances": [[1, 2, Infinity]]}', b'{"instances": [[1, -Infinity, 2]]}', b'{"instances": [[1, 2, 1e39]]}',
        b'{"instances": [[1, 2, -1e39]]}', b'{"instances": [[1, 2, 1e999]]}', b'{"instances": [[1, 3.41e38, 2]]}',
        b'{"instances": [[1, 2, 3], [1, 2, NaN]]}', b'{"instances": [[1, 2, 3], [1, 2, true]]}',
        b'{"instances": [[1, 2, 3], [1, 2, 3], [1, 1e39, 2]]}', b'{"instances": [[1, 2, 3], 4]}',
        b'{"instances": [[1, 2, 1' + b"0" * 400 + b"]]}", b'{"instances": [[1, 2, 1' + b"0" * 39 + b"]]}",
        b'{"instances": [[1, -1' + b"0" * 39 + b", 3]]}",
        b'{"instances": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", b'[["instances", [[1, 2, 3]]]]',
    ]  # fmt: skip
    found = one(impl, app, *(post(PATH, body) for body in bodies))
    for body, reply in zip(bodies, found, strict=True):
        refused(reply, 400, f"a request with the body {body[:60].decode('latin-1')!r}")
    x = np.array([[1e30, -2.0, 0.0], [1.5, 1e-30, 3.0]])
    [reply] = one(impl, app, ask(x))
    predictions(reply, x, oracles[1], f"{reply.of} after {len(bodies)} bad requests")
    huge = f'{{"instances": [[{10**30}, 0, 1]]}}'.encode()
    [reply] = one(impl, app, post(PATH, huge))
    predictions(
        reply, np.array([[1e30, 0.0, 1.0]]), oracles[1], f"{reply.of} of an integer of 31 digits"
    )
    halves = {"type": "dense", "kernel": np.full((3, 2), 0.5), "bias": np.zeros(2)}
    registry.add("halves", 1, impl.sequential(halves), 3)
    x = np.array([[3.4028e38, 0.0, 0.0], [0.0, -3.4028e38, 0.0]])
    [reply] = one(impl, app, ask(x, "/v1/models/halves:predict"))
    predictions(reply, x, lambda x: x @ halves["kernel"], f"{reply.of} of 3.4028e38")


@pytest.mark.grade(points=2)
def test_what_is_not_there_is_not_found(impl):
    """unknown paths, methods, models and versions get 404"""
    _registry, app, _ = served(impl, versions=2)
    body = {"instances": [[1, 2, 3]]}
    steps = [
        post(path, body)
        for path in (
            "/",
            "/v1/models/x:predict",
            "/v1/models/m/versions/3:predict",
            "/v1/models/x/versions/1:predict",
            "/v1/models/m:classify",
            "/v1/models/m/versions/1",
            "/v1/models/m/versions/x:predict",
            "/v1/models/m/versions/-1:predict",
            "/v1/models/m/versions/0:predict",
            "/v1/models/m",
            "/v2/models/m:predict",
            "/v1/models/m:predict/more",
            "/x/v1/models/m:predict",
            "/v1/models/:predict",
            "/metrics/x",
        )
    ]
    steps += [
        get(PATH),
        get("/"),
        get("/v1/models/m"),
        post(PATH, body, method="PUT"),
        post("/metrics", b""),
        get(PATH, method="DELETE"),
    ]
    for reply in one(impl, app, *steps):
        refused(reply, 404, reply.of)


@pytest.mark.grade(points=2, hint=SIZE)
def test_large_bodies_are_refused_unread(impl):
    """more than max_bytes get 413 by their Content-Length alone; max_bytes are served"""
    x = numbers(2)
    body = json.dumps({"instances": x.tolist()}).encode()
    registry, app, oracles = served(impl, max_bytes=len(body))
    longer = {"Content-Length": str(10**15)}
    found = one(
        impl,
        app,
        post(PATH, body),
        post(PATH, body + b" "),
        post(PATH, b"{", headers=longer),
        post(PATH, body),
    )
    for reply in (found[0], found[3]):
        predictions(reply, x, oracles[1], f"{reply.of} of max_bytes")
    refused(found[1], 413, f"{found[1].of} of one byte more than max_bytes")
    refused(found[2], 413, f"{found[2].of} that announces 10^15 bytes and sends one")
    app = impl.create_app(registry)
    room = post(PATH, body + b" " * (1_000_000 - len(body)))
    found = one(impl, app, room, post(PATH, b" " * 1_000_001))
    predictions(found[0], x, oracles[1], f"{found[0].of} of 1,000,000 bytes, max_bytes not given,")
    refused(found[1], 413, f"{found[1].of} of 1,000,001 bytes, max_bytes not given,")


# -- versions --------------------------------------------------------------------------------------


@pytest.mark.grade(
    points=3, hint="activate of another version adds to the history; rollback takes one from it."
)
def test_registry_knows_what_serves(impl):
    """the first version serves until another is activated; rollbacks go back step by step"""
    registry = impl.Registry()
    model = dense(impl)[0]
    for version in (3, 1, 8):
        equal(registry.add("m", version, model, 3), None, of=f'add("m", {version}, ...)')
    registry.add("n", 5, model, 3)
    now = []
    equal(registry.serving("m"), 3, of='serving("m") after versions 3, 1 and 8 were added')
    for version in (8, 8, 1, 3):
        equal(registry.activate("m", version), None, of=f'activate("m", {version})')
        now.append(registry.serving("m"))
    equal(now, [8, 8, 1, 3], of='serving("m") after activate of 8, 8, 1 and 3')
    equal(registry.serving("n"), 5, of='serving("n") after "m" was switched')
    back = []
    for _ in range(3):
        back.append((registry.rollback("m"), registry.serving("m")))
    equal(back, [(1, 1), (8, 8), (3, 3)], of="rollback and serving after activate of 8, 8, 1 and 3")
    for _ in range(2):
        with raises("ValueError", of="rollback where no version was active before"):
            registry.rollback("m")
        equal(registry.serving("m"), 3, of="serving after a rollback that raised")
    with raises("ValueError", of='add("m", 8, ...) a second time'):
        registry.add("m", 8, model, 3)
    for method, args in (
        ("activate", ("m", 2)),
        ("activate", ("x", 1)),
        ("rollback", ("x",)),
        ("serving", ("x",)),
        ("serving", ("x", "ann")),
        ("split", ("x", {1: 1.0})),
        ("split", ("m", {1: 0.5, 2: 0.5})),
    ):
        with raises("KeyError", of=f"{method}{args}"):
            getattr(registry, method)(*args)
    equal(registry.serving("m", "ann"), 3, of="serving after a split that raised")
    equal(impl.Registry().add("m", 8, model, 3), None, of="add of a second registry")


@pytest.mark.grade(points=2, seconds=40)
def test_a_second_model_of_a_version_changes_nothing(impl):
    """add of a version that is there raises ValueError, and the first model goes on serving"""
    registry, app, oracles = served(impl)
    model, _ = dense(impl)
    with raises("ValueError", of='add("m", 1, ...) a second time'):
        registry.add("m", 1, model, 3)
    x = numbers(3)
    [reply] = one(impl, app, ask(x))
    predictions(reply, x, oracles[1], f"{reply.of} after add of a version that is there")


@pytest.mark.grade(points=3, hint=ONCE, seconds=60)
def test_rollback_under_load_loses_no_request(impl):
    """while versions are switched, every request is answered by one of them, and later ones by the last"""
    registry, app, oracles = served(impl, versions=2)
    inputs = [[numbers(2) for _ in range(15)] for _ in range(6)]
    switches = []
    for _ in range(12):
        switches += [
            call(registry, "activate", "m", 2),
            wait(0.01),
            call(registry, "rollback", "m"),
            wait(0.01),
        ]
    x = numbers(2)
    switches += [
        ask(x),
        call(registry, "activate", "m", 2),
        ask(x),
        call(registry, "rollback", "m"),
        ask(x),
    ]
    found = traffic(impl, app, [switches, *[[ask(x) for x in steps] for steps in inputs]])
    for steps, replies in zip(inputs, found[1:], strict=True):
        for given, reply in zip(steps, replies, strict=True):
            equal(
                reply.status,
                200,
                of=f"the status of {reply.of} while versions are switched (the body is {reply.text()[:120]!r})",
            )
            rows = np.asarray(reply.json()["predictions"], float)
            near = [
                np.allclose(rows, oracle(given), rtol=1e-3, atol=1e-4)
                for oracle in oracles.values()
            ]
            holds(
                any(near),
                f"the predictions of {reply.of} while versions are switched are those of neither version",
            )
    for done in found[0]:
        holds(
            done is None or getattr(done, "error", None) is None,
            f"a switch under load raised {getattr(done, 'error', None)}",
        )
    for reply, version in zip((found[0][-5], found[0][-3], found[0][-1]), (1, 2, 1), strict=True):
        predictions(reply, x, oracles[version], f"{reply.of} just after a switch under load")


@pytest.mark.grade(points=3, hint=USER, seconds=40)
def test_split_gives_users_their_shares(impl):
    """each version gets its share of the users, a user gets one version, and no user means the active one"""
    registry, app, oracles = served(impl, versions=3)
    equal(registry.split("m", {1: 0.2, 2: 0.5, 3: 0.3}), None, of="split")
    users = [f"user-{n}" for n in generator().permutation(100_000)[:1500]]
    asked = [call(registry, "serving", "m", user) for user in users]
    first, again = ([one_.value for one_ in steps] for steps in traffic(impl, None, [asked, asked]))
    equal(again, first, of="serving of 1,500 users, asked a second time")
    holds(
        set(first) <= {1, 2, 3},
        f"serving is among {sorted(set(map(str, first)))}, but should be 1, 2 or 3",
    )
    for version, share in ((1, 0.2), (2, 0.5), (3, 0.3)):
        found = float(np.mean([v == version for v in first]))
        chance(
            found,
            share,
            len(users),
            of=f"the share of users of version {version} in a split of 0.2, 0.5 and 0.3",
        )
    # Shares that a hundred parts, or the 256 of a byte, do not tell from 0 or 0.01.
    small, many = {1: 0.004, 2: 0.992, 3: 0.004}, 20_000
    registry.split("m", small)
    numbered = [int(n) for n in generator().permutation(1_000_000)[:many]]
    served_by = plant(impl, "later.py", LATER).get("counted")(registry, numbered)
    for version, share in small.items():
        found = dict(served_by).get(str(version), 0) / many
        of = f"the share of users of version {version} in a split of 0.004, 0.992 and 0.004"
        chance(found, share, many, of=of)
    registry.split("m", {1: 0.2, 2: 0.5, 3: 0.3})
    equal(
        [registry.serving("m"), registry.serving("m", None)],
        [1, 1],
        of="serving without a user in a split",
    )
    for method, args in (("activate", ("m", 9)), ("split", ("m", {1: 0.5, 9: 0.5}))):
        with raises("KeyError", of=f"{method}{args} in a split"):
            getattr(registry, method)(*args)
    with raises("ValueError", of="rollback in a split, where no version was active before"):
        registry.rollback("m")
    kept = [registry.serving("m", user) for user in users[:40]]
    equal(kept, first[:40], of="serving of 40 users in a split, after calls that raised")
    x = numbers(2)
    steps = [ask(x, headers={"X-User": user}) for user in users[:12]]
    for user, version, reply in zip(users, first, one(impl, app, *steps), strict=False):
        predictions(
            reply,
            x,
            oracles[version],
            f"{reply.of} of the user {user}, to whom serving gives {version}",
        )
    [plain, direct] = one(
        impl, app, ask(x), ask(x, "/v1/models/m/versions/2:predict", headers={"X-User": "ann"})
    )
    predictions(plain, x, oracles[1], f"{plain.of} without a user, in a split")
    predictions(direct, x, oracles[2], f"{direct.of}, in a split")
    for end in ("activate", "rollback"):
        registry.activate("m", 2)
        registry.split("m", {1: 0.0, 2: 0.0, 3: 1.0})
        equal(
            {registry.serving("m", user) for user in (*users[:20], "")},
            {3},
            of="serving of 21 users, one of them an empty text, in a split where 3 has all",
        )
        equal(
            registry.activate("m", 2) if end == "activate" else registry.rollback("m"),
            None if end == "activate" else 1,
            of=f"{end} in a split",
        )
        expected = {2} if end == "activate" else {1}
        equal(
            {registry.serving("m", user) for user in users[:20]},
            expected,
            of=f"serving of 20 users after {end} in a split",
        )


# Shares that change later; how many users each version serves; and Python's hash() of text as another process has it,
# which has another salt.
LATER = """
import builtins, hashlib


def split_and_change(registry, users):
    shares = {1: 0.0, 2: 1.0}
    registry.split("m", shares)
    shares.update({1: 1.0, 2: 0.0})
    return [registry.serving("m", user) for user in users]


def counted(registry, numbers):
    found = [str(registry.serving("m", f"user-{n}")) for n in numbers]
    return {version: found.count(version) for version in set(found)}


def serving(registry, users, salt):
    kept = builtins.hash
    builtins.hash = lambda x: salted(salt, x) if plain(x) else kept(x)
    try:
        return [registry.serving("m", user) for user in users]
    finally:
        builtins.hash = kept


def salted(salt, x):
    return int.from_bytes(hashlib.sha256(repr((salt, x)).encode()).digest()[:8], "big", signed=True)


def plain(x):
    return isinstance(x, (str, bytes)) or isinstance(x, tuple) and all(map(plain, x))
"""


@pytest.mark.grade(points=1, hint=USER)
def test_a_split_lasts_and_is_the_same_everywhere(impl):
    """a split stays as asked for, and gives a user one version in any process and order of the shares"""
    registry, _app, _oracles = served(impl, versions=2)
    module = plant(impl, "later.py", LATER)
    users = [f"user-{n}" for n in generator().permutation(100_000)[:60]]
    found = sorted(set(module.get("split_and_change")(registry, users)))
    of = "the versions that serve 60 users, after the dict of shares that split was given has changed"
    equal(found, [2], of=of)
    registry.split("m", {1: 0.5, 2: 0.5})
    first, other = (list(module.get("serving")(registry, users, salt)) for salt in (1, 2))
    moved = sum(a != b for a, b in zip(first, other, strict=True))
    of = (
        "how many of 60 users get another version in another process, whose hash() of text differs,"
    )
    equal(moved, 0, of=of)
    asked = [registry.serving("m", user) for user in users]
    registry.split("m", {2: 0.5, 1: 0.5})
    turned = [registry.serving("m", user) for user in users]
    moved = sum(a != b for a, b in zip(asked, turned, strict=True))
    of = "how many of 60 users get another version after split of {2: 0.5, 1: 0.5} instead of {1: 0.5, 2: 0.5}"
    equal(moved, 0, of=of)


@pytest.mark.grade(points=1)
def test_models_split_their_users_apart(impl):
    """a registry keeps models apart: a split of one says nothing of another"""
    registry, _app, _oracles = served(impl, versions=2)
    for version in (1, 2):
        registry.add("n", version, dense(impl)[0], 3)
    registry.split("m", {1: 0.0, 2: 1.0})
    equal(
        [registry.serving("m", "ann"), registry.serving("n", "ann")],
        [2, 1],
        of="serving of a user, of m with a split and n without",
    )
    registry.activate("n", 2)
    equal(
        registry.serving("m", "ann"),
        2,
        of='serving("m", "ann") in a split, after another model was switched',
    )


@pytest.mark.grade(points=1)
def test_registries_share_nothing(impl):
    """two registries hold models of one name, and each says what serves in it"""
    one, other = impl.Registry(), impl.Registry()
    for registry, versions in ((one, (1, 2)), (other, (3, 4))):
        for version in versions:
            registry.add("m", version, dense(impl)[0], 3)
    one.split("m", {1: 0.0, 2: 1.0})
    found = [registry.serving("m", user) for registry in (one, other) for user in (None, "ann")]
    of = "what serves no user and a user, in a registry with a split and in another one without"
    equal(found, [1, 2, 3, 3], of=of)
    one.activate("m", 2)
    equal(other.serving("m"), 3, of='serving("m") after activate in another registry')
    with raises("KeyError", of='activate("m", 1), where another registry has this version'):
        other.activate("m", 1)
    with raises("ValueError", of='rollback("m") after activate in another registry'):
        other.rollback("m")
    equal(one.rollback("m"), 1, of='rollback("m") after one that raised in another registry')


# -- metrics ---------------------------------------------------------------------------------------


@pytest.mark.grade(points=2, hint="Count at the end of a request, under a lock.", seconds=40)
def test_metrics_count_what_was_sent(impl):
    """one line for each status code of a request to predict, for each application its own"""
    registry, app, _ = served(impl)
    fresh = impl.create_app(registry)
    good = [[ask(numbers(1)) for _ in range(9)] for _ in range(8)]
    bad = [
        post(PATH, b"{"),
        post(PATH, b"3"),
        get("/"),
        get("/metrics"),
        ask(numbers(1), "/v1/models/x:predict"),
        post(PATH, b"", headers={"Content-Length": "2000000"}),
    ]
    traffic(impl, app, [*good, bad])
    [reply] = one(impl, app, get("/metrics"))
    equal(reply.status, 200, of="the status of GET /metrics")
    equal(
        reply.headers.get("content-type", "").split(";")[0],
        "text/plain",
        of="the Content-Type of GET /metrics",
    )
    lines = [line for line in reply.text().splitlines() if line and not line.startswith("#")]
    found = {}
    for line in lines:
        parts = re.fullmatch(r'predict_requests_total\{code="(\d+)"\} (\d+)(?:\.0)?', line)
        holds(
            parts,
            f'a line of /metrics is {line[:80]!r}, but should be as predict_requests_total{{code="200"}} 7',
        )
        found[parts[1]] = int(parts[2])
    expected = {"200": 72, "400": 2, "404": 1, "413": 1}
    equal(
        found,
        expected,
        of="the counts of /metrics after 72 good requests, and 4 bad ones to predict",
    )
    equal(len(lines), len(found), of="the number of lines of /metrics")
    holds(reply.text().endswith("\n"), "the text of /metrics should end in a line break")
    [reply] = one(impl, fresh, get("/metrics"))
    equal(
        [line for line in reply.text().splitlines() if line and not line.startswith("#")],
        [],
        of="/metrics of an application that nobody asked",
    )


# -- batches ---------------------------------------------------------------------------------------


@pytest.mark.grade(points=3, seconds=40)
def test_batches_hold_rows_of_many_callers(impl):
    """rows that are asked for together are computed together, at most max_size, and each caller gets its own"""
    module = plant(impl, "planted.py", FUNCTIONS)
    batcher = impl.Batcher(module.get("triple"), 4, 0.8, returns=opaque)
    rows = [[numbers(1, 2)[0].tolist() for _ in range(3)] for _ in range(10)]
    found = traffic(
        impl, None, [[call(batcher, "__call__", row) for row in steps] for steps in rows]
    )
    for steps, answers in zip(rows, found, strict=True):
        for row, answer in zip(steps, answers, strict=True):
            if answer.error is not None:
                raise answer.error
            fair = isinstance(answer.value, list) and all(type(v) is float for v in answer.value)
            holds(fair, f"batcher(row) is {answer.value!r}, but should be a list of Python floats")
            close(
                tensor(answer.value),
                np.array(row) * 3 + 1,
                of=f"batcher({row}), of 10 callers at once",
                rtol=1e-4,
            )
    sizes = listed(module, "SIZES")
    equal(sum(sizes), 30, of="the rows of all calls of f, for 30 rows asked for by 10 callers")
    at_most(max(sizes), 4, of="the most rows of a call of f, where max_size is 4,")
    at_most(
        len(sizes),
        20,
        of="the number of calls of f for 30 rows of 10 callers, where max_size is 4,",
    )
    equal(max(listed(module, "MOST")), 1, of="the most calls of f at one time")


def listed(module, name):
    found = module.get(name)
    return found if isinstance(found, list) else list(found.fetch())


@pytest.mark.grade(points=2, seconds=40)
def test_batches_wait_no_longer_than_they_should(impl):
    """a lone row waits max_wait and no longer, and a full batch does not wait"""
    module = plant(impl, "planted.py", FUNCTIONS)
    full = impl.Batcher(module.get("triple"), 3, 8.0, returns=opaque)
    found = traffic(impl, None, [[call(full, "__call__", [1.0, 2.0])] for _ in range(3)])
    at_most(
        max(one_[0].end - one_[0].start for one_ in found),
        4.0,
        of="the seconds of a full batch, where max_wait is 8,",
    )
    equal(
        listed(module, "SIZES"),
        [3],
        of="the sizes of the calls of f, for 3 callers at once and max_size 3",
    )
    lone = impl.Batcher(module.get("triple"), 3, 0.3, returns=opaque)
    [[alone, _, late]] = traffic(
        impl, None, [[call(lone, "__call__", [1.0]), wait(0.0), call(lone, "__call__", [2])]]
    )
    for answer, value in ((alone, 4.0), (late, 7.0)):
        close(tensor(answer.value), np.array([value]), of="batcher(row) of a lone row", rtol=1e-4)
        seconds = answer.end - answer.start
        holds(0.29 <= seconds <= 4, f"a lone row took {seconds:.3g} s, where max_wait is 0.3")
    equal(
        sorted(set(listed(module, "GIVEN"))),
        [f"float32 of {impl.framework}"],
        of="the dtype of the tensors that f was given, for rows of floats and of integers,",
    )
    early = impl.Batcher(module.get("triple"), 100, 0.3, returns=opaque)
    steps = [[wait(0.2 * i), call(early, "__call__", [float(i)])] for i in range(9)]
    found = traffic(impl, None, steps)
    first = found[0][1].end - found[0][1].start
    holds(
        first <= 1.4,
        f"the first row of a batch waited {first:.3g} s, where max_wait is 0.3 and further rows came",
    )


@pytest.mark.grade(points=1, seconds=40)
def test_batchers_share_nothing(impl):
    """a Batcher keeps its function, its size and its time to wait when another one is made"""
    module = plant(impl, "planted.py", FUNCTIONS)
    first = impl.Batcher(module.get("triple"), 3, 0.3, returns=opaque)
    second = impl.Batcher(module.get("refuse"), 1, 8.0, returns=opaque)
    for name, batcher, low, value in (("first", first, 0.29, 7.0), ("second", second, 0.0, 2.0)):
        [[answer]] = traffic(impl, None, [[call(batcher, "__call__", [2.0])]])
        if answer.error is not None:
            raise answer.error
        of = f"batcher([2.0]) of the {name} of two Batchers"
        close(tensor(answer.value), np.array([value]), of=of, rtol=1e-4)
        seconds = answer.end - answer.start
        wanted = "0.3, its max_wait" if low else "less than 4, since max_size is 1"
        holds(low <= seconds <= 4, f"{of} took {seconds:.3g} s, but should take {wanted}")


@pytest.mark.grade(points=1, seconds=40)
def test_errors_stay_in_their_batch(impl):
    """an exception of f reaches all callers of its batch, and later batches are served"""
    module = plant(impl, "planted.py", FUNCTIONS)
    batcher = impl.Batcher(module.get("refuse"), 2, 2.0, returns=opaque)
    found = traffic(impl, None, [[call(batcher, "__call__", [-1.0])] for _ in range(2)])
    for [answer] in found:
        kinds = getattr(answer.error, "kinds", ())
        holds(
            "KeyError" in kinds,
            "f raised KeyError, but batcher(row) did not raise it for each row of the batch",
        )
    # One of them large, and one small: they are returned as they are.
    rows = [[123456.7], [1.2345e-5]]
    found = traffic(impl, None, [[call(batcher, "__call__", row)] for row in rows])
    for [answer], row in zip(found, rows, strict=True):
        if answer.error is not None:
            raise answer.error
        of = f"batcher({row}) after a batch that raised"
        close(tensor(answer.value), np.array(row), of=of, rtol=1e-5, atol=1e-10)
