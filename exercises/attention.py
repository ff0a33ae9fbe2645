"""Scaled dot-product attention, masks, and several heads.

Attention lets each position of a sequence read from all others: it compares its query with their keys, and takes the
mean of their values, weighted by how well they match. Masks define which positions may read which. Several heads work
in parallel, each on a part of the features. Shapes: B batch, H heads, T positions, D features, d = D / H features a
head.

Rule: no attention function or layer of the framework. Its softmax is allowed; exercises/softmax.py writes it.

A mask is a boolean tensor that broadcasts to (..., Tq, Tk): True where the query may look at the key.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Vaswani et al. (2017), Attention Is All You Need, section 3.2, arXiv:1706.03762; Jurafsky & Martin, Speech and
Language Processing, third edition (draft), chapter "The Transformer".
"""


def attention(q, k, v, mask=None):
    """Return (output, weights): weights = softmax(q k^T / sqrt(d)) over the keys, output = weights v.

    q: float tensor (..., Tq, d). k: (..., Tk, d). v: (..., Tk, dv). mask: as above; None lets all look at all.
    A key that the mask hides has the weight 0 exactly, and takes nothing from the others, however large its score.
    A query that may look at no key has the weights 0 and the output 0, and its gradients are 0, not NaN.
    Returns float tensors (..., Tq, dv) and (..., Tq, Tk).

    >>> out, weights = attention([[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], [[10.0], [20.0]])
    >>> weights
    [[0.6698, 0.3302]]
    >>> out
    [[13.3024]]
    >>> out, weights = attention([[1.0], [1.0]], [[0.0], [9.0]], [[1.0], [2.0]], mask=[[True, False], [False, False]])
    >>> out
    [[1.0], [0.0]]
    """
    raise NotImplementedError("attention")


def causal_mask(size):
    """Return a mask for `size` positions by which each may look at itself and at earlier ones.

    Returns a boolean tensor (size, size): rows are queries, columns are keys.

    >>> causal_mask(3)
    [[True, False, False], [True, True, False], [True, True, True]]
    """
    raise NotImplementedError("causal_mask")


def padding_mask(lengths, size):
    """Return a mask that hides what fills up sequences of unlike lengths.

    lengths: integer tensor (B,), 0 to size: the first lengths[b] positions of sequence b are real.
    Returns a boolean tensor (B, 1, 1, size), which broadcasts over heads and queries.

    >>> padding_mask([1, 3], 3)
    [[[[True, False, False]]], [[[True, True, True]]]]
    """
    raise NotImplementedError("padding_mask")


def split_heads(x, heads):
    """Part the features among the heads: head h gets the features h d to (h + 1) d - 1 of each position.

    x: tensor (B, T, D). heads: H, 1 or more. Raises ValueError unless H divides D.
    Returns a tensor (B, H, T, d), which may be a view of x.

    >>> split_heads([[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]], 2)
    [[[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]]]
    """
    raise NotImplementedError("split_heads")


def merge_heads(x):
    """Undo split_heads: (B, H, T, d) becomes (B, T, H d), which may be a view of x.

    >>> merge_heads([[[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]]])
    [[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]]
    """
    raise NotImplementedError("merge_heads")


def multi_head(x, params, heads, mask=None):
    """Return self-attention with several heads: project, split, attend in each head, merge, project.

    x: float tensor (B, T, D).
    params: dict of float tensors (D, D): "wq", "wk" and "wv" turn x into queries, keys and values (q = x wq), and "wo"
        turns the merged heads into the result. There are no biases.
    mask: broadcasts to (B, H, T, T).
    Returns a float tensor (B, T, D).
    """
    raise NotImplementedError("multi_head")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
