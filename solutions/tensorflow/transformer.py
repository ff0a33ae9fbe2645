"""A small transformer with greedy, cached and beam decoding, in TensorFlow."""

import keras
import tensorflow as tf


def build(size, width, heads, inner, rng):
    shapes = {"tokens": (size, width)}
    for name in ("encoder", "decoder", "cross"):
        shapes |= {f"{name}.{part}": (heads, width, width // heads) for part in "qkv"}
        shapes[f"{name}.o"] = (heads, width // heads, width)
    for name in ("encoder", "decoder"):
        shapes |= {f"{name}.in": (width, inner), f"{name}.out": (inner, width)}
    params = {"logits": tf.zeros((width, size))}
    for name, shape in shapes.items():
        params[name] = tf.constant(rng.normal(0, shape[-2] ** -0.5, shape), tf.float32)
    return params


def shifted(targets):
    return tf.concat([tf.ones_like(targets[:, :1]), targets[:, :-1]], axis=1)


def token_loss(logits, targets):
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(targets, tf.int32), logits)
    return tf.reduce_mean(each[targets > 0])


def norm(x):
    return keras.ops.layer_normalization(x, axis=-1, epsilon=1e-5)


def embed(table, ids, position=0):
    place = tf.range(position, position + ids.shape[1], dtype=tf.float64)[:, None]  # (T, 1)
    column = tf.range(table.shape[1], dtype=tf.float64)
    angle = place / 10000 ** ((column - column % 2) / table.shape[1])
    code = tf.where(column % 2 == 0, tf.sin(angle), tf.cos(angle))  # (T, D)
    return tf.gather(table, tf.cast(ids, tf.int32)) + tf.cast(code, table.dtype)


def attend(params, name, x, y, seen, cache=None):
    pairs = zip((norm(x), y, y), "qkv", strict=True)
    q, k, v = (tf.einsum("btd,hde->bhte", z, params[f"{name}.{part}"]) for z, part in pairs)
    if cache is not None:
        k, v = (tf.concat(pair, axis=2) for pair in zip(cache, (k, v), strict=True))
    scores = tf.matmul(q, k, transpose_b=True) / q.shape[-1] ** 0.5  # (B, H, T, S)
    shares = tf.nn.softmax(tf.where(seen, scores, scores.dtype.min))
    return x + tf.einsum("bhte,hed->btd", shares @ v, params[f"{name}.o"]), (k, v)


def encode(params, src):
    x = embed(params["tokens"], src)
    x, _ = attend(params, "encoder", x, norm(x), (src > 0)[:, None, None])
    return norm(x + tf.nn.relu(norm(x) @ params["encoder.in"]) @ params["encoder.out"])


def decode(params, given, memory=None, src=None, cache=None):
    position = 0 if cache is None else cache[0].shape[2]
    x = embed(params["tokens"], given, position)
    places = tf.range(position + given.shape[1])
    x, cache = attend(params, "decoder", x, norm(x), places[position:, None] >= places, cache)
    if memory is not None:
        x, _ = attend(params, "cross", x, memory, (src > 0)[:, None, None])
    x = x + tf.nn.relu(norm(x) @ params["decoder.in"]) @ params["decoder.out"]
    return norm(x) @ params["logits"], cache


@tf.function
def update(params, moments, lr, t, tokens, source):
    with tf.GradientTape() as tape:
        tape.watch(params)
        given = () if source is None else (encode(params, source), source)
        loss = token_loss(decode(params, shifted(tokens), *given)[0], tokens)
    found, kept = {}, {}
    for name, g in tape.gradient(loss, params, unconnected_gradients="zero").items():
        m, v, g = *moments[name], tf.convert_to_tensor(g)
        kept[name] = m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        found[name] = params[name] - lr * m / (1 - 0.9**t) / (tf.sqrt(v / (1 - 0.999**t)) + 1e-7)
    return found, kept, loss


def fit(params, src, targets, epochs, lr, batch, rng):
    moments = {name: (tf.zeros_like(value),) * 2 for name, value in params.items()}
    params, history, t = dict(params), [], tf.zeros((), params["tokens"].dtype)
    for _ in range(epochs):
        order, losses = rng.permutation(len(targets)), []
        for i in range(0, len(order), batch):
            rows, t = order[i : i + batch], t + 1
            data = tf.gather(targets, rows), None if src is None else tf.gather(src, rows)
            params, moments, loss = update(params, moments, lr * tf.ones_like(t), t, *data)
            losses.append(float(loss))
        history.append(sum(losses) / len(losses))
    return params, history


def greedy(params, src, steps):
    memory, cache, found = encode(params, src), None, tf.ones((len(src), 1), tf.int64)
    for _ in range(steps):
        logits, cache = decode(params, found[:, -1:], memory, src, cache)
        found = tf.concat([found, tf.argmax(logits, axis=2)], axis=1)
    tokens = found[:, 1:]
    return tokens * tf.cast(tf.cumsum(tf.cast(tokens == 2, tf.int64), 1, True) == 0, tf.int64)


def beam(params, src, steps, width):
    best = []
    for row in zip(encode(params, src)[:, None], src[:, None], strict=True):
        answers = [([], 0.0)]
        for _ in range(steps):
            grown = [answer for answer in answers if answer[0][-1:] == [2]]
            for tokens, total in answers:
                if tokens[-1:] != [2]:
                    logits, _ = decode(params, tf.constant([[1, *tokens]]), *row)
                    each = tf.nn.log_softmax(logits[0, -1]).numpy().tolist()
                    grown += [([*tokens, i], total + p) for i, p in enumerate(each)]
            answers = sorted(grown, key=lambda answer: -answer[1])[:width]
        best.append(max(answers, key=lambda answer: answer[1] / len(answer[0])))
    scores = tf.constant([total / len(tokens) for tokens, total in best], logits.dtype)
    return tf.constant([tokens + [0] * (steps - len(tokens)) for tokens, _ in best]), scores
