"""Callbacks of a training loop: early stopping, plateaus, checkpoints, schedules, scalar logs.

Callbacks run at the end of an epoch and do not change what a step does. Together they decide how long to train, at
which rate, which weights to keep, and what is logged. They are small state machines. The usual fault is to be off by
one epoch.

"Improves" means throughout: the first value that is not NaN, or one that is smaller than the best so far by more than
min_delta (mode "min"), or larger by more than min_delta (mode "max"). An equal value does not improve; NaN never does.
A mode other than "min" and "max" is a ValueError. A model is one of the framework's, whose weights, running statistics
among them, change in place.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Prechelt (1998), Early stopping - but when?, doi:10.1007/3-540-49430-8_3; Loshchilov & Hutter (2017),
arXiv:1608.03983, section 3; Goodfellow, Bengio & Courville (2016), Deep Learning, section 7.8; tensorflow/core/util/
event.proto and tensorflow/core/lib/io/record_writer.h for the log.
"""


class EarlyStopping:
    """Stop when nothing has improved for `patience` epochs, and bring the best weights back.

    >>> stop = EarlyStopping(patience=2)
    >>> stop.step(1.0)
    False
    >>> stop.step(1.5)
    False
    >>> stop.step(1.0)
    True
    >>> stop.best
    1.0
    """

    def __init__(self, patience=3, min_delta=0.0, mode="min"):
        """patience: epochs, at least 1, otherwise ValueError. The attribute `best` is the best value, None at first."""
        raise NotImplementedError("EarlyStopping")

    def step(self, value, model=None):
        """Take an epoch's value, a Python float; return whether to stop: whether the last `patience` values or more
        have not improved. If the value improves, the model's weights are copied."""
        raise NotImplementedError("EarlyStopping.step")

    def restore(self, model):
        """Give the model the weights that it had in the best epoch."""
        raise NotImplementedError("EarlyStopping.restore")


class ReduceOnPlateau:
    """Reduce the learning rate when nothing has improved for `patience` epochs.

    >>> plateau = ReduceOnPlateau(0.8, factor=0.5, patience=1)
    >>> plateau.step(1.0)
    0.8
    >>> plateau.step(1.0)
    0.4
    """

    def __init__(self, lr, factor=0.5, patience=2, min_delta=0.0, min_lr=0.0, mode="min"):
        """lr: the rate to begin with. patience: epochs, at least 1, otherwise ValueError."""
        raise NotImplementedError("ReduceOnPlateau")

    def step(self, value):
        """Take an epoch's value, a Python float; return the rate for the next epoch, a Python float.

        After `patience` values in a row that did not improve, the rate is multiplied by factor, though never below
        min_lr, and the count begins anew. The best value is kept.
        """
        raise NotImplementedError("ReduceOnPlateau.step")


class Checkpoint:
    """Keep the best weights in a file."""

    def __init__(self, path, mode="min"):
        """path: text that ends in ".weights.h5", the ending that Keras insists on. Nothing is written yet."""
        raise NotImplementedError("Checkpoint")

    def step(self, value, model):
        """Take an epoch's value, a Python float; write the model's weights to path if it improves (min_delta is 0).

        Returns whether it was written.
        """
        raise NotImplementedError("Checkpoint.step")

    def load(self, model):
        """Give the model the weights of the file, which may come from another Checkpoint of the same path."""
        raise NotImplementedError("Checkpoint.load")


def cosine(step, total, warmup=0, peak=1.0, floor=0.0):
    """Return the learning rate of a step, a Python float: a linear warm-up, then half a cosine down to floor.

    step: 0, 1, 2, ... While step < warmup, peak * (step + 1) / warmup, so that step 0 moves already; from then on
    floor + (peak - floor) * (1 + cos(pi * (step - warmup) / (total - warmup))) / 2; from step total on, floor.
    total: integer >= warmup. warmup: integer >= 0.

    >>> cosine(0, 10, warmup=2)
    0.5
    >>> cosine(6, 10, warmup=2, peak=3.0, floor=1.0)
    2.0
    >>> cosine(10, 10)
    0.0
    """
    raise NotImplementedError("cosine")


def step_decay(epoch, every, factor=0.5, peak=1.0):
    """Return the learning rate of an epoch, a Python float: peak, multiplied by factor after every `every` epochs.

    >>> step_decay(3, 2)
    0.5
    """
    raise NotImplementedError("step_decay")


class ScalarLog:
    """Write scalars over time to an event file that TensorBoard can read.

    Use your framework's writer (tf.summary; torch.utils.tensorboard where the package tensorboard is installed), or
    write the file yourself. Its name begins with "events.out.tfevents.". It is a row of records, each of an 8-byte
    length, a 4-byte masked CRC-32C of these 8 bytes, the data, and a 4-byte masked CRC-32C of the data, all integers
    little-endian, with masked(c) = (c rotated right by 15 bits) + 0xa282ead8 modulo 2^32. The data is a protocol
    buffer `Event`: wall_time (1, double, seconds since 1970); step (2, varint); then file_version (3, text
    "brain.Event:2") in the first record, and summary (5, message) in the others; in it a value (1, message): tag
    (1, text) and simple_value (2, float).
    """

    def __init__(self, folder):
        """folder: where the event file shall lie; it is made if it is missing."""
        raise NotImplementedError("ScalarLog")

    def add(self, name, value, step):
        """Log a Python float under a name ("loss/train") for a step, an integer."""
        raise NotImplementedError("ScalarLog.add")

    def close(self):
        """Write what is still to be written; return the path of the event file, a text."""
        raise NotImplementedError("ScalarLog.close")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
