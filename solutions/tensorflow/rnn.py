"""A simple recurrent network with back-propagation through time, in TensorFlow."""

import tensorflow as tf

NAMES = ("wx", "wh", "b")


def rnn_step(x, h, wx, wh, b):
    return tf.tanh(x @ wx + h @ wh + b)


def rnn_forward(xs, h0, wx, wh, b, mask=None):
    h, hs = h0, []
    for t in range(xs.shape[1]):
        new = rnn_step(xs[:, t], h, wx, wh, b)
        h = new if mask is None else tf.where(mask[:, t, None], new, h)
        hs.append(h)
    hs = tf.stack(hs, axis=1)  # (B, T, H)
    return hs, (xs, h0, hs, wx, wh, mask)


def backward_steps(dhs, cache):
    """Yield (t, gradient by the state after step t, gradient by the sum within tanh), the last step first."""
    xs, h0, hs, _, wh, mask = cache
    dh = tf.zeros_like(h0)
    for t in range(xs.shape[1] - 1, -1, -1):
        dh = dh + dhs[:, t]
        dz = dh * (1 - hs[:, t] ** 2)  # (B, H)
        kept = tf.zeros_like(dh)
        if mask is not None:
            stays = ~mask[:, t, None]
            dz, kept = tf.where(stays, kept, dz), tf.where(stays, dh, kept)
        yield t, dh, dz
        dh = tf.matmul(dz, wh, transpose_b=True) + kept
    yield -1, dh, None  # by the state before the first step


def rnn_backward(dhs, cache):
    xs, h0, hs, wx, wh, _ = cache
    dxs, dwx, dwh, db = [], tf.zeros_like(wx), tf.zeros_like(wh), tf.zeros_like(wh[0])
    *steps, (_, dh0, _) = backward_steps(dhs, cache)
    for t, _, dz in steps:
        # A masked step may hold anything, also NaN: 0 times NaN would be NaN.
        used = tf.reduce_any(dz != 0, axis=1, keepdims=True)
        x = tf.where(used, xs[:, t], tf.zeros_like(xs[:, t]))
        dxs.append(tf.matmul(dz, wx, transpose_b=True))
        dwx += tf.matmul(x, dz, transpose_a=True)
        dwh += tf.matmul(hs[:, t - 1] if t else h0, dz, transpose_a=True)
        db += tf.reduce_sum(dz, axis=0)
    return tf.stack(dxs[::-1], axis=1), dh0, dwx, dwh, db


def at_the_end(dlast, hs):
    """The gradient by all states (B, T, H) of a loss of the last one."""
    return tf.pad(dlast[:, None], [[0, 0], [hs.shape[1] - 1, 0], [0, 0]])


def gradient_by_step(dlast, cache):
    steps = backward_steps(at_the_end(dlast, cache[2]), cache)
    return tf.stack([tf.norm(dh) for t, dh, _ in steps if t >= 0][::-1])


def init_params(n_in, hidden, n_out, rng):
    bound = hidden**-0.5
    shapes = {"wx": (n_in, hidden), "wh": (hidden, hidden), "wo": (hidden, n_out)}
    params = {
        name: tf.constant(rng.uniform(-bound, bound, shape), tf.float32)
        for name, shape in shapes.items()
    }
    return {**params, "b": tf.zeros(hidden), "bo": tf.zeros(n_out)}


def run(params, xs):
    """(prediction, states, cache) from a state of zeros."""
    h0 = tf.zeros((len(xs), len(params["b"])), xs.dtype)
    hs, cache = rnn_forward(xs, h0, *(params[name] for name in NAMES))
    return hs[:, -1] @ params["wo"] + params["bo"], hs, cache


def predict(params, xs):
    return run(params, xs)[0]


def clip(grads, norm):
    common = tf.sqrt(tf.add_n([tf.reduce_sum(g**2) for g in grads.values()]))
    scale = tf.where(common > norm, norm / common, tf.ones_like(common))
    return {name: g * scale for name, g in grads.items()}


@tf.function
def loss_and_grads(params, xs, y):
    prediction, hs, cache = run(params, xs)
    error = prediction - y  # (B, K)
    dout = 2 * error / tf.cast(tf.size(error), error.dtype)
    dhs = at_the_end(tf.matmul(dout, params["wo"], transpose_b=True), hs)
    grads = dict(zip(NAMES, rnn_backward(dhs, cache)[2:], strict=True))
    grads["wo"] = tf.matmul(hs[:, -1], dout, transpose_a=True)
    return tf.reduce_mean(error**2), {**grads, "bo": tf.reduce_sum(dout, axis=0)}


def train(params, xs, y, epochs, batch, lr, rng):
    params = dict(params)
    first = {name: tf.zeros_like(value) for name, value in params.items()}
    second, step, history = dict(first), 0, []
    for _ in range(epochs):
        order, total = rng.permutation(len(xs)), 0.0
        for rows in (order[i : i + batch] for i in range(0, len(xs), batch)):
            loss, grads = loss_and_grads(params, tf.gather(xs, rows), tf.gather(y, rows))
            total, step = total + float(loss) * len(rows), step + 1
            for name, g in clip(grads, 1.0).items():
                first[name] = 0.9 * first[name] + 0.1 * g
                second[name] = 0.999 * second[name] + 0.001 * g**2
                root = tf.sqrt(second[name] / (1 - 0.999**step)) + 1e-7
                params[name] = params[name] - lr * first[name] / (1 - 0.9**step) / root
        history.append(total / len(xs))
    return params, history
