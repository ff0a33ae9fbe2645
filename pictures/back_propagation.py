"""Pictures of exercises/back_propagation.py."""

import numpy as np

from katagrad.data import moons

# Where each number stands, and which two it was computed from; w is used twice.
PLACES = {
    "x": (0, 3), "w": (0, 1), "b": (1.4, 1.9), "x w": (1, 3), "x w + b": (2, 3), "relu": (3, 3), "- y": (4, 3),
    "squared": (5, 3), "w²": (3, 1), "0.5 w²": (4, 1), "loss": (6, 3),
}  # fmt: skip
EDGES = [
    ("x", "x w"), ("w", "x w"), ("x w", "x w + b"), ("b", "x w + b"), ("x w + b", "relu"), ("relu", "- y"),
    ("- y", "squared"), ("squared", "loss"), ("w", "w²"), ("w²", "0.5 w²"), ("0.5 w²", "loss"),
]  # fmt: skip


def formula(impl):
    """The Values of (relu(x w + b) - y)² + 0.5 w² by name, after backward."""
    found = {"x": impl.Value(2.0), "w": impl.Value(1.5), "b": impl.Value(-0.5)}
    found["x w"] = found["x"] * found["w"]
    found["x w + b"] = found["x w"] + found["b"]
    found["relu"] = found["x w + b"].relu()
    found["- y"] = found["relu"] - 3.0
    found["squared"] = found["- y"] ** 2
    found["w²"] = found["w"] ** 2
    found["0.5 w²"] = found["w²"] * 0.5
    found["loss"] = found["squared"] + found["0.5 w²"]
    found["loss"].backward()
    return found


def draw_graph(impl, figure):
    """The Values of (relu(x w + b) - y)² + 0.5 w² for y = 3: forward their data, backward their grad; w has two uses"""
    axes = figure.subplots()
    for start, end in EDGES:
        axes.plot(*zip(PLACES[start], PLACES[end], strict=True), color="#808080", zorder=1)
    for name, value in formula(impl).items():
        x, y = PLACES[name]
        axes.scatter([x], [y], s=90, color="#3070b0", zorder=2)
        # Edges come from the left and from below, and leave the lower nodes upward.
        heights = (0.56, 0.36, 0.16) if y == 3 else (-0.2, -0.4, -0.6)
        data, grad = f"data {value.get('data'):g}", f"grad {value.get('grad'):g}"
        looks = ({"weight": "bold"}, {}, {"color": "#d06020"})
        for words, height, look in zip((name, data, grad), heights, looks, strict=True):
            axes.text(x, y + height, words, ha="center", va="center", fontsize=9, **look)
    axes.set(xlim=(-0.5, 6.5), ylim=(0.1, 3.8), xticks=[], yticks=[])
    axes.set(xlabel="data is computed from left to right, grad from right to left")
    axes.set(ylabel="numbers that are there at once")


def draw_slope(impl, figure):
    """The loss of the two layers after a step against its gradients, and after random steps of the same length"""
    rng = np.random.default_rng(5)
    x, y = moons(200, rng)
    shapes = {"w1": (2, 16), "b1": (16,), "w2": (16, 2), "b2": (2,)}
    params = {name: rng.normal(0, 0.5, shape) for name, shape in shapes.items()}
    loss, grads = impl.two_layer_loss(params, x, y)
    length = np.sqrt(sum(np.sum(grad**2) for grad in grads.values()))
    steps = np.linspace(0, 1.5, 31)

    def losses(direction):
        """The losses along a direction, whose length becomes 1."""
        size = np.sqrt(sum(np.sum(value**2) for value in direction.values()))
        moved = ({k: v + s / size * direction[k] for k, v in params.items()} for s in steps)
        return [float(impl.two_layer_loss(one, x, y)[0]) for one in moved]

    axes = figure.subplots()
    axes.plot(steps, losses({k: -v for k, v in grads.items()}), label="against the gradients")
    axes.plot(steps, loss - length * steps, ":", label="the slope that the gradients say")
    for i in range(4):
        other = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        name = "random steps" if i == 0 else None
        axes.plot(steps, losses(other), color="#808080", linewidth=0.8, label=name)
    axes.set(xlabel="length of the step", ylabel="loss", ylim=(0, 2 * float(loss)))
    axes.legend()
