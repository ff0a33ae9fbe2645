"""LSTM and GRU: recurrent cells whose gates decide what the state keeps, what it takes up and what it shows.

A plain recurrent network rewrites its whole state at every step, so it soon forgets. The LSTM adds to a cell state c
instead, which an open forget gate hands on unchanged; the GRU does the same with one state and one gate less.

Shapes: B = batch, T = steps, D = inputs of a step, H = units, K = outputs. Batch first, then time.

Parameters are a dict of float tensors, whose columns are blocks of H, one for each gate. Where `kind` is "lstm", they
are wx (D, 4H), wh (H, 4H) and b (4H,), with the blocks i, f, g, o in this order: input gate, forget gate, candidate and
output gate. Where `kind` is "gru", they are wx (D, 3H), wh (H, 3H), bx (3H,) and bh (3H,), with the blocks r, z, n:
reset gate, update gate and candidate. Another kind raises ValueError. A state is a tuple of float tensors (B, H):
(h, c) of an LSTM, (h,) of a GRU.

Rule: no recurrent layer or cell of the framework. Automatic differentiation is allowed.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Graded as an outcome: on a series of two tones with noise, each kind of network, of init_params(kind, 1, 16, 1, rng), is
trained with `train` on 320 windows of 12 steps to predict the step that follows (8 epochs, batch 32, lr 0.05). On the
100 steps after them, the median mean absolute error of the runs must be 0.22 at most. To repeat the last value errs by
0.27, a linear autoregression by 0.10.

Sources: Hochreiter & Schmidhuber (1997), Long short-term memory, doi:10.1162/neco.1997.9.8.1735; Gers, Schmidhuber &
Cummins (2000), Learning to forget, doi:10.1162/089976600300015015; Cho et al. (2014), arXiv:1406.1078 (GRU); Schuster &
Paliwal (1997), Bidirectional recurrent neural networks, doi:10.1109/78.650093.
"""


def lstm_step(x, h, c, params):
    """Return (h', c'), the state of an LSTM after one step, two float tensors (B, H).

    x: float tensor (B, D). h, c: float tensors (B, H), the state before. s is the logistic sigmoid.

        a = x wx + h wh + b, in four blocks ai, af, ag, ao
        c' = s(af) c + s(ai) tanh(ag)
        h' = s(ao) tanh(c')

    >>> params = {"wx": [[1.0, 0.0, 1.0, 0.0]], "wh": [[0.0, 0.0, 0.0, 0.0]], "b": [0.0, 0.0, 0.0, 0.0]}
    >>> h, c = lstm_step([[1.0]], [[0.0]], [[2.0]], params)
    >>> c
    [[1.5568]]
    >>> h
    [[0.4574]]
    """
    raise NotImplementedError("lstm_step")


def gru_step(x, h, params, reset_after=True):
    """Return h', the state of a GRU after one step, a float tensor (B, H).

    x: float tensor (B, D). h: float tensor (B, H), the state before. s is the logistic sigmoid; the indices r, z and n
    name a block. The two forms differ in what the reset gate r multiplies: PyTorch and Keras reset after the product
    with wh, the paper before it.

        r = s(x wx_r + bx_r + h wh_r + bh_r)
        z = s(x wx_z + bx_z + h wh_z + bh_z)
        n = tanh(x wx_n + bx_n + r (h wh_n + bh_n)), if reset_after
        n = tanh(x wx_n + bx_n + (r h) wh_n + bh_n), if not
        h' = (1 - z) n + z h

    >>> zero, one = [0.0, 0.0, 0.0], [[0.0, 0.0, 1.0]]
    >>> gru_step([[1.0]], [[2.0]], {"wx": one, "wh": one, "bx": zero, "bh": zero})
    [[1.482]]
    """
    raise NotImplementedError("gru_step")


def run(kind, xs, params, state=None, mask=None):
    """Return (hs, state): h after each step, a float tensor (B, T, H), and the whole state after the last step.

    xs: float tensor (B, T, D), T of at least 1. A GRU takes the form reset_after.
    state: the state before the first step, or None for zeros. So a long series can be run in parts.
    mask: bool tensor (B, T), or None for true everywhere. Where it is false, the sequence has no such step: the state
    is the one before, and neither a result nor a gradient depends on what x holds there, be it NaN.

    >>> flat = {"wx": [[0.0, 0.0, 1.0]], "wh": [[0.0, 0.0, 0.0]], "bx": [0.0, 0.0, 0.0], "bh": [0.0, 0.0, 0.0]}
    >>> run("gru", [[[1.0], [0.0]]], flat)[0]
    [[[0.3808], [0.1904]]]
    """
    raise NotImplementedError("run")


def bidirectional(kind, xs, ahead, back, mask=None):
    """Return a float tensor (B, T, 2H): at each step, h of a run ahead, and then h of a run that comes from the end.

    ahead, back: parameters of the two runs, each from a state of zeros. The run with `back` reads the last step first;
    so its h at step t has seen the steps t to T - 1. mask: as for `run`.
    """
    raise NotImplementedError("bidirectional")


def stacked(kind, xs, layers, mask=None):
    """Return h of the last layer after each step, a float tensor (B, T, H).

    layers: list of parameters, at least one. The first layer runs over xs, each further one over the h of the layer
    before it, all from a state of zeros. mask: as for `run`, the same in each layer.
    """
    raise NotImplementedError("stacked")


def from_torch(kind, w_ih, w_hh, b_ih, b_hh):
    """Return the parameters of a layer of PyTorch, torch.nn.LSTM or torch.nn.GRU, in the form of this file.

    w_ih: float tensor (4H, D) or (3H, D). w_hh: (4H, H) or (3H, H). b_ih, b_hh: (4H,) or (3H,). Blocks are rows there,
    in the order i, f, g, o or r, z, n. PyTorch adds two biases in an LSTM, too; b is their sum.
    """
    raise NotImplementedError("from_torch")


def from_keras(kind, kernel, recurrent, bias):
    """Return the parameters of a layer of Keras, keras.layers.LSTM or keras.layers.GRU, in the form of this file.

    kernel: float tensor (D, 4H) or (D, 3H). recurrent: (H, 4H) or (H, 3H). Blocks are columns there, in the order
    i, f, g, o or z, r, n. bias: (4H,) of an LSTM; (2, 3H) of a GRU, whose first row is added to x wx and the second to
    h wh.
    """
    raise NotImplementedError("from_keras")


def init_params(kind, n_in, hidden, n_out, rng):
    """Return float32 parameters of a network: those of a cell of `kind`, and wo (H, K) and bo (K,) of its output.

    n_in, hidden, n_out: D, H and K. rng: NumPy Generator.
    wx, wh and wo are uniform from -1 / sqrt(H) to 1 / sqrt(H), drawn from rng. Biases are 0, but for the block f of an
    LSTM, where b is 1: a cell that has learned nothing yet remembers.
    """
    raise NotImplementedError("init_params")


def predict(kind, params, xs):
    """Return h wo + bo, a float tensor (B, K), where h is that of `run` after the last step, from a state of zeros.

    params: dict as of init_params. xs: float tensor (B, T, D).
    """
    raise NotImplementedError("predict")


def train(kind, params, xs, y, epochs, batch, lr, rng):
    """Return (params, history): the parameters after training, a new dict, and a list of Python floats.

    params: dict as of init_params, left as it was. xs: float tensor (N, T, D). y: float tensor (N, K).
    The loss of a batch is the mean of (predict - y)^2 over its rows and outputs. Its gradients make a step of Adam with
    learning rate lr, beta 0.9 and 0.999, and epsilon 1e-7. Every row is used once an epoch, in a new random order drawn
    from rng, a NumPy Generator, in batches of `batch` rows, the last of which may be shorter. history has the mean
    loss of each epoch, in which each row weighs alike. 0 epochs give the parameters as they are, and [].
    """
    raise NotImplementedError("train")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
