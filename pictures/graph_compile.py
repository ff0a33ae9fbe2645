"""Pictures of exercises/graph_compile.py."""

import numpy as np

# Milliseconds: of the first call of a compiled function, and of each later one; an eager call takes 2.
EAGER, KINDS = 2.0, {"a large graph": (400.0, 1.0), "a small one": (100.0, 1.8)}


def draw_break_even(impl, figure):
    """The time of all calls, eager and compiled, and the number of calls from which compiling saves some"""
    calls = np.arange(1, 801)
    axes = figure.subplots()
    axes.plot(calls, EAGER * calls, color="#808080", label="eager")
    for name, (first, later) in KINDS.items():
        n = impl.break_even(first, later, EAGER)
        label = f"compiled, {name}: from {n} calls on"
        line = axes.plot(calls, first + (calls - 1) * later, label=label)
        axes.plot([n], [first + (n - 1) * later], marker="o", color=line[0].get_color())
    axes.set(xlabel="calls", ylabel="time of all of them in ms")
    axes.legend()
