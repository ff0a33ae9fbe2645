"""States by tf.scan, gates as an axis of their own, Adam by hand; in TensorFlow."""

import tensorflow as tf

WIDTH = {"lstm": 4, "gru": 3}


def width(kind):
    try:
        return WIDTH[kind]
    except KeyError:
        raise ValueError(f"no such kind: {kind}") from None


def gates(values, count):
    """(B, count * H) to count times (B, H)."""
    shape = tf.shape(values)
    return tf.unstack(tf.reshape(values, (shape[0], count, shape[1] // count)), count, axis=1)


def lstm_step(x, h, c, params):
    both = tf.concat([x, h], 1) @ tf.concat([params["wx"], params["wh"]], 0)
    i, f, g, o = gates(tf.nn.bias_add(both, params["b"]), 4)
    c = tf.math.sigmoid(i) * tf.math.tanh(g) + tf.math.sigmoid(f) * c
    return tf.math.tanh(c) * tf.math.sigmoid(o), c


def gru_step(x, h, params, reset_after=True):
    r, z, n = gates(tf.nn.bias_add(x @ params["wx"], params["bx"]), 3)
    if reset_after:
        hr, hz, hn = gates(tf.nn.bias_add(h @ params["wh"], params["bh"]), 3)
        n = tf.math.tanh(n + tf.math.sigmoid(r + hr) * hn)
    else:
        size = h.shape[1]
        hr, hz = gates(h @ params["wh"][:, : 2 * size] + params["bh"][: 2 * size], 2)
        reset = tf.math.sigmoid(r + hr) * h
        n = tf.math.tanh(n + reset @ params["wh"][:, 2 * size :] + params["bh"][2 * size :])
    share = tf.math.sigmoid(z + hz)
    return n + share * (h - n)


def run(kind, xs, params, state=None, mask=None):
    units = params["wh"].shape[1] // width(kind)
    if state is None:
        state = [tf.zeros((xs.shape[0], units), xs.dtype)] * (2 if kind == "lstm" else 1)
    mask = tf.ones(xs.shape[:2], tf.bool) if mask is None else mask
    clean = tf.where(mask[:, :, None], xs, tf.zeros((), xs.dtype))

    def step(before, now):
        x, here = now
        new = lstm_step(x, *before, params) if kind == "lstm" else [gru_step(x, *before, params)]
        return [tf.where(here, a, b) for a, b in zip(new, before, strict=True)]

    by_time = (tf.transpose(clean, [1, 0, 2]), tf.transpose(mask)[:, :, None])
    found = tf.scan(step, by_time, list(state))
    return tf.transpose(found[0], [1, 0, 2]), [one[-1] for one in found]


def bidirectional(kind, xs, ahead, back, mask=None):
    there = run(kind, xs, ahead, None, mask)[0]
    turned = None if mask is None else mask[:, ::-1]
    return tf.concat([there, run(kind, xs[:, ::-1], back, None, turned)[0][:, ::-1]], -1)


def stacked(kind, xs, layers, mask=None):
    for layer in range(len(layers)):
        xs = run(kind, xs, layers[layer], mask=mask)[0]
    return xs


def from_torch(kind, w_ih, w_hh, b_ih, b_hh):
    found = {"wx": tf.linalg.matrix_transpose(w_ih), "wh": tf.linalg.matrix_transpose(w_hh)}
    return found | (
        {"b": tf.add(b_ih, b_hh)} if width(kind) == 4 else {"bx": b_ih + 0, "bh": b_hh + 0}
    )


def from_keras(kind, kernel, recurrent, bias):
    found = {"wx": kernel + 0, "wh": recurrent + 0}
    if width(kind) == 4:
        return found | {"b": bias + 0}
    found |= {"bx": bias[0], "bh": bias[1]}
    size = recurrent.shape[0]
    order = [*range(size, 2 * size), *range(size), *range(2 * size, 3 * size)]
    return {name: tf.gather(value, order, axis=-1) for name, value in found.items()}


def init_params(kind, n_in, hidden, n_out, rng):
    gates = width(kind)
    found = {}
    for name, shape in {"wx": (n_in, gates), "wh": (hidden, gates)}.items():
        drawn = rng.uniform(-1, 1, (*shape, hidden)) / hidden**0.5
        found[name] = tf.cast(drawn.reshape(shape[0], -1), tf.float32)
    found["wo"] = tf.cast(rng.uniform(-1, 1, (hidden, n_out)) / hidden**0.5, tf.float32)
    found["bo"] = tf.fill((n_out,), 0.0)
    if kind == "lstm":
        found["b"] = tf.reshape(tf.one_hot([1], 4, axis=0) * tf.ones((4, hidden)), [-1])
    else:
        found["bx"] = found["bh"] = tf.fill((3 * hidden,), 0.0)
    return found


def predict(kind, params, xs):
    return tf.nn.bias_add(run(kind, xs, params)[0][:, -1] @ params["wo"], params["bo"])


@tf.function
def slopes(kind, params, xs, y):
    with tf.GradientTape() as tape:
        tape.watch(params)
        loss = tf.reduce_mean(tf.math.squared_difference(predict(kind, params, xs), y))
    return loss, tape.gradient(loss, params)


def train(kind, params, xs, y, epochs, batch, lr, rng):
    width(kind)
    now = {name: tf.identity(value) for name, value in params.items()}
    first = {name: tf.zeros_like(value) for name, value in now.items()}
    second, step, history = dict(first), 0, []
    for _ in range(epochs):
        order, seen = rng.permutation(xs.shape[0]), []
        for start in range(0, xs.shape[0], batch):
            rows = order[start : start + batch]
            loss, grads = slopes(kind, now, tf.gather(xs, rows), tf.gather(y, rows))
            step += 1
            seen += [float(loss)] * len(rows)
            for name, g in grads.items():
                first[name] = 0.9 * first[name] + 0.1 * g
                second[name] = 0.999 * second[name] + 0.001 * g * g
                root = tf.sqrt(second[name] / (1 - 0.999**step)) + 1e-7
                now[name] -= lr * first[name] / (1 - 0.9**step) / root
        history.append(sum(seen) / len(seen))
    return now, history
