"""Compiled functions: the numbers of eager execution, few graphs, state that is not frozen, and fair timing.

tf.function and torch.compile run the Python code of a function to make a graph of its operations (they trace it), and
from then on run the graph. What Python does beside the operations is done while a graph is made, and not again: a
Python number that changes, or one drawn at random, is frozen. Arguments that no graph fits make a new one, which takes
long.

Rule: graphs are those of tf.function and torch.compile.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Ansel et al. (2024), PyTorch 2: Faster Machine Learning Through Dynamic Python Bytecode Transformation and
Graph Compilation, doi:10.1145/3620665.3640366; Moldovan et al. (2019), AutoGraph, arXiv:1810.08061; Georges, Buytaert &
Eeckhout (2007), Statistically Rigorous Java Performance Evaluation, doi:10.1145/1297027.1297033 (warm-up).
"""


class Compiled:
    """A function of tensors that runs as a graph.

    f: function of tensors and numbers, which returns a tensor, and which a graph can hold. backend: None for a graph
    that nothing optimizes (in PyTorch, "aot_eager"); "xla" in TensorFlow; in PyTorch, any name that torch.compile
    knows. Another name raises ValueError at once.
    """

    def __init__(self, f, backend=None):
        raise NotImplementedError("Compiled")

    def __call__(self, *args):
        """Return f(*args), computed by a graph.

        args: the first is a float tensor; the others are tensors or Python numbers. A number becomes a tensor () of the
        dtype of the first argument, so that other numbers need no other graph. Sizes need none, either: arguments of
        the same dtypes and numbers of axes share a graph. (Tensors in which two axes are of one size, or an axis of
        size 0 or 1, may make one more.)
        """
        raise NotImplementedError("Compiled.__call__")

    def traces(self):
        """Return how many graphs this object has made so far, a Python integer."""
        raise NotImplementedError("Compiled.traces")


class RunningMean:
    """The mean of all rows so far, with an update that is Compiled.

    width: Python integer, the size of a row. Two objects share nothing.
    """

    def __init__(self, width):
        raise NotImplementedError("RunningMean")

    def update(self, x):
        """Take in the rows of x, and return the mean of all rows since the last reset, a float32 tensor (width,).

        x: float32 tensor (N, width), N at least 1. A result stays what it is at later updates.

        >>> RunningMean(2).update([[1.0, 2.0], [3.0, 6.0]])
        [2.0, 4.0]
        """
        raise NotImplementedError("RunningMean.update")

    def reset(self):
        """Forget all rows, and keep the graphs. Returns None."""
        raise NotImplementedError("RunningMean.reset")

    def traces(self):
        """Return how many graphs this object has made so far, a Python integer."""
        raise NotImplementedError("RunningMean.traces")


def count_traces(f, calls):
    """Return how many graphs each call makes, a list of Python integers.

    f: as for Compiled. calls: list of tuples, the arguments of each call. One new Compiled of f makes all of them, in
    this order.
    """
    raise NotImplementedError("count_traces")


def max_difference(f, args, backend=None):
    """Return the largest |Compiled(f, backend)(*args) - f(*args)|, a Python float.

    args: tuple, as for Compiled. A difference that is NaN counts as infinite.
    """
    raise NotImplementedError("max_difference")


def time_calls(f, args, warmup=3, repeats=20, clock=None):
    """Return how long f(*args) takes: a dict of Python floats, "first", "median" and "iqr".

    f is called warmup times and then repeats times, both at least 1; smaller numbers raise ValueError. "first" is the
    time of the very first call. "median" and "iqr" (the third quartile less the first, with linear interpolation) are
    those of the calls after warm-up.

    clock: function without arguments, which returns a time; None for time.perf_counter. It is read just before and just
    after a call.
    """
    raise NotImplementedError("time_calls")


def break_even(first, compiled, eager):
    """Return the smallest number of calls for which compiling saves time, a Python integer; None if there is none.

    first, compiled: how long the first call and each later call of the compiled function take. eager: how long each
    eager call takes. Compiling saves time for n calls if first + (n - 1) compiled < n eager.

    >>> break_even(100.0, 1.0, 3.0)
    50
    """
    raise NotImplementedError("break_even")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
