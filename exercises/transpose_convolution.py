"""Transposed convolution: a layer that makes images larger.

A convolution with stride 2 reads windows and makes an image smaller. Its transpose goes the other
way: each pixel of the small image writes a whole kernel into the large one, and what lands on the
same place adds up. Decoders, generators and segmentation networks grow their images so.

Shapes: N images, C channels of the small image, F channels of the large one. Images are
(N, C, H, W) in PyTorch and (N, H, W, C) in TensorFlow. `w` is the kernel of the convolution whose
transpose this is, which takes F channels to C: (C, F, KH, KW) in PyTorch, (KH, KW, F, C) in
TensorFlow. The examples and the messages count places in TensorFlow's layout; image(...) and
kernel(...) stand for the same tensor in yours.

`stride`, `padding`, `output_padding` and `factor` are an integer for both axes, or a tuple
(vertical, horizontal), unless a function says otherwise.

Rule: no convolution, no patch-extracting or resizing function and no such layer of the framework.
Automatic differentiation is welcome in `train`.

Graded as an outcome: bilinear_kernel(2, 1) with a bias of 0 is trained with `train` on 400 digits,
as means over 2 by 2 pixels, to give back the digits of 8 by 8 pixels (10 epochs, batch 20, lr 0.5).
On 450 other digits, the mean squared error must be at most 0.9 times that of upsample_nearest, as a
median over runs. At the start it is 1.14 times as large.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning, chapter 4,
arXiv:1603.07285; Long, Shelhamer & Darrell (2015), arXiv:1411.4038, section 3.3 (bilinear start);
Odena, Dumoulin & Olah (2016), doi:10.23915/distill.00003.
"""


def out_size_t(size, kernel, stride=1, padding=0, output_padding=0):
    """Return the length of one axis of the large image: (size - 1) stride + kernel - 2 padding + output_padding.

    size, kernel: positive integers, the lengths of the small image and of the kernel. padding: how
    many places are cut off at each end. output_padding: places added at the lower right end, since
    a convolution with a stride takes several lengths to the same one.
    Returns an integer. Raises ValueError if output_padding is not less than stride, and if the
    length would be less than 1.

    >>> out_size_t(4, 3, stride=2, padding=1)
    7
    >>> out_size_t(4, 3, stride=2, padding=1, output_padding=1)
    8
    >>> out_size_t(1, 2, padding=1)
    Traceback (most recent call last):
        ...
    ValueError: nothing is left of a length of 2
    """
    raise NotImplementedError("out_size_t")


def conv_transpose2d(x, w, b, stride=1, padding=0, output_padding=0):
    """Return the transposed convolution of x with w, plus b.

    Pixel (i, j) of the small image adds x[n, i, j, c] w[u, v, f, c] to place
    (i s + u - p, j s + v - p) of the large image, for all u, v, c and f, where s is the stride and
    p the padding. What falls outside of the large image is lost. b[f] is added once to every place,
    also where no kernel reaches.

    x: images of C channels. w: kernel as above. b: (F,). All are float tensors of one dtype.
    Returns images of F channels, of the dtype of x, with height and width as out_size_t says;
    raises ValueError where it does. The result can be differentiated by x, w and b.

    >>> conv_transpose2d(image([[[[1.0], [2.0]]]]), kernel([[[[10.0]], [[1.0]]]]), [0.5]).reshape(-1)
    [10.5, 21.5, 2.5]
    >>> conv_transpose2d(image([[[[1.0], [2.0]]]]), kernel([[[[3.0]]]]), [0.0], stride=(1, 2)).reshape(-1)
    [3.0, 0.0, 6.0]
    """
    raise NotImplementedError("conv_transpose2d")


def upsample_nearest(x, factor):
    """Return x with each pixel repeated `factor` times along each axis.

    x: images, a float tensor. factor: at least 1. Returns images of the dtype of x.

    >>> upsample_nearest(image([[[[1.0], [2.0]]]]), (1, 2)).reshape(-1)
    [1.0, 1.0, 2.0, 2.0]
    """
    raise NotImplementedError("upsample_nearest")


def bilinear_kernel(factor, channels):
    """Return the kernel whose transposed convolution interpolates: a float32 tensor, C = F = channels.

    factor: integer of at least 1, for both axes. channels: integer. The kernel is square, with
    K = 2 factor - factor % 2 entries a side. Entry (u, v) from a channel to itself is h[u] h[v],
    with h[u] = 1 - |u - (K - 1) / 2| / factor, and from a channel to another it is 0. With stride
    `factor` and padding factor // 2, images grow by the factor.

    >>> bilinear_kernel(2, 1).reshape(-1)[4]
    0.1875
    """
    raise NotImplementedError("bilinear_kernel")


def train(w, b, x, y, epochs, batch, lr, rng):
    """Return (w, b, history): the kernel and bias after training, new tensors, and a list of Python floats.

    w: kernel of 4 by 4 entries. b: (F,). x: images (N, ...) of C channels. y: images of F channels,
    twice as high and wide. All are float tensors of one dtype, left as they were.
    The prediction is conv_transpose2d(x, w, b, stride=2, padding=1). The loss of a batch is the mean
    of (prediction - y)^2 over all its numbers, and a step is one of gradient descent: w and b less
    lr times their gradients. Every row is used once an epoch, in a new random order drawn from rng,
    a NumPy Generator, in batches of `batch` rows, the last of which may be shorter. history has the
    mean loss of each epoch, in which each row weighs alike. 0 epochs give w and b as they are, and [].
    """
    raise NotImplementedError("train")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
