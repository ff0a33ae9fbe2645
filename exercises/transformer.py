"""A transformer, encoder and decoder, that learns to reverse: training, caching, greedy and beam decoding.

In training the decoder is given the whole answer, shifted by one step, and predicts every token at once. In use it has
only what it has said so far. Both must be the same function, so no position may see what comes after it.

Shapes: B batch, S steps of the source, T steps of the target, V tokens, D features, H heads, d = D / H, F inner
features.

Tokens are integers from 0 to V - 1: 0 is padding, 1 the start, 2 the end. Padding stands at the end of a row, and each
row has a token that is not padding. How much padding a source has changes nothing, nor do the other rows.

Parameters are a dict of float tensors. "tokens" is the embedding (V, D), "logits" the output (D, V). For each attention
("encoder" and "decoder" to their own tokens, "cross" from the decoder to the memory), "encoder.q", ".k" and ".v" are
(H, D, d), and ".o" is (H, d, D). For each feed-forward network, "encoder.in" and "decoder.in" are (D, F),
"encoder.out" and "decoder.out" are (F, D). There are no biases.

norm(x) is (x - mean) / sqrt(variance + 1e-5) over the D features of a token. A head of attention from x to y
is softmax(q k^T / sqrt(d)) v, where q = x q, k = y k, v = y v; the heads, each times its o, are added. A weight is 0
where the key is a padding token of the source, whatever the scores. Each of encoder and decoder takes

    x = tokens[ids] + code, where code[p, 2 i] is sin(p / 10000^(2 i / D)), and code[p, 2 i + 1] its cosine;

    x = x + attention from norm(x) to norm(x);

    in the decoder x = x + attention from norm(x) to the memory;

    norm(x + max(norm(x) in, 0) out), which is the memory in the encoder, and times "logits" the result of the decoder.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Graded as outcomes, with build(13, 32, 4, 64, rng), lr 0.005 and batches of 25: after 7 epochs on 1,000 rows of 8 random
symbols, 2 behind each reversed row, the median share of right tokens of `greedy` on 100 other rows must be 0.95. As a
language model, after 3 epochs on 1,000 rows of 12 symbols that repeat their first 3, the median loss on others must be
1 at most; the frequency of pairs alone gives 2.3.

Sources: Vaswani et al. (2017), Attention Is All You Need, arXiv:1706.03762; Sutskever, Vinyals & Le (2014),
arXiv:1409.3215 (beam search); Wu et al. (2016), arXiv:1609.08144, section 7 (length normalization).
"""


def build(size, width, heads, inner, rng):
    """Return new float32 parameters; V, D, H and F in this order, all drawn from rng, a NumPy Generator.

    "logits" is 0, so that the first loss is ln V. Every other one (..., m, n) is normal, with mean 0 and standard
    deviation 1 / sqrt(m).
    width is even, and a multiple of heads.
    """
    raise NotImplementedError("build")


def shifted(targets):
    """Return what the decoder is given for targets (B, T): 1, and then all targets but the last, an integer tensor.

    targets: integer tensor (B, T).

    >>> shifted([[5, 6, 2, 0]])
    [[1, 5, 6, 2]]
    """
    raise NotImplementedError("shifted")


def token_loss(logits, targets):
    """Return the mean of -ln softmax(logits)[target] over all targets but padding, a float tensor ().

    logits: float tensor (B, T, V), of any finite size. targets: integer tensor (B, T).

    >>> token_loss([[[0.0, 0.0, 0.0], [0.0, 9.0, 0.0]]], [[2, 0]])
    1.0986
    """
    raise NotImplementedError("token_loss")


def encode(params, src):
    """Return the memory, a float tensor (B, S, D). src: integer tensor (B, S)."""
    raise NotImplementedError("encode")


def decode(params, given, memory=None, src=None, cache=None):
    """Return (logits, cache). logits: float tensor (B, T, V), of the token that follows each given one.

    given: integer tensor (B, T). memory: float tensor (B, S, D). src: integer tensor (B, S). Without memory and src,
    the attention to the memory is left out: a language model. A token sees itself and the tokens before it,
    padding or not.

    cache: (k, v), float tensors (B, H, t, d): the keys and values of the decoder's attention to its own tokens, of t
    tokens that came before the given ones. The new cache is that of all t + T tokens. So tokens may be given all at
    once, or one by one with the cache, and have the same logits.
    """
    raise NotImplementedError("decode")


def fit(params, src, targets, epochs, lr, batch, rng):
    """Return (params, losses) after training with Adam on token_loss of decode, given the shifted targets.

    src: integer tensor (N, S), or None for a language model. targets: integer tensor (N, T). Adam has learning rate
    lr, beta1 0.9, beta2 0.999 and epsilon 1e-7. Every row is used once an epoch, in a new random order drawn from rng,
    a NumPy Generator, in batches of `batch` rows, the last of which may be smaller. losses: a list of Python floats,
    one an epoch, the mean of the losses of its batches, each taken before its step.
    """
    raise NotImplementedError("fit")


def greedy(params, src, steps):
    """Return the most probable token, `steps` times, each given those before it, an integer tensor (B, steps).

    src: integer tensor (B, S). steps: 1 or more. Behind the first 2 of a row, all tokens are 0.
    """
    raise NotImplementedError("greedy")


def beam(params, src, steps, width):
    """Return (tokens, scores), the best answers that a beam finds: integer tensor (B, steps), float tensor (B,).

    src: integer tensor (B, S). steps, width: 1 or more. A beam begins with the empty answer. In each step, every answer
    that does not end in 2 is continued by every token; of these and the answers that end in 2, the `width` with the
    largest sum of ln p stay. At the end, the score of an answer is its sum divided by the number of its tokens, the 2
    included, and the answer of the largest score is returned, with 0 behind it.
    """
    raise NotImplementedError("beam")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
