"""LSTM and GRU from scratch, in TensorFlow."""

import keras
import tensorflow as tf

GATES = {"lstm": 4, "gru": 3}


def gates(kind):
    if kind not in GATES:
        raise ValueError(f"kind is {kind!r}, but should be 'lstm' or 'gru'")
    return GATES[kind]


def lstm_step(x, h, c, params):
    i, f, g, o = tf.split(x @ params["wx"] + h @ params["wh"] + params["b"], 4, axis=1)
    c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
    return tf.sigmoid(o) * tf.tanh(c), c


def gru_step(x, h, params, reset_after=True):
    xr, xz, xn = tf.split(x @ params["wx"] + params["bx"], 3, axis=1)
    wr, wz, wn = tf.split(params["wh"], 3, axis=1)
    br, bz, bn = tf.split(params["bh"], 3)
    r = tf.sigmoid(xr + h @ wr + br)
    z = tf.sigmoid(xz + h @ wz + bz)
    own = r * (h @ wn + bn) if reset_after else (r * h) @ wn + bn
    return (1 - z) * tf.tanh(xn + own) + z * h


def run(kind, xs, params, state=None, mask=None):
    count = gates(kind)
    if state is None:
        zeros = tf.zeros((len(xs), params["wh"].shape[1] // count), xs.dtype)
        state = (zeros, zeros) if kind == "lstm" else (zeros,)
    state, hs = tuple(state), []
    if mask is not None:
        # Also what no step reads has a gradient, and 0 times NaN is NaN.
        xs = tf.where(mask[..., None], xs, tf.zeros_like(xs))
    for t in range(xs.shape[1]):
        x = xs[:, t]
        new = lstm_step(x, *state, params) if kind == "lstm" else (gru_step(x, *state, params),)
        if mask is not None:
            here = mask[:, t, None]
            new = tuple(tf.where(here, a, b) for a, b in zip(new, state, strict=True))
        state = new
        hs.append(state[0])
    return tf.stack(hs, axis=1), state


def bidirectional(kind, xs, ahead, back, mask=None):
    there, _ = run(kind, xs, ahead, mask=mask)
    reverse = None if mask is None else tf.reverse(mask, [1])
    here, _ = run(kind, tf.reverse(xs, [1]), back, mask=reverse)
    return tf.concat([there, tf.reverse(here, [1])], axis=2)  # (B, T, 2H)


def stacked(kind, xs, layers, mask=None):
    for params in layers:
        xs, _ = run(kind, xs, params, mask=mask)
    return xs


def from_torch(kind, w_ih, w_hh, b_ih, b_hh):
    params = {"wx": tf.transpose(w_ih), "wh": tf.transpose(w_hh)}
    if gates(kind) == 4:
        return {**params, "b": b_ih + b_hh}
    return {**params, "bx": tf.identity(b_ih), "bh": tf.identity(b_hh)}


def from_keras(kind, kernel, recurrent, bias):
    if gates(kind) == 4:
        return {"wx": tf.identity(kernel), "wh": tf.identity(recurrent), "b": tf.identity(bias)}

    def ordered(w):  # from z, r, n to r, z, n
        z, r, n = tf.split(w, 3, axis=-1)
        return tf.concat([r, z, n], axis=-1)

    own = {"wx": ordered(kernel), "wh": ordered(recurrent)}
    return {**own, "bx": ordered(bias[0]), "bh": ordered(bias[1])}


def init_params(kind, n_in, hidden, n_out, rng):
    width, bound = gates(kind) * hidden, hidden**-0.5
    shapes = {"wx": (n_in, width), "wh": (hidden, width), "wo": (hidden, n_out)}
    params = {
        name: tf.constant(rng.uniform(-bound, bound, shape), tf.float32)
        for name, shape in shapes.items()
    }
    params["bo"] = tf.zeros(n_out)
    if kind == "lstm":
        return {**params, "b": tf.repeat([0.0, 1.0, 0.0, 0.0], hidden)}
    return {**params, "bx": tf.zeros(width), "bh": tf.zeros(width)}


def predict(kind, params, xs):
    return run(kind, xs, params)[1][0] @ params["wo"] + params["bo"]


@tf.function
def loss_and_gradients(kind, params, xs, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((predict(kind, params, xs) - y) ** 2)
    return loss, tape.gradient(loss, params)


def train(kind, params, xs, y, epochs, batch, lr, rng):
    gates(kind)
    params = {name: tf.Variable(value) for name, value in params.items()}
    adam, history = keras.optimizers.Adam(lr, epsilon=1e-7), []
    for _ in range(epochs):
        order, total = rng.permutation(len(xs)), 0.0
        for rows in (order[i : i + batch] for i in range(0, len(xs), batch)):
            loss, grads = loss_and_gradients(kind, params, tf.gather(xs, rows), tf.gather(y, rows))
            adam.apply_gradients([(grads[name], params[name]) for name in params])
            total += float(loss) * len(rows)
        history.append(total / len(xs))
    return {name: tf.constant(value.numpy()) for name, value in params.items()}, history
