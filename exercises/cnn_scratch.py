"""A convolutional network from low-level operations: own weights, own forward pass, own training.

The network is a function of a dict of tensors. With the framework's convolution and pooling as
operations, everything that a layer does for you is written here once: shapes, initial weights,
dropout, the loss, and the steps.

Shapes: N images of H by W pixels and C channels; F1 and F2 filters, U units, K classes. Images are
(N, C, H, W) in PyTorch and (N, H, W, C) in TensorFlow; kernels are (F, C, 3, 3) in PyTorch and
(3, 3, C, F) in TensorFlow. image(...) in the examples stands for the tensor in your layout.

The network, with `params` as init_params makes them:

1. a convolution with kernel k1, stride 1 and zeros around, which keeps H and W; plus b1; then ReLU;
2. the maximum of each 2 by 2 window, without overlap; a rest that fills no window is left out;
3. the same as 1 and 2 with k2 and b2;
4. all numbers of an image in a row of D, in the order in which your layout holds them;
5. ReLU of the product with w3, plus b3; then dropout;
6. the product with w4, plus b4: the logits.

Rule: no layers and models of the framework; its operations (convolution, pooling, products, ReLU,
cross-entropy), automatic differentiation and optimizers are welcome.

Graded as an outcome, on images that training has not met: with filters (16, 32) and 64 units, digits
of 8 by 8 pixels (12 epochs, batch 32, lr 0.03, rate 0.1), and the median accuracy of the runs must
reach 0.94. Where the full MNIST is present, it is graded in place of digits, and takes about a minute:
with filters (8, 16) and 64 units, 30,000 of its images (batch 32, rate 0.1; 2 epochs with lr 0.05, and
a second call of 1 epoch with lr 0.005), to 0.98 on its 10,000 test images.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: LeCun, Bottou, Bengio & Haffner (1998), doi:10.1109/5.726791; Goodfellow, Bengio &
Courville (2016), Deep Learning, chapter 9; He et al. (2015), arXiv:1502.01852 (initial weights).
"""


def init_params(size, filters, units, classes, rng):
    """Return the parameters: a dict of float32 tensors k1, b1, k2, b2, w3 (D, U), b3, w4 (U, K) and b4.

    size: (H, W, C), in both frameworks. filters: (F1, F2). units, classes: U and K. rng: NumPy
    Generator. k1, k2, w3 and w4 are normal draws from rng with mean 0 and variance 2 / fan-in,
    where fan-in is the count of numbers that one output sums: 9 C for k1, 9 F1 for k2, D for w3 and
    U for w4. b1 (F1,), b2 (F2,), b3 (U,) and b4 (K,) are 0.

    >>> init_params((8, 8, 1), (2, 3), 5, 10, rng(0))["b1"]
    [0.0, 0.0]
    """
    raise NotImplementedError("init_params")


def forward(params, x, rate=0.0, rng=None):
    """Return the logits of images, a float tensor (N, K).

    params: dict as above. x: images, a float tensor. With an rng, a NumPy Generator, each of the U
    units of each image is set to 0 with the probability `rate`, a float from 0 to below 1, and the
    others are divided by 1 - rate. Without one, nothing is dropped, whatever the rate.

    >>> params = init_params((4, 4, 1), (2, 3), 5, 10, rng(0))
    >>> row = [[0.1], [0.2], [0.3], [0.4]]
    >>> len(forward(params, image([[row, row, row, row]]))[0])
    10
    """
    raise NotImplementedError("forward")


def train(params, x, y, epochs, batch, lr, rate, rng):
    """Return (params, history): the parameters after training, a new dict, and a list of Python floats.

    params: dict of init_params, left as it was. x: images, a float tensor. y: integer tensor (N,),
    classes from 0. The loss of a batch is the mean cross-entropy in nats, with dropout of `rate`; a
    step is one of gradient descent with momentum 0.9: v = 0.9 v + gradient, parameter = parameter -
    lr v, where v is 0 at the start of each call. Every row is used once an epoch, in a new random
    order drawn from rng, a NumPy Generator, in batches of `batch` rows, the last of which may be
    shorter. history has the mean loss of each epoch, in which each row weighs alike. 0 epochs give
    the parameters as they are, and [].
    """
    raise NotImplementedError("train")


def predict(params, x, batch=256):
    """Return the most likely class of each image, an int64 tensor (N,).

    x: images, a float tensor; N may be 0. No more than `batch` images are computed at once, since all
    feature maps of a large set do not fit into memory; the result does not depend on it.
    """
    raise NotImplementedError("predict")


def evaluate(params, x, y, batch=256):
    """Return {"loss": ..., "accuracy": ...}, the means over all images as Python floats.

    x, batch: as for predict. y: integer tensor (N,). The loss is the cross-entropy in nats; the
    accuracy is the share of images for which predict is right.
    """
    raise NotImplementedError("evaluate")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
