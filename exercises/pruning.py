"""Smaller networks: magnitude pruning with masked fine-tuning, and weights that share a few values.

Many weights of a trained network are near 0. Pruning sets the smallest ones to 0 and trains the others further, which
have learnt to do without. Clustering replaces each weight by the nearest of k values, so that an index is stored.

Parameters are a dict from names to float tensors. Tensors of two or more axes are weights; others, the biases, are
never pruned and do not count. Masks are a dict with a boolean tensor for each weight tensor, False where it is pruned.

Rule: nothing of torch.nn.utils.prune.

Graded on digits, with the weights of a trained network (median of three): after three quarters of the weights are
pruned over the whole network and the rest is fine-tuned, accuracy is at most 0.02 below that of the whole network.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Han, Pool, Tran & Dally (2015), Learning both Weights and Connections for Efficient Neural Networks,
arXiv:1506.02626; Zhu & Gupta (2017), To prune, or not to prune, arXiv:1710.01878, section 3 (schedule); Han, Mao &
Dally (2015), Deep Compression, arXiv:1510.00149, section 3 (weight sharing).
"""


def magnitude_masks(params, sparsity, scope="layer"):
    """Return the mask that prunes the weights of the smallest absolute values.

    params: dict of parameters. sparsity: number from 0 to 1. Of n weights, sparsity n are pruned, rounded down; just as
    many, even if several have the same absolute value, and then any of these. Compute round(sparsity n, 6) before you
    round down, so that 0.29 of 100 is 29.

    scope: "layer", where each tensor loses this share of its own weights; or "global", where the weights of all tensors
    are compared with each other. Another scope, and a sparsity below 0 or above 1, raise ValueError.

    >>> magnitude_masks({"w": [[0.1, -3.0], [2.0, -0.2]], "b": [0.0]}, 0.5)
    {'w': [[False, True], [True, False]]}
    """
    raise NotImplementedError("magnitude_masks")


def apply_masks(params, masks):
    """Return a new dict of the parameters, with 0 where a mask is False, whatever was there, and else unchanged.

    A name in masks that params lacks raises KeyError.

    >>> apply_masks({"w": [[1.0, -3.0]], "b": [5.0]}, {"w": [[False, True]]})
    {'w': [[0.0, -3.0]], 'b': [5.0]}
    """
    raise NotImplementedError("apply_masks")


def sparsity(params):
    """Return the share of weights that are 0, of all weights of all tensors, a Python float; 0.0 if there are none.

    >>> sparsity({"w": [[0.0, -3.0], [2.0, 1.0]], "b": [0.0]})
    0.25
    """
    raise NotImplementedError("sparsity")


def masked_step(params, grads, velocity, masks, lr, momentum=0.9):
    """Return (params, velocity) after a step of gradient descent with momentum that keeps pruned weights at 0.

    params, grads, velocity: dicts of tensors with the same names and shapes. For each name,

        velocity = momentum velocity + grad
        param = param - lr velocity

    Then both are 0 where the mask is False: what a pruned weight gathered moves nothing, even if it is unmasked later.
    """
    raise NotImplementedError("masked_step")


def schedule(step, start, end, final):
    """Return the sparsity for a step of gradual pruning, a Python float.

    step, start, end: Python integers, start < end. final: number from 0 to 1. Up to start it is 0, from end on it is
    final. Between them it is final (1 - (1 - (step - start) / (end - start))^3).

    >>> schedule(15, 10, 20, 0.8)
    0.7
    """
    raise NotImplementedError("schedule")


def cluster(w, k, iterations=50):
    """Return (codebook, index): k-means of the numbers of w, by Lloyd's algorithm.

    w: float tensor of any shape, with at least one number. k: at least 1; a smaller one raises ValueError.
    codebook: float tensor (k,). index: int64 tensor of the shape of w, the place of each number's value in codebook.

    The first codebook goes in equal steps from the smallest to the largest number of w; it is the smallest alone, if k
    is 1. Each iteration assigns each number to the nearest value, a tie to the lower place, and then moves each value
    to the mean of its numbers; a value without numbers stays. After the last one, each number is assigned once more.

    >>> cluster([0.0, 1.0, 7.0, 9.0], 2)
    ([0.5, 8.0], [0, 0, 1, 1])
    """
    raise NotImplementedError("cluster")


def restore(codebook, index):
    """Return codebook[index], a float tensor of the shape of index.

    codebook: float tensor (k,). index: integer tensor of any shape.

    >>> restore([0.5, 8.0], [[0, 1], [1, 1]])
    [[0.5, 8.0], [8.0, 8.0]]
    """
    raise NotImplementedError("restore")


def clustered_bytes(n, k):
    """Return the bytes of n clustered numbers, a Python integer.

    n, k: Python integers, k at least 1. The k values take 4 bytes each. An index takes as many bits as k - 1 needs in
    binary, none if k is 1; the bits of all n together are rounded up to whole bytes.

    >>> clustered_bytes(100, 16)
    114
    """
    raise NotImplementedError("clustered_bytes")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
