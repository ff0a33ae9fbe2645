"""Data augmentation: flips, shifts, rotations, zoom, noise and cut-out, for training images alone.

A cat that moved a little is still a cat. Whoever has few images can therefore make more: change each one at random, in
ways that keep its class, and anew in every epoch. The network then learns what does not depend on place and pose.
What is called class-keeping is a decision about the data: a mirrored cat is a cat, a mirrored 2 is no digit.

x is a float tensor of N images with values from 0 to 1, in the framework's own layout: (N, C, H, W) in PyTorch,
(N, H, W, C) in TensorFlow. Every function returns a new tensor like x (shape and dtype) and leaves x as it was. Each
image has its own value in the arguments: chosen, dy, dx, degrees, factors, top and left are tensors (N,).

rotate and zoom read between pixels. With i, j = floor(r), floor(c) and a, b = r - i, c - j, the value at row r and
column c is the bilinear mean of four pixels:

    (1 - a) (1 - b) x[i, j] + (1 - a) b x[i, j + 1] + a (1 - b) x[i + 1, j] + a b x[i + 1, j + 1]

A pixel outside of the image has the value `fill`. The centre is at row (H - 1) / 2 and column (W - 1) / 2.

Rule: write the six changes yourself; no function of the framework's that flips, rolls, samples or transforms images
affinely, nothing of tf.image, and no layer that augments.

Graded as an outcome: a network of 64 inputs, 64 units with ReLU and 10 outputs is trained with `train` on 200 digits
(8 by 8 pixels), 60 epochs, batch 50, lr 0.15, and tested on 450 others, each moved by one pixel in one of the eight
directions. With the policy {"shift": 1}, the median accuracy of the runs must reach 0.79. In pairs of such runs, with
the policy and without one, the median gain must reach 0.4.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Simard, Steinkraus & Platt (2003), Best practices for convolutional neural networks applied to visual document
analysis, doi:10.1109/ICDAR.2003.1227801; DeVries & Taylor (2017), arXiv:1708.04552 (cut-out); Shorten & Khoshgoftaar
(2019), doi:10.1186/s40537-019-0197-0.
"""


def hflip(x, chosen):
    """Return x with left and right exchanged in the images where `chosen` is true.

    chosen: bool tensor (N,).

    >>> hflip(image([[[[0.1], [0.2], [0.3]]]]), [True]).reshape(-1)
    [0.3, 0.2, 0.1]
    """
    raise NotImplementedError("hflip")


def shift(x, dy, dx, fill=0.0):
    """Return x with image n moved down by dy[n] and to the right by dx[n] pixels.

    dy, dx: integer tensors (N,), also negative, or larger than the image. What moves out of the image is lost, and
    places that nothing moved to are `fill`, a float.

    >>> shift(image([[[[0.1], [0.2], [0.3]]]]), [0], [1]).reshape(-1)
    [0.0, 0.1, 0.2]
    """
    raise NotImplementedError("shift")


def rotate(x, degrees, fill=0.0):
    """Return x with image n turned by degrees[n] counter-clockwise, as it is seen, about its centre.

    degrees: float tensor (N,). The result at a place that is dy rows below the centre and dx columns to the right of it
    is the value of x at dx sin(a) + dy cos(a) rows below the centre and dx cos(a) - dy sin(a) columns to the right
    of it, where a is the angle in radians.

    >>> rotate(image([[[[0.1], [0.2]], [[0.3], [0.4]]]]), [90.0]).reshape(-1)
    [0.2, 0.4, 0.1, 0.3]
    """
    raise NotImplementedError("rotate")


def zoom(x, factors, fill=0.0):
    """Return x with image n magnified by factors[n] about its centre, in its old frame.

    factors: float tensor (N,) of numbers > 0; below 1, the image shrinks. At dy rows below the centre and dx columns to
    the right of it, the result is the value of x at dy / factor rows below and dx / factor columns to the right.

    >>> zoom(image([[[[0.0], [1.0], [0.0]]]]), [2.0]).reshape(-1)
    [0.5, 1.0, 0.5]
    """
    raise NotImplementedError("zoom")


def add_noise(x, noise, std):
    """Return x + std * noise, cut off below 0 and above 1. noise: float tensor like x. std: float.

    >>> add_noise(image([[[[0.5], [0.9]]]]), image([[[[1.0], [2.0]]]]), 0.2).reshape(-1)
    [0.7, 1.0]
    """
    raise NotImplementedError("add_noise")


def cutout(x, top, left, size, fill=0.0):
    """Return x with a square of image n, in all channels, set to `fill`.

    top, left: integer tensors (N,), the row and the column of the square's first pixel, also negative. size: int of at
    least 0, its side. The part of a square that lies outside of the image is left out.

    >>> cutout(image([[[[0.1], [0.2], [0.3]]]]), [0], [1], 1, fill=0.5).reshape(-1)
    [0.1, 0.5, 0.3]
    """
    raise NotImplementedError("cutout")


def augment(x, policy, rng):
    """Return x with the changes that `policy` names, drawn anew for each image and each call.

    policy: dict; a name that is not in it is not applied, and {} gives x as it is. The changes are made in this order:
    "flip": the chance that an image is mirrored.
    "shift": int m; dy and dx are integers from -m to m, each drawn by itself, all equally likely.
    "rotate": float d; the angle in degrees is uniform from -d to d.
    "zoom": float z; the factor is uniform from 1 - z to 1 + z.
    "noise": float; the standard deviation of normal noise, drawn for each number of x.
    "cutout": int s; a square of side s, all places inside of the image equally likely.
    rng: NumPy Generator, from which everything is drawn. Raises ValueError for any other name in `policy`.
    """
    raise NotImplementedError("augment")


def train(model, x, y, policy, epochs, batch, lr, rng):
    """Train a classifier on augmented images, and return the mean loss of each epoch as a list of Python floats.

    model: a model of the framework's that takes images like x and gives logits (N, k); it is trained in place.
    x: images as above. y: int64 tensor (N,). policy: as for augment, or None to train on the images as they are.
    In each epoch, every row is used once, in a new random order, in batches of `batch` rows, the last of which may be
    shorter. Each batch is augmented anew. The loss is the mean cross-entropy of the batch; a step is one of
    gradient descent with momentum 0.9 and learning rate lr: v = 0.9 v + gradient, parameter = parameter - lr v, with
    v = 0 at the start of `train`. The mean loss of an epoch weighs each row alike.
    rng: NumPy Generator, for orders and augmentation. 0 epochs leave the model as it is and return [].
    """
    raise NotImplementedError("train")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
