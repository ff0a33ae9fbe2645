"""Pictures of exercises/serving.py."""

import numpy as np

from katagrad.authoring.companion import plant
from katagrad.boundary.traffic import Called, Reply, call, post, traffic, wait

PATH = "/v1/models/m:predict"
# Requests of a client before, between and after the two switches.
CLIENTS, REQUESTS = 6, 10
# A model whose call takes 5 ms, however many rows it has.
MODEL = """
import time

SIZES = []


def f(x):
    SIZES.append(int(x.shape[0]))
    time.sleep(0.005)
    return x * 2.0


def sizes():
    return list(SIZES)
"""


def constant(impl, number):
    """A model that answers each row of three with one number, which tells the versions apart."""
    return impl.sequential(
        {"type": "dense", "kernel": np.zeros((3, 1)), "bias": np.array([float(number)])}
    )


def draw_rollback(impl, figure):
    """Six clients ask while one of them activates version 2 and rolls it back: who answered, and how soon"""
    registry = impl.Registry()
    for version in (1, 2):
        registry.add("m", version, constant(impl, version), 3)
    app, asked = impl.create_app(registry), post(PATH, {"instances": [[1.0, 2.0, 3.0]]})
    # The first call of a model takes longer than others.
    traffic(impl, app, [[asked]] * CLIENTS)
    ask = [asked, wait(0.01)] * REQUESTS
    there, back = call(registry, "activate", "m", 2), call(registry, "rollback", "m")
    clients = [[*ask, there, *ask, back, *ask], *[ask * 3] * (CLIENTS - 1)]
    found = [one for steps in traffic(impl, app, clients) for one in steps]
    replies = [one for one in found if isinstance(one, Reply)]
    began = min(reply.start for reply in replies)
    axes = figure.subplots()
    for version, marker in ((1, "o"), (2, "s"), (None, "x")):
        own = [one for one in replies if version is None or answers(one, version)]
        times = [reply.start - began for reply in own]
        waits = [1000 * (reply.end - reply.start) for reply in own]
        label = f"version {version}: {len(own)} answers" if version else f"neither: {len(own)}"
        axes.scatter(times, waits, s=12, marker=marker, label=label)
        replies = [one for one in replies if one not in own]
    switches = [one for one in found if isinstance(one, Called)]
    for one, name in zip(switches, ("activate", "rollback"), strict=True):
        at = one.start - began
        axes.axvline(at, color="#808080", linestyle=":")
        across = axes.get_xaxis_transform()
        axes.text(at, 1.01, name, transform=across, ha="center", fontsize="small")
    axes.set(xlabel="seconds", ylabel="milliseconds to the answer", yscale="log")
    axes.legend(fontsize="small")


def answers(reply, version):
    """Whether this version gave an answer."""
    return reply.status == 200 and reply.json() == {"predictions": [[float(version)]]}


def draw_batches(impl, figure):
    """A Batcher that waits 10 ms for up to 8 rows, before a model that takes 5 ms a call, whatever its rows"""
    clients, sizes, rates = [1, 2, 4, 8, 16], [], []
    for count in clients:
        module = plant(impl, "model.py", MODEL)
        batcher = impl.Batcher(module.get("f"), 8, 0.01)
        steps = [call(batcher, "", [1.0, 2.0, 3.0])] * 12
        found = [one for steps in traffic(impl, None, [steps] * count) for one in steps]
        sizes.append(float(np.mean(module.get("sizes")())))
        rates.append(len(found) / (max(f.end for f in found) - min(f.start for f in found)))
    left, right = figure.subplots(1, 2)
    left.plot(clients, sizes, marker="o")
    left.axhline(8, color="#808080", linestyle=":", label="max_size")
    left.set(xlabel="clients at once", ylabel="rows of a call", ylim=(0, 9))
    right.plot(clients, rates, marker="o", label="with the Batcher")
    right.axhline(200, color="#808080", linestyle=":", label="one row a call, no waiting")
    right.set(xlabel="clients at once", ylabel="rows a second", ylim=(0, None))
    for axes in (left, right):
        axes.set_xticks(clients)
        axes.legend(fontsize="small")
