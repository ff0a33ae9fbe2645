"""The blocks of a transformer: positions, layer normalization, feed-forward, residuals; an encoder and a decoder block.

Attention mixes positions, and a small network of its own works on each of them. A block adds both to what comes in
(the residual), and normalizes, so that a hundred blocks can stand on each other. Since attention does not know the
order of its inputs, a code of the position is added to them once, before the first block.

Shapes: B batch, T positions, S positions of the memory, D features, F inner features, H heads, d = D / H.

Parameters of a block are a dict. "attention": a dict of wq, wk, wv and wo, float tensors (D, D), without biases; a
decoder block also has "cross", the same for the attention to the memory. "norms": a list of pairs (scale, shift), float
tensors (D,), one pair for each sub-layer in the order in which they come, two of an encoder, three of a decoder block.
"feed": a dict of w1 (D, F), b1 (F,), w2 (F, D) and b2 (D,).

Masks are boolean tensors, True where the query may look at the key. A padding mask is (B, T) or (B, S), True where a
position is real; None stands for True everywhere.

Rule: no attention and no normalization function or layer of the framework. Its softmax is allowed.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Vaswani et al. (2017), Attention Is All You Need, arXiv:1706.03762; Ba, Kiros & Hinton (2016), Layer
Normalization, arXiv:1607.06450; Xiong et al. (2020), On Layer Normalization in the Transformer Architecture,
arXiv:2002.04745 (pre and post).
"""


def positional_encoding(size, width):
    """Return the code of the positions 0 to size - 1, a float32 tensor (size, width).

    Column 2 i holds sin(p / 10000^(2 i / width)) for each position p, column 2 i + 1 holds the cosine of the same
    angle. width may be odd; then the last column is a sine.

    >>> positional_encoding(2, 3)
    [[0.0, 1.0, 0.0], [0.8415, 0.5403, 0.0022]]
    """
    raise NotImplementedError("positional_encoding")


def layer_norm(x, scale, shift, eps=1e-5):
    """Return (x - mean) / sqrt(variance + eps), times scale, plus shift, a float tensor like x.

    x: float tensor (..., D). scale, shift: float tensors (D,). Mean and variance are those of the D features of each
    position; the variance divides by D. Features that all are 10,000 and a little apart keep their digits.

    >>> layer_norm([[1.0, 3.0]], [1.0, 2.0], [0.0, 1.0])
    [[-1.0, 3.0]]
    """
    raise NotImplementedError("layer_norm")


def feed_forward(x, feed):
    """Return max(x w1 + b1, 0) w2 + b2, a float tensor like x, the same network at each position.

    x: float tensor (..., D). feed: dict as above.

    >>> feed_forward([[1.0]], {"w1": [[2.0, -2.0]], "b1": [0.0, 0.0], "w2": [[3.0], [5.0]], "b2": [1.0]})
    [[7.0]]
    """
    raise NotImplementedError("feed_forward")


def attend(x, memory, weights, heads, mask=None):
    """Return what the positions of x read from those of the memory, a float tensor (B, T, D).

    x: float tensor (B, T, D), from which queries come (x wq). memory: float tensor (B, S, D), from which keys and
    values come (memory wk, memory wv). weights: dict of wq, wk, wv and wo. heads: H, which divides D.
    mask: broadcasts to (B, H, T, S), or None. Head h has the features h d to (h + 1) d - 1 of queries, keys and values:
    softmax(q k^T / sqrt(d)) v. The heads, side by side, are multiplied by wo. A hidden key has no weight, however
    large its score; a query that may look at no key reads 0.
    """
    raise NotImplementedError("attend")


def encoder_block(x, params, heads, padding=None, norm="pre"):
    """Return x after self-attention and feed-forward, a float tensor (B, T, D).

    x: float tensor (B, T, D). params: dict of an encoder block. padding: padding mask (B, T), which hides keys. norm:
    "pre" or "post", where each sub-layer f, first the attention and then feed_forward, is normalized; another one
    raises ValueError.

        x + f(layer_norm(x)), if norm is "pre"
        layer_norm(x + f(x)), if norm is "post"
    """
    raise NotImplementedError("encoder_block")


def decoder_block(x, memory, params, heads, padding=None, memory_padding=None, norm="pre"):
    """Return x after causal self-attention, attention to the memory and feed-forward, a float tensor (B, T, D).

    x: float tensor (B, T, D). memory: float tensor (B, S, D), which is not normalized here. params: dict of a decoder
    block. padding: padding mask (B, T) of x. memory_padding: padding mask (B, S). norm: as for encoder_block. A
    position looks at itself and at earlier ones in its own sequence, and at every real position of the memory.
    """
    raise NotImplementedError("decoder_block")


def init_params(width, inner, rng, decoder=False):
    """Return float32 parameters of a block, of an encoder or of a decoder, in the form described above.

    width, inner: D and F. rng: NumPy Generator. Matrices (m, n) are uniform from -sqrt(6 / (m + n)) to
    sqrt(6 / (m + n)), drawn from rng. scale is 1; b1, b2 and shift are 0. No two tensors share memory, so that each can
    be changed in place.
    """
    raise NotImplementedError("init_params")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
