"""An object that holds the parameters as variables and learns by the tape; TensorFlow."""

import tensorflow as tf


class Model:
    def __init__(self, w, b):
        self.w = tf.Variable(w)
        self.b = tf.Variable(tf.cast(b, self.w.dtype))

    def logits(self, x):
        return tf.squeeze(x @ self.w[:, None], axis=1) + self.b

    def loss(self, x, y, l2):
        z, y = self.logits(x), tf.cast(y, x.dtype)
        penalty = 2 * l2 * tf.nn.l2_loss(self.w)
        return tf.reduce_mean(tf.math.softplus(z) - z * y) + penalty

    def learn(self, x, y, l2):
        with tf.GradientTape() as tape:
            loss = self.loss(x, y, l2)
        return loss, *tape.gradient(loss, [self.w, self.b])


def predict_proba(x, w, b):
    z = tf.reduce_sum(x * w, axis=1) + b
    return 1 / (1 + tf.exp(-z))


def loss_and_grads(x, y, w, b, l2=0.0):
    z = tf.linalg.matvec(x, w) + tf.cast(b, x.dtype)
    p = 1 / (1 + tf.exp(-z))
    losses = tf.where(y == 1, tf.math.softplus(-z), tf.math.softplus(z))
    off = tf.where(y == 1, p - 1, p)
    loss = tf.reduce_mean(losses) + l2 * tf.tensordot(w, w, 1)
    return loss, tf.einsum("nd,n->d", x, off) / len(x) + 2 * l2 * w, tf.reduce_mean(off)


def fit(x, y, lr=0.5, epochs=100, l2=0.0):
    model = Model(tf.zeros([x.shape[1]], x.dtype), 0.0)
    learn = tf.function(model.learn)
    history = []
    for _ in range(epochs):
        loss, dw, db = learn(x, y, l2)
        model.w.assign_sub(lr * dw)
        model.b.assign_sub(lr * db)
        history.append(loss.numpy().item())
    return model.w, model.b, history


def predict(x, w, b, threshold=0.5):
    return tf.where(predict_proba(x, w, b) < threshold, 0, tf.ones((), tf.int64))


def boundary(w, b, threshold=0.5):
    return -w[0] / w[1], -(b + tf.math.log(1 / tf.constant(threshold, w.dtype) - 1)) / w[1]
