"""Selection by top_k, one-hot assignments, and comprehensions; in TensorFlow."""

import tensorflow as tf


def numbers_of(w):
    return tf.reshape(w, (-1,))


def magnitude_masks(params, sparsity, scope="layer"):
    if scope != "layer" and scope != "global":
        raise ValueError(scope)
    if sparsity < 0.0 or sparsity > 1.0:
        raise ValueError(sparsity)
    names = [name for name in params if len(params[name].shape) > 1]

    def kept(flat):
        count = int(flat.shape[0])
        stay = count - int(round(sparsity * count, 6))
        places = tf.math.top_k(tf.abs(flat), k=stay).indices
        return tf.scatter_nd(places[:, None], tf.ones_like(places), [count]) > 0

    if scope == "layer":
        return {n: tf.reshape(kept(numbers_of(params[n])), params[n].shape) for n in names}
    masks, start = {}, 0
    if names:
        whole = kept(tf.concat([numbers_of(params[n]) for n in names], 0))
    for n in names:
        size = params[n].shape.num_elements()
        masks[n] = tf.reshape(whole[start : start + size], params[n].shape)
        start += size
    return masks


def apply_masks(params, masks):
    for name in masks:
        params[name]
    return {
        name: tf.where(masks[name], value, tf.constant(0, value.dtype)) if name in masks else value
        for name, value in params.items()
    }


def sparsity(params):
    zeros = count = 0
    for w in params.values():
        if w.shape.rank > 1:
            count += w.shape.num_elements()
            zeros += w.shape.num_elements() - tf.math.count_nonzero(w).numpy()
    return float(zeros / count) if count > 0 else 0.0


def masked_step(params, grads, velocity, masks, lr, momentum=0.9):
    new, memory = {}, {}
    for name, value in params.items():
        memory[name] = tf.add(tf.multiply(velocity[name], momentum), grads[name])
        new[name] = value - memory[name] * lr
    return apply_masks(new, masks), apply_masks(memory, masks)


def schedule(step, start, end, final):
    share = (step - start) / (end - start)
    share = 0.0 if share < 0 else 1.0 if share > 1 else share
    return final + (0.0 - final) * (1.0 - share) ** 3


def cluster(w, k, iterations=50):
    if k <= 0:
        raise ValueError(k)
    flat = tf.cast(numbers_of(w), tf.float64)
    low, high = tf.reduce_min(flat), tf.reduce_max(flat)
    values = [low + (high - low) * (i / (k - 1)) for i in range(k)] if k > 1 else [low]
    values = tf.stack(values)

    def nearest():
        return tf.argmin(tf.square(flat[None, :] - values[:, None]), axis=0)

    for _ in range(iterations):
        member = tf.one_hot(nearest(), k, dtype=tf.float64)
        count = tf.reduce_sum(member, 0)
        mean = tf.linalg.matvec(member, flat, transpose_a=True) / tf.maximum(count, 1)
        values = tf.where(count == 0, values, mean)
    return tf.cast(values, w.dtype), tf.reshape(nearest(), tf.shape(w))


def restore(codebook, index):
    return tf.gather(codebook, tf.cast(index, tf.int32))


def clustered_bytes(n, k):
    bits = len(bin(k - 1)) - 2 if k > 1 else 0
    return 4 * k + -(-n * bits // 8)
