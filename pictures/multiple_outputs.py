"""Pictures of exercises/multiple_outputs.py."""

from katagrad.data import digits


def draw_weights(impl, figure):
    """The losses of both heads of one trunk, by the weights that they have in the joint loss"""
    split = digits()
    amounts = split.train_x.mean(1)
    amounts = (amounts - amounts.mean()) / amounts.std()
    both = figure.subplots(1, 2)
    for weights in ((1.0, 0.01), (1.0, 1.0), (0.01, 1.0)):
        impl.seed(5)
        model = impl.build(64, (32,), 10)
        history = impl.train(model, split.train_x, (split.train_y, amounts), weights, 15, 0.002, 32)
        for axes, name in zip(both, ("label", "amount"), strict=True):
            axes.semilogy(range(1, 16), history[name], label=f"{weights[0]:g} and {weights[1]:g}")
    both[0].set(xlabel="epoch", ylabel="cross-entropy of the label in nats")
    both[1].set(xlabel="epoch", ylabel="squared error of the amount")
    both[1].legend(title="weights", fontsize="small")
