"""Multiclass cross-entropy from logits, with label smoothing and ignored rows.

Cross-entropy is the loss of nearly every classifier and language model. It is the information, in nats, that the
model lacks about the right class. Computed from logits in one step it is exact. Computed as log(softmax(logits)) it is
infinite if a probability rounds to 0. Shapes: N rows, C classes.

Rule: no loss function of the framework. Its log_softmax and logsumexp are allowed; exercises/softmax.py writes them.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Goodfellow, Bengio & Courville (2016), Deep Learning, sections 5.5 and 6.2.2.3; Szegedy et al. (2016),
Rethinking the Inception Architecture, section 7, doi:10.1109/CVPR.2016.308 (label smoothing).
"""


def cross_entropy(logits, labels, label_smoothing=0.0, ignore_index=None, reduction="mean"):
    """Return the cross-entropy of softmax(logits) from `labels`, in nats.

    The loss of a row is -sum_c t[c] log softmax(logits)[c], where t is the row's target distribution.

    logits: float tensor (N, C), finite.
    labels: integer tensor (N,) of classes 0 to C - 1, whose target is one-hot; or float tensor (N, C), each row a
        distribution over the classes. Any other shape raises ValueError, also the shape of the other kind.
    label_smoothing: float s from 0 to 1; the target becomes (1 - s) t + s / C.
    ignore_index: an integer, inside 0 to C - 1 or not, or None. A row whose integer label equals it has the loss 0,
        and "mean" does not count it. With float labels, no row is ignored.
    reduction: "mean" over the rows that count (0 if none does), "sum", or "none" for the loss of each row. Anything
        else raises ValueError.
    Returns a float tensor () or, for "none", (N,), of the dtype of `logits`.

    >>> cross_entropy([[0.0, 0.0], [0.0, 0.0]], [0, 1])
    0.6931
    >>> cross_entropy([[0.0, 1.0, 2.0], [500.0, 0.0, 0.0]], [2, 1], reduction="none")
    [0.4076, 500.0]
    >>> cross_entropy([[0.0, 1.0, 2.0], [500.0, 0.0, 0.0]], [2, -1], ignore_index=-1)
    0.4076
    >>> cross_entropy([[0.0, 2.0]], [[0.25, 0.75]], label_smoothing=0.5)
    0.8769
    """
    raise NotImplementedError("cross_entropy")


def nll(log_probabilities, labels):
    """Return the mean of -log_probabilities[n, labels[n]] over the rows: the negative log-likelihood.

    log_probabilities: float tensor (N, C), such as log_softmax returns; an entry may be -inf. labels: integer tensor
        (N,) of classes.
    Returns a float tensor () of the dtype of `log_probabilities`.

    >>> nll([[-0.5, -1.0], [-3.0, -0.25]], [0, 1])
    0.375
    """
    raise NotImplementedError("nll")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
