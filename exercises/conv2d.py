"""Convolution and pooling from scratch, forward and backward.

A convolution layer slides small kernels over an image: the same few weights look at every place. Here you write the
layer and its gradients from slices, sums and products, and see what padding, stride and dilation do to sizes.

Rule: no convolution, pooling or patch-extracting function of the framework, and no automatic differentiation.

Layout: images are (N, C, H, W) in PyTorch and (N, H, W, C) in TensorFlow; kernels are (F, C, KH, KW) in PyTorch and
(KH, KW, C, F) in TensorFlow. N images, C input channels, F filters (output channels). The examples write both in
TensorFlow's layout; image(...) and kernel(...) stand for the same tensor in your framework's. So do messages:
they count places as [n, i, j, c].

`size`, `stride`, `padding` and `dilation` are an integer for both axes, or a tuple (vertical, horizontal).

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Goodfellow, Bengio & Courville (2016), Deep Learning, sections 9.1 to 9.3 and 9.5; Dumoulin & Visin (2016),
A guide to convolution arithmetic for deep learning, chapters 2 and 3, arXiv:1603.07285.
"""


def out_size(size, kernel, stride=1, padding=0, dilation=1):
    """Return how many places a kernel takes along one axis.

    size, kernel: positive integers, the lengths of image and kernel. padding: zeros added at each end.
    dilation: the distance between neighbouring kernel entries. stride: the distance between neighbouring places.
    A rest that is too short for a further place is left out.
    Returns an integer. Raises ValueError where the dilated kernel is longer than the padded image.

    >>> out_size(7, 3, stride=2, padding=1)
    4
    >>> out_size(10, 3, dilation=4)
    2
    >>> out_size(2, 3)
    Traceback (most recent call last):
        ...
    ValueError: a kernel of 3 does not fit into 2
    """
    raise NotImplementedError("out_size")


def conv2d(x, w, b, stride=1, padding=0, dilation=1):
    """Return the cross-correlation of x with w, plus b: what deep learning calls a convolution.

    In TensorFlow's layout, with x padded by zeros on all four sides, stride s and dilation d:
    y[n, i, j, f] = b[f] + sum over u, v, c of x[n, i s + u d, j s + v d, c] w[u, v, c, f].

    x: images of C channels. w: F kernels of C channels. b: (F,). All are float tensors of one dtype.
    Returns images of F channels, of the dtype of x, with height and width as out_size says.

    >>> conv2d(image([[[[1.0], [2.0], [3.0]]]]), kernel([[[[10.0]], [[1.0]]]]), [0.5]).reshape(-1)
    [12.5, 23.5]
    >>> conv2d(image([[[[5.0]]]]), kernel([[[[3.0]]]]), [0.0], stride=(1, 2), padding=(0, 2)).reshape(-1)
    [0.0, 15.0, 0.0]
    """
    raise NotImplementedError("conv2d")


def conv2d_backward(dout, x, w, stride=1, padding=0, dilation=1):
    """Return the gradients of sum(conv2d(x, w, b, stride, padding, dilation) * dout) by x, w and b.

    dout: float tensor of the shape of conv2d's result. The other arguments are as for conv2d.
    Returns (dx, dw, db) of the shapes of x, w and b.

    >>> x, w = image([[[[3.0], [4.0], [5.0]]]]), kernel([[[[10.0]], [[1.0]]]])
    >>> dx, dw, db = conv2d_backward(image([[[[1.0], [2.0]]]]), x, w)
    >>> dx.reshape(-1)
    [10.0, 21.0, 2.0]
    >>> dw.reshape(-1)
    [11.0, 14.0]
    >>> db
    [3.0]
    """
    raise NotImplementedError("conv2d_backward")


def max_pool2d(x, size, stride=None):
    """Return the maximum of each window of x, channel by channel, without padding.

    x: images, a float tensor. size: the height and width of a window. stride: as for conv2d; None means `size`, so
    that windows neither overlap nor leave gaps. A rest that does not fill a window is left out.
    Returns images of the dtype and channels of x.

    >>> max_pool2d(image([[[[1.0], [-2.0], [-3.0], [-4.0], [5.0]]]]), (1, 2)).reshape(-1)
    [1.0, -3.0]
    """
    raise NotImplementedError("max_pool2d")


def max_pool2d_backward(dout, x, size, stride=None):
    """Return the gradient of sum(max_pool2d(x, size, stride) * dout) by x.

    Where several entries of a window are the largest, the first of them in reading order (row by row, left to right)
    receives all of the window's gradient. An entry that wins in several windows receives the sum.
    Returns a tensor of the shape of x.

    >>> max_pool2d_backward(image([[[[1.0], [2.0]]]]), image([[[[7.0], [7.0], [9.0]]]]), (1, 2), 1).reshape(-1)
    [1.0, 0.0, 2.0]
    """
    raise NotImplementedError("max_pool2d_backward")


def avg_pool2d(x, size, stride=None):
    """Return the mean of each window of x, channel by channel, without padding; arguments as for max_pool2d.

    >>> avg_pool2d(image([[[[1.0], [3.0], [5.0]]]]), (1, 2), 1).reshape(-1)
    [2.0, 4.0]
    """
    raise NotImplementedError("avg_pool2d")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
