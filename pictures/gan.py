"""Pictures of exercises/gan.py."""

import numpy as np

from katagrad.data import ring8, ring8_centres


def draw_samples(impl, figure):
    """Real points about eight centres, and what the generator makes of noise after 60 and after 600 steps"""
    x, _ = ring8(1000, np.random.default_rng(5))
    models = impl.build(4, 2, (64, 64))
    shown = {"real": x[:500]}
    for steps in (60, 540):
        rng = impl.rng(steps)
        impl.train(*models, x, steps, 128, 4, 0.002, rng)
        name = f"{60 if steps == 60 else 600} steps"
        shown[name] = impl.sample(models[0], 500, 4, impl.rng(3))
    centres = ring8_centres()
    for axes, (name, points) in zip(
        figure.subplots(1, 3, sharex=True, sharey=True), shown.items(), strict=True
    ):
        covered, quality = impl.mode_coverage(points, centres, 0.3)
        axes.scatter(*points.T, s=4)
        axes.scatter(*centres.T, s=30, marker="+", color="#d06020")
        axes.set(xlabel="first feature", ylabel="second feature", aspect="equal")
        axes.set_title(f"{name}: {covered} modes, {quality:.0%} near", fontsize="small")


def draw_losses(impl, figure):
    """The losses of both networks, step by step: neither of them falls to 0"""
    x, _ = ring8(1000, np.random.default_rng(5))
    models = impl.build(4, 2, (64, 64))
    told, fooled = impl.train(*models, x, 300, 128, 4, 0.002, impl.rng(5))
    axes = figure.subplots()
    axes.plot(told, label="discriminator")
    axes.plot(fooled, label="generator")
    # A discriminator that says one half to everything.
    axes.axhline(2 * np.log(2), linestyle=":", color="#808080", label="2 ln 2")
    axes.set(xlabel="step", ylabel="loss in nats")
    axes.legend()
