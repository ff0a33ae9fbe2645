"""A generative adversarial network: a generator and a discriminator that train each other.

The discriminator learns to tell real rows from generated ones, the generator to have its rows taken
for real. Neither loss says how good the rows are: their statistics do, and the modes that they cover.

Shapes: B = rows of a batch, F = features of a row, Z = noise numbers of a row, M = modes.

Graded as an outcome, on what the generator that `train` leaves makes of new noise, as a median over
runs:

- on 1,000 normal numbers (mean 3, standard deviation 1), with noise=4, units=(32, 32), 600 steps,
  batch 128 and lr 0.002: the mean is off by at most 0.4, and the standard deviation by at most 0.4;
- on 1,000 points about 8 centres on a circle of radius 2, with noise=4, units=(64, 64), 600 steps,
  batch 128 and lr 0.002: at least 6 of the 8 centres have a share of 0.02 of the rows within 0.3.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Goodfellow et al. (2014), Generative adversarial networks, arXiv:1406.2661, section 3 and
algorithm 1; Metz, Poole, Pfau & Sohl-Dickstein (2017), arXiv:1611.02163 (modes on a ring).
"""


def discriminator_loss(real_logits, fake_logits):
    """Return the mean of -log p over the real rows plus the mean of -log(1 - p) over the generated rows.

    real_logits: float tensor (B, 1). fake_logits: float tensor (C, 1). p is the sigmoid of a logit, the
    probability that a row is real. The loss and its gradients are finite for logits of any size.
    Returns a float tensor ().

    >>> discriminator_loss([[0.0], [0.0]], [[0.0]])
    1.386
    >>> discriminator_loss([[-200.0]], [[400.0], [0.0]])
    400.347
    """
    raise NotImplementedError("discriminator_loss")


def generator_loss(fake_logits):
    """Return the mean of -log p over the generated rows, a float tensor ().

    fake_logits: float tensor (B, 1). p is the sigmoid of a logit. The loss and its gradients are finite
    for logits of any size.

    >>> generator_loss([[0.0], [-1000.0]])
    500.347
    """
    raise NotImplementedError("generator_loss")


def build(noise, features, units):
    """Return (generator, discriminator), two models of the framework.

    noise: Z. features: F. units: tuple of one or more widths. Both models have a dense layer with bias
    for each width, and a last dense layer with bias without anything after it. The generator has
    ReLU after each width: (B, Z) to (B, F). The discriminator has leaky ReLU of slope 0.2 after each
    width: (B, F) to logits (B, 1). Initial weights are drawn anew for each model.
    """
    raise NotImplementedError("build")


def make_optimizer(model, lr):
    """Return an optimizer of the framework for the parameters of one model.

    It is Adam with learning rate lr, beta1 0.0, beta2 0.9 and epsilon 1e-7.
    """
    raise NotImplementedError("make_optimizer")


def discriminator_step(generator, discriminator, optimizer, real, z):
    """Move the discriminator by one step of `optimizer`, and return the loss before it, a Python float.

    optimizer: of `make_optimizer`, for the discriminator. real: float tensor (B, F). z: float tensor
    (C, Z). The loss is `discriminator_loss` of the logits of the real rows and of the rows that the
    generator makes of z. The generator keeps its parameters. A step depends on no gradient that
    another step left behind.
    """
    raise NotImplementedError("discriminator_step")


def generator_step(generator, discriminator, optimizer, z):
    """Move the generator by one step of `optimizer`, and return the loss before it, a Python float.

    optimizer: of `make_optimizer`, for the generator. z: float tensor (B, Z). The loss is
    `generator_loss` of the logits of the rows that the generator makes of z. The discriminator keeps
    its parameters. A step depends on no gradient that another step left behind.
    """
    raise NotImplementedError("generator_step")


def train(generator, discriminator, x, steps, batch, noise, lr, rng):
    """Train both models in place, and return (discriminator losses, generator losses).

    x: float tensor (N, F). noise: Z. Each of the `steps` is a step of the discriminator, and then one of the
    generator. Each model has an optimizer of its own, made anew in each call, with learning rate
    lr. For the step of the discriminator, `batch` different rows of x are drawn at random, all
    equally likely. Each of the two steps gets new noise, `batch` rows of Z independent standard
    normal numbers. All is drawn from rng, a NumPy Generator.
    Returns two lists of Python floats, one for each step: the losses before it.
    """
    raise NotImplementedError("train")


def sample(generator, count, noise, rng):
    """Return `count` rows that the generator makes of standard normal noise, a float tensor (count, F).

    count: a number of rows, which may be 0. noise: Z. The noise is drawn from rng, a NumPy Generator. The
    generator is left as it was.
    """
    raise NotImplementedError("sample")


def mode_coverage(x, centres, radius, share=0.02):
    """Return (covered, quality): how many modes the rows of x cover, and the share of rows near a mode.

    x: float tensor (N, F), N at least 1. centres: float tensor (M, F). A row belongs to the centre that is
    nearest to it, if their Euclidean distance is at most `radius`. covered: a Python integer, the number of
    centres that have at least one row, and at least a share `share` of the N rows. quality: a Python float,
    the share of rows that belong to a centre.

    >>> mode_coverage([[0.1], [0.2], [5.0], [9.0]], [[0.0], [5.0], [7.0]], 0.5)
    (2, 0.75)
    >>> mode_coverage([[0.1], [0.2], [5.0], [9.0]], [[0.0], [5.0], [7.0]], 0.5, share=0.4)
    (1, 0.75)
    """
    raise NotImplementedError("mode_coverage")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
