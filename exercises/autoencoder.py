"""Autoencoders: squeeze rows through a few numbers, clean them of noise, and find the odd ones.

A network that has to give back its input through a code of a few numbers learns what its data have
in common. A row that lacks this comes back changed, and its error gives it away.

Shapes: N = rows, D = features, K = numbers of a code. A model is the pair (encoder, decoder) that
`build` returns.

Graded as an outcome, as a median over runs, on digits of 8 by 8 pixels that training has not met,
with a code of 16 numbers, hidden=(64,), 12 epochs, batch 32 and lr 0.004:

- the mean squared error of reconstructions is at most 0.02;
- after training with noise 0.3, the mean squared error of images restored from such noise is at
  most 0.03, where that of the noisy images is 0.09;
- the errors of images in which a square of 3 by 3 pixels is inverted lie above those of untouched
  images, with an area under the ROC curve of at least 0.95.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Goodfellow, Bengio & Courville (2016), Deep Learning, chapter 14; Vincent, Larochelle,
Bengio & Manzagol (2008), doi:10.1145/1390156.1390294 (denoising); Baldi & Hornik (1989),
doi:10.1016/0893-6080(89)90014-2 (linear autoencoders and principal components).
"""


def build(features, code, hidden=(64,), linear=False):
    """Return (encoder, decoder), two models of the framework.

    features: D. code: K. hidden: tuple of widths, which may be empty. The encoder has a dense layer with
    bias for each width, ReLU after each, and a dense layer of `code` numbers without anything after
    it: (N, D) to (N, K). The decoder has the widths in reverse, ReLU after each, and a dense layer of
    `features` numbers, then a sigmoid: (N, K) to (N, D). With linear=True, there is neither ReLU nor
    sigmoid. Initial weights are drawn anew for each model.
    Raises ValueError unless 1 <= code < features, because otherwise nothing is squeezed.

    >>> build(4, 4)
    Traceback (most recent call last):
        ...
    ValueError: a code of 4 numbers does not squeeze 4 features
    """
    raise NotImplementedError("build")


def reconstruct(model, x):
    """Return what the decoder makes of the codes of x, a float tensor (N, D).

    x: float tensor (N, D). The model is left as it was.
    """
    raise NotImplementedError("reconstruct")


def reconstruction_error(model, x):
    """Return the mean of (reconstruction - x)**2 over the features of each row, a float tensor (N,).

    x: float tensor (N, D). N may be 0. The model is left as it was.
    """
    raise NotImplementedError("reconstruction_error")


def train(model, x, epochs, batch, lr, rng, noise=0.0):
    """Train the model in place with Adam, and return the mean loss of each epoch as Python floats.

    x: float tensor (N, D). Each time a row is used, the encoder gets the row plus `noise` times
    standard normal numbers, drawn anew from rng, a NumPy Generator, one for each feature. The
    loss is the mean over the rows of a batch and the features of (output - row)**2, with the row
    as it is without noise. Adam updates encoder and decoder together, with learning rate lr, beta1
    0.9, beta2 0.999 and epsilon 1e-7, and starts anew in each call. Every row is used once an
    epoch, in a new random order drawn from rng, in batches of `batch` rows, the last of which may
    be smaller.
    Returns a list with the mean of the loss over all rows for each epoch, each taken when its batch is seen,
    before its step. 0 epochs leave the model as it is and return [].
    """
    raise NotImplementedError("train")


def fit_threshold(errors, quantile):
    """Return the number below which a share `quantile` of the errors lies, a float tensor ().

    errors: float tensor (N,). quantile: a float q. With the errors in ascending order, e[0] to e[N - 1],
    it is the error at the place q (N - 1), counted from 0. Between two places, it is interpolated linearly.
    Raises ValueError if there are no errors, and unless 0 <= q <= 1.

    >>> fit_threshold([0.4, 0.1, 0.3, 0.2, 0.0], 0.75)
    0.3
    >>> fit_threshold([1.0, 2.0], 0.25)
    1.25
    """
    raise NotImplementedError("fit_threshold")


def detect(errors, threshold):
    """Return which errors lie above the threshold, a bool tensor (N,). An equal error is not above it.

    errors: float tensor (N,). N may be 0. threshold: float tensor ().

    >>> detect([0.1, 0.5, 0.3], fit_threshold([0.1, 0.3], 1.0))
    [False, True, False]
    """
    raise NotImplementedError("detect")


def find_anomalies(normal, x, code, hidden, quantile, epochs, batch, lr, rng, noise=0.0):
    """Return (model, threshold, flags): train on normal rows alone, and flag the rows of x that are unlike them.

    normal: float tensor (M, D). x: float tensor (N, D). The model is made by `build` and trained on
    `normal` by `train`. The threshold, a float tensor (), is the `quantile` of the errors of the rows
    of `normal`, without noise, after training. flags is a bool tensor (N,): which rows of x have an
    error above it. Neither the model nor the threshold depends on x.
    """
    raise NotImplementedError("find_anomalies")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
