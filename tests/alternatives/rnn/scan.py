"""States by tf.scan, one tensor of states before each step, Adam of Keras on variables; in TensorFlow."""

import keras
import numpy as np
import tensorflow as tf


def rnn_step(x, h, wx, wh, b):
    return tf.nn.tanh(tf.linalg.matmul(x, wx) + tf.linalg.matmul(h, wh) + b)


def rnn_forward(xs, h0, wx, wh, b, mask=None):
    mask = tf.ones(xs.shape[:2], tf.bool) if mask is None else mask
    clean = tf.where(mask[..., None], xs, tf.zeros_like(xs))
    by_time = (tf.transpose(clean, [1, 0, 2]), tf.transpose(mask)[..., None])
    hs = tf.scan(lambda h, s: tf.where(s[1], rnn_step(s[0], h, wx, wh, b), h), by_time, h0)
    hs = tf.transpose(hs, [1, 0, 2])
    before = tf.concat([h0[:, None], hs[:, :-1]], 1)
    return hs, {"xs": clean, "before": before, "hs": hs, "wx": wx, "wh": wh, "mask": mask}


def states_back(dhs, c):
    d, every, sums = 0.0, [], []
    for t in range(dhs.shape[1])[::-1]:
        d = d + dhs[:, t]
        every.append(d)
        here = tf.cast(c["mask"][:, t, None], d.dtype)
        sums.append(here * d * (1 - tf.square(c["hs"][:, t])))
        d = sums[-1] @ tf.transpose(c["wh"]) + (1 - here) * d
    return d, every[::-1], tf.stack(sums[::-1], 1)


def rnn_backward(dhs, cache):
    dh0, _, dz = states_back(dhs, cache)
    dwx = tf.einsum("bti,bth->ih", cache["xs"], dz)
    dwh = tf.einsum("bti,bth->ih", cache["before"], dz)
    return dz @ tf.transpose(cache["wx"]), dh0, dwx, dwh, tf.reduce_sum(dz, [0, 1])


def gradient_by_step(dlast, cache):
    steps = cache["hs"].shape[1]
    dhs = tf.stack([tf.zeros_like(dlast)] * (steps - 1) + [dlast], 1)
    return tf.stack([tf.sqrt(tf.reduce_sum(d * d)) for d in states_back(dhs, cache)[1]])


def init_params(n_in, hidden, n_out, rng):
    edge = 1 / np.sqrt(hidden)
    sizes = [
        ("wx", (n_in, hidden)),
        ("wh", (hidden, hidden)),
        ("b", None),
        ("wo", (hidden, n_out)),
        ("bo", None),
    ]
    zeros = {"b": hidden, "bo": n_out}
    return {
        name: tf.zeros([zeros[name]])
        if size is None
        else tf.cast(rng.uniform(-edge, edge, size), tf.float32)
        for name, size in sizes
    }


def predict(params, xs):
    h0 = tf.zeros([xs.shape[0], params["b"].shape[0]], xs.dtype)
    hs, _ = rnn_forward(xs, h0, params["wx"], params["wh"], params["b"])
    return hs[:, -1] @ params["wo"] + params["bo"]


def clip(grads, norm):
    names = list(grads)
    found, _ = tf.clip_by_global_norm([grads[name] for name in names], norm)
    return dict(zip(names, found, strict=True))


def train(params, xs, y, epochs, batch, lr, rng):
    names = list(params)
    variables = [tf.Variable(params[name]) for name in names]
    adam = keras.optimizers.Adam(lr, epsilon=1e-7)
    history = []
    for _ in range(epochs):
        order, squares = rng.permutation(len(xs)), 0.0
        for i in range(0, len(xs), batch):
            rows = order[i : i + batch]
            now = {name: v.value() for name, v in zip(names, variables, strict=True)}
            x, target = tf.gather(xs, rows), tf.gather(y, rows)
            h0 = tf.zeros([len(rows), now["b"].shape[0]], x.dtype)
            hs, cache = rnn_forward(x, h0, now["wx"], now["wh"], now["b"])
            error = hs[:, -1] @ now["wo"] + now["bo"] - target
            squares += float(tf.reduce_sum(tf.reduce_mean(error**2, 1)))
            d = 2 * error / error.shape.num_elements()
            last = tf.one_hot(hs.shape[1] - 1, hs.shape[1], dtype=hs.dtype)[None, :, None]
            _, _, dwx, dwh, db = rnn_backward(last * (d @ tf.transpose(now["wo"]))[:, None], cache)
            grads = {
                "wx": dwx,
                "wh": dwh,
                "b": db,
                "wo": tf.transpose(hs[:, -1]) @ d,
                "bo": tf.reduce_sum(d, 0),
            }
            adam.apply_gradients(zip([clip(grads, 1.0)[n] for n in names], variables, strict=True))
        history.append(squares / len(xs))
    return {name: tf.constant(v.numpy()) for name, v in zip(names, variables, strict=True)}, history
