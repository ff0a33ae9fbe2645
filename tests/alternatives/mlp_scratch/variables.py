"""One list of variables, updated in place, and an epoch as one graph; TensorFlow."""

import tensorflow as tf


def bend(s, activation):
    if activation == "sigmoid":
        return 0.5 * (tf.tanh(0.5 * s) + 1)
    if activation == "relu":
        return tf.maximum(s, 0)
    if activation == "leaky_relu":
        return tf.maximum(s, 0.01 * s)
    raise ValueError("unknown activation " + str(activation))


def init_params(sizes, rng, scheme="he"):
    draws = {
        "he": lambda n, m: rng.normal(scale=(2 / n) ** 0.5, size=(n, m)),
        "xavier": lambda n, m: (6 / (n + m)) ** 0.5 * rng.uniform(-1, 1, (n, m)),
    }
    if scheme not in draws:
        raise ValueError("unknown scheme " + str(scheme))
    params = []
    for i in range(len(sizes) - 1):
        w = draws[scheme](sizes[i], sizes[i + 1]).astype("float32")
        params.append((tf.Variable(w), tf.Variable([0.0] * sizes[i + 1])))
    return params


def forward(params, x, activation="relu"):
    bend(tf.zeros(()), activation)
    h = x
    for i in range(len(params)):
        h = tf.linalg.matmul(h, params[i][0]) + params[i][1]
        h = bend(h, activation) if i < len(params) - 1 else h
    return h


def loss_of(params, x, y, activation):
    log_p = tf.nn.log_softmax(forward(params, x, activation))
    pairs = tf.stack([tf.range(tf.size(y, out_type=tf.int64)), tf.cast(y, tf.int64)], axis=1)
    return -tf.reduce_mean(tf.gather_nd(log_p, pairs))


def own(params):
    return [tuple(tf.Variable(tf.convert_to_tensor(p)) for p in pair) for pair in params]


def descend(params, x, y, lr, activation):
    flat = [p for pair in params for p in pair]
    with tf.GradientTape() as tape:
        loss = loss_of(params, x, y, activation)
    for p, slope in zip(flat, tape.gradient(loss, flat), strict=True):
        p.assign_sub(tf.cast(lr, p.dtype) * slope)
    return loss


def train_step(params, x, y, lr, activation="relu"):
    params = own(params)
    loss = descend(params, x, y, lr, activation)
    return params, loss


def train(params, x, y, lr, epochs, batch, rng, activation="relu"):
    params = own(params)

    @tf.function
    def epoch(order):
        total, steps = tf.zeros((), x.dtype), tf.zeros((), x.dtype)
        for start in tf.range(0, tf.size(order), batch):
            rows = order[start : start + batch]
            total += descend(params, tf.gather(x, rows), tf.gather(y, rows), lr, activation)
            steps += 1
        return total / steps

    history = [float(epoch(tf.constant(rng.permutation(len(x))))) for _ in range(epochs)]
    return params, history
