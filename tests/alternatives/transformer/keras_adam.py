"""Products of matrices instead of einsum, the optimizer of Keras, greedy from the whole answer; in TensorFlow."""

import keras
import numpy as np
import tensorflow as tf


def build(size, width, heads, inner, rng):
    def draw(*shape):
        return tf.convert_to_tensor((rng.normal(size=shape) / np.sqrt(shape[-2])).astype("float32"))

    found = {"logits": tf.zeros([width, size]), "tokens": draw(size, width)}
    for block in ("cross", "decoder", "encoder"):
        for part in "vkq":
            found[f"{block}.{part}"] = draw(heads, width, width // heads)
        found[f"{block}.o"] = draw(heads, width // heads, width)
    for block in ("decoder", "encoder"):
        found[f"{block}.in"] = draw(width, inner)
        found[f"{block}.out"] = draw(inner, width)
    return found


def shifted(targets):
    return tf.pad(targets[:, :-1], [[0, 0], [1, 0]], constant_values=1)


def token_loss(logits, targets):
    real = tf.cast(tf.not_equal(targets, 0), logits.dtype)
    hot = tf.one_hot(tf.cast(targets, tf.int32), logits.shape[-1], dtype=logits.dtype)
    each = -tf.reduce_sum(hot * tf.nn.log_softmax(logits), -1)
    return tf.reduce_sum(each * real) / tf.reduce_sum(real)


def norm(x):
    mean = tf.reduce_mean(x, -1, keepdims=True)
    variance = tf.reduce_mean((x - mean) ** 2, -1, keepdims=True)
    return (x - mean) / (variance + 1e-5) ** 0.5


def embed(params, ids, start):
    table = params["tokens"]
    size, width = ids.shape[1], table.shape[1]
    angle = np.arange(start, start + size)[:, None] / 10000 ** (np.arange(width) // 2 * 2 / width)
    code = np.where(np.arange(width) % 2, np.cos(angle), np.sin(angle))
    return tf.nn.embedding_lookup(table, tf.cast(ids, tf.int64)) + tf.constant(code, table.dtype)


def hear(params, block, x, k, v, hidden):
    q = x[:, None] @ params[block + ".q"]  # (B, H, T, d)
    scores = q @ tf.linalg.matrix_transpose(k) * q.shape[-1] ** -0.5
    scores = tf.where(hidden, tf.constant(-np.inf, scores.dtype), scores)
    return tf.reduce_sum(tf.nn.softmax(scores) @ v @ params[block + ".o"], 1)


def pair(params, block, y):
    return y[:, None] @ params[block + ".k"], y[:, None] @ params[block + ".v"]


def feed(params, block, x):
    return tf.matmul(tf.maximum(norm(x) @ params[block + ".in"], 0), params[block + ".out"])


def encode(params, src):
    x, y = embed(params, src, 0), norm(embed(params, src, 0))
    x += hear(params, "encoder", y, *pair(params, "encoder", y), (src == 0)[:, None, None])
    return norm(x + feed(params, "encoder", x))


def decode(params, given, memory=None, src=None, cache=None):
    start = cache[0].shape[2] if cache is not None else 0
    x = embed(params, given, start)
    k, v = pair(params, "decoder", norm(x))
    if cache is not None:
        k, v = tf.concat([cache[0], k], 2), tf.concat([cache[1], v], 2)
    later = ~np.tri(given.shape[1], k.shape[2], start, dtype=bool)
    x += hear(params, "decoder", norm(x), k, v, later)
    if memory is not None:
        x += hear(
            params, "cross", norm(x), *pair(params, "cross", memory), (src == 0)[:, None, None]
        )
    return norm(x + feed(params, "decoder", x)) @ params["logits"], (k, v)


def fit(params, src, targets, epochs, lr, batch, rng):
    own = {name: keras.Variable(value, dtype=value.dtype) for name, value in params.items()}
    adam, history = keras.optimizers.Adam(lr, epsilon=1e-7), []

    @tf.function
    def step(source, wanted):
        with tf.GradientTape() as tape:
            now = {name: tf.convert_to_tensor(value) for name, value in own.items()}
            memory = None if source is None else encode(now, source)
            loss = token_loss(decode(now, shifted(wanted), memory, source)[0], wanted)
        pairs = zip(tape.gradient(loss, [v.value for v in own.values()]), own.values(), strict=True)
        adam.apply_gradients([(g, value) for g, value in pairs if g is not None])
        return loss

    for _ in range(epochs):
        order = rng.permutation(targets.shape[0])
        parts = np.array_split(order, range(batch, len(order), batch))
        found = [
            float(step(None if src is None else tf.gather(src, rows), tf.gather(targets, rows)))
            for rows in parts
        ]
        history.append(float(np.mean(found)))
    return {name: tf.identity(value.value) for name, value in own.items()}, history


def greedy(params, src, steps):
    memory, given = encode(params, src), np.ones((src.shape[0], 1), np.int64)
    for _ in range(steps):
        logits, _ = decode(params, tf.constant(given), memory, src)
        chosen = tf.argmax(logits[:, -1], -1).numpy()
        chosen[(given[:, 1:] == 2).any(1)] = 0
        given = np.concatenate([given, chosen[:, None]], 1)
    return tf.constant(given[:, 1:])


def beam(params, src, steps, width):
    memory, size = encode(params, src), params["logits"].shape[1]
    found = np.zeros((src.shape[0], steps), np.int64)
    scores = np.zeros(src.shape[0])
    for row in range(src.shape[0]):
        live, done = [(0.0, ())], []
        for _ in range(steps):
            if not live:
                break
            given = tf.constant([(1, *tokens) for _, tokens in live], tf.int64)
            again = [tf.repeat(part[row : row + 1], len(live), 0) for part in (memory, src)]
            each = tf.nn.log_softmax(decode(params, given, *again)[0][:, -1]).numpy()
            grown = [
                (total + float(each[i, token]), (*tokens, token))
                for i, (total, tokens) in enumerate(live)
                for token in range(size)
            ]
            best = sorted([*done, *grown], reverse=True)[:width]
            done = [answer for answer in best if answer[1][-1] == 2]
            live = [answer for answer in best if answer[1][-1] != 2]
        total, tokens = max([*done, *live], key=lambda answer: answer[0] / len(answer[1]))
        found[row, : len(tokens)] = tokens
        scores[row] = total / len(tokens)
    return tf.constant(found), tf.constant(scores, memory.dtype)
