"""Numbers moved to 0 and on, sums in int64, and a table of sizes; in TensorFlow."""

import tensorflow as tf

BYTES = {tf.int8: 1, tf.int32: 4, tf.float32: 4, tf.float64: 8, tf.int64: 8, tf.uint8: 1}


def steps(bits):
    if bits < 2 or bits > 8:
        raise ValueError("2 to 8 bits")
    return 2**bits - 1


def choose(low, high, bits=8, symmetric=False):
    count = steps(bits)
    nothing = tf.zeros_like(low)
    if symmetric:
        scale = tf.maximum(high, -low) / (count // 2)
        zero = nothing
    else:
        low = tf.minimum(low, nothing)
        scale = (tf.maximum(high, nothing) - low) / count
        zero = tf.math.rint(tf.math.divide_no_nan(-low, scale)) - (count + 1) // 2
    held = scale > 0
    return tf.where(held, scale, nothing + 1), tf.cast(tf.where(held, zero, nothing), tf.int32)


def moved(x, axis):
    """x with the axis last, and the order that undoes it."""
    order = [i for i in range(len(x.shape)) if i != axis % len(x.shape)] + [axis % len(x.shape)]
    return tf.transpose(x, order), tf.math.invert_permutation(order)


def quantize(x, scale, zero, bits=8, axis=None):
    count = steps(bits)
    if axis is not None:
        last, back = moved(x, axis)
        return tf.transpose(quantize(last, scale, zero, bits), back)
    first = tf.cast(zero, x.dtype) + (count + 1) // 2
    places = tf.floor(x / scale + first + 0.5)
    return tf.cast(tf.clip_by_value(places, 0, count) - (count + 1) // 2, tf.int8)


def dequantize(q, scale, zero, axis=None):
    if axis is not None:
        last, back = moved(q, axis)
        return tf.transpose(dequantize(last, scale, zero), back)
    return scale * (tf.cast(q, scale.dtype) - tf.cast(zero, scale.dtype))


def quantize_weights(w, bits=8, per_channel=True):
    largest = tf.reduce_max(tf.abs(w), axis=0) if per_channel else tf.reduce_max(tf.abs(w))
    scale, zero = choose(-largest, largest, bits, symmetric=True)
    return quantize(w, scale, zero, bits), scale


def integer_dense(q, x_scale, x_zero, w, w_scale, bias):
    q, w = tf.cast(q, tf.int64), tf.cast(w, tf.int64)
    sums = tf.einsum("ni,ij->nj", q - tf.cast(x_zero, tf.int64), w)
    return tf.cast(sums, bias.dtype) * x_scale * w_scale + bias


def quantize_network(layers, x, bits=8):
    network, reached = [], [x]
    for w, b in layers:
        reached.append(tf.nn.relu(tf.nn.bias_add(tf.linalg.matmul(reached[-1], w), b)))
    for (w, b), inputs in zip(layers, reached, strict=False):
        layer = {"bias": tf.identity(b)}
        layer["q"], layer["scale"] = quantize_weights(w, bits)
        layer["x_scale"], layer["x_zero"] = choose(tf.reduce_min(inputs), tf.reduce_max(inputs))
        network.append(layer)
    return network


def logits(network, x):
    for i in range(len(network)):
        q = quantize(x, network[i]["x_scale"], network[i]["x_zero"])
        given = [network[i][name] for name in ("x_scale", "x_zero", "q", "scale", "bias")]
        x = integer_dense(q, *given)
        if i + 1 < len(network):
            x = tf.maximum(x, 0)
    return x


def size_bytes(network):
    return sum(
        BYTES[tensor.dtype] * int(tf.math.reduce_prod(tensor.shape.as_list()).numpy())
        for layer in network
        for tensor in layer.values()
    )
