"""Pictures of exercises/callbacks.py."""


def draw_schedules(impl, figure):
    """Learning rates: half a cosine after a warm-up, and steps"""
    steps = range(100)
    axes = figure.subplots()
    axes.plot(steps, [impl.cosine(s, 100, warmup=10) for s in steps], label="cosine")
    axes.plot(steps, [impl.step_decay(s, 25) for s in steps], label="step_decay")
    axes.set(xlabel="step", ylabel="learning rate")
    axes.legend()
