"""Transfer learning: reuse a pretrained base for new classes, frozen at first, then fine-tuned.

What the first layers of a network have learned on many images (edges, strokes, corners) serves other
images, too. So whoever has few images of new classes takes the layers of a pretrained network, its
base, and gives them a new head: a last layer for the new classes. The base is frozen while the head
learns, because the first gradients of a new head would spoil it, and then fine-tuned in small steps.

Shapes: N images of H by W pixels and C channels, K classes. Images are (N, C, H, W) in PyTorch and
(N, H, W, C) in TensorFlow. image(...) in the examples stands for the tensor in your layout.

Graded as an outcome: the grader puts a base into a model of build((8, 8, 1), (16, 32), 5), which it
has trained on the digits 0 to 4, and calls transfer with 10 images of each of the digits 5 to 9, at a
learning rate of 0.02, in batches of 10. On 224 other images of them,

- after 5 epochs of phase one and 3 of phase two, the median accuracy of the runs must reach 0.85;
- after 5 epochs of phase one alone, in pairs of runs with the pretrained base and with the random one
  of build, the median gain of accuracy by pretraining must reach 0.05.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Yosinski, Clune, Bengio & Lipson (2014), How transferable are features in deep neural
networks?, arXiv:1411.1792; Kolesnikov et al. (2020), Big Transfer, arXiv:1912.11370 (a head of
zeros); the Keras guide "Transfer learning & fine-tuning" (batch normalisation in a frozen base).
"""


def build(in_shape, filters, classes):
    """Return a model of the framework that turns images into logits (N, K): blocks, and a head.

    in_shape: (H, W, C), in both frameworks. filters: tuple of one or more numbers of filters. For
    each of them, the model has a block: a convolution of 3 by 3 with bias, stride 1 and zeros around;
    batch normalisation; ReLU; and a maximum over 2 by 2 windows without overlap, where a rest that
    fills no window is left out. Then come all numbers in a row, in the order of your layout, and the
    head: a dense layer of `classes`, without anything after it. Initial weights are up to you.
    Batch normalisation adds 1e-5 to the variance, and moves its running mean and variance by 0.1 of
    the difference in each step of training. Nothing is frozen.

    >>> trainable_count(build((4, 4, 1), (2,), 3))
    51
    """
    raise NotImplementedError("build")


def replace_head(model, classes):
    """Return a new model with the blocks of `model` and a new head of `classes`.

    model: a model of build or of replace_head, which is left as it was, also if the new model is
    trained. The blocks have the same weights, running means and variances. All weights and biases of
    the new head are 0, so that the first loss is log(classes). Nothing of the new model is frozen.

    >>> logits(replace_head(build((2, 2, 1), (3,), 5), 2), image([[[[0.1], [0.2]], [[0.3], [0.4]]]]))
    [[0.0, 0.0]]
    """
    raise NotImplementedError("replace_head")


def freeze(model, blocks):
    """Freeze the first `blocks` blocks of the model in place, and unfreeze all others.

    Training leaves a frozen block exactly as it is, its running means and variances included, and
    in training, too, a frozen block normalises by these. The head is never frozen. Raises ValueError
    if `blocks` is below 0 or above the number of blocks of the model.

    >>> freeze(build((4, 4, 1), (2,), 3), 2)
    Traceback (most recent call last):
        ...
    ValueError: the model has 1 block, so 2 cannot be frozen
    """
    raise NotImplementedError("freeze")


def trainable_count(model):
    """Return how many numbers of the model are learned by gradient descent, as a Python integer.

    These are the weights and biases of the head, and of each block that is not frozen the weights and
    biases of its convolution and the scales and offsets of its normalisation.
    """
    raise NotImplementedError("trainable_count")


def train(model, x, y, epochs, batch, lr, rng):
    """Train what is not frozen in place, and return the mean loss of each epoch as a list of Python floats.

    x: images, a float tensor. y: integer tensor (N,), classes from 0. The loss of a batch is the mean
    cross-entropy in nats of the model in training, where blocks that are not frozen normalise by the
    means and variances of the batch. A step is one of gradient descent with momentum 0.9: v = 0.9 v +
    gradient, parameter = parameter - lr v, where v is 0 at the start of each call. Every row is used
    once an epoch, in a new random order drawn from rng, a NumPy Generator, in batches of `batch`
    rows, the last of which may be shorter. In the mean loss of an epoch each row weighs alike. 0
    epochs leave the model as it is and return [].
    """
    raise NotImplementedError("train")


def transfer(base, x, y, classes, epochs, batch, lr, rng, thaw=1):
    """Train a new head on the blocks of `base`, then fine-tune; return (model, history).

    base: a model of build or of replace_head, which is left as it was. The model is a new one, that
    of replace_head(base, classes). x, y, batch, rng: as for train. epochs: a pair of numbers.
    Phase one: all blocks are frozen, and `train` runs for epochs[0] epochs with the learning rate lr.
    Phase two: all but the last `thaw` blocks are frozen, and `train` goes on with the same model for
    epochs[1] epochs with the learning rate lr / 10. These blocks are frozen in the model that is
    returned, too, also after 0 epochs. history: the losses of phase one, then those of phase two, in
    one list of Python floats.
    """
    raise NotImplementedError("transfer")


def logits(model, x):
    """Return the logits of images in use, a float tensor (N, K).

    All blocks normalise by their running means and variances, so that the logits of an image do not
    depend on the other images, nor on whether the model was trained just before. x: images, a float
    tensor. The model is left as it was.
    """
    raise NotImplementedError("logits")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
