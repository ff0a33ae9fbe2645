"""A network as a graph: ReLU, tanh and SELU mixed, with a skip connection, on images of clothing or digits.

In a stack of layers, each result is used once. In a graph, a result may be used twice: here the input of the tanh
block is also added to its output. The block then only needs to learn a correction, and gradients have a short way back.

    x = flatten(images) / 255
    relu = ReLU(dense(x))
    tanh = tanh(dense(relu))
    skip = relu + tanh
    selu = SELU(dense(skip))
    logits = dense(selu)

The model's dense layers have the names below. Keras's functional API builds such a graph from its layers. In PyTorch,
the layers are attributes of these names, and the graph is what `forward` computes:

    name      features              activation  weights drawn from
    relu      H * W -> widths[0]    ReLU        normal, deviation sqrt(2 / fan_in)             (He)
    tanh      widths[0] -> same     tanh        uniform, limit sqrt(6 / (fan_in + fan_out))    (Xavier)
    selu      widths[0] -> [1]      SELU        normal, deviation sqrt(1 / fan_in)             (LeCun)
    logits    widths[1] -> k        none        uniform, limit sqrt(6 / (fan_in + fan_out))    (Xavier)

Normal draws may be truncated, if their deviation is right all the same. Biases start at zero. Random numbers come from
the framework's global generator.

Graded as an outcome, by the accuracy on test images that the median of three runs reaches: on Fashion-MNIST, where it
is present, 0.86 after 8 epochs with batches of 256; else 0.95 on scikit-learn's digits after 15 epochs, batches of 64.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Klambauer, Unterthiner, Mayr & Hochreiter (2017), Self-normalizing neural networks, arXiv:1706.02515; He,
Zhang, Ren & Sun (2016), arXiv:1512.03385; Xiao, Rasul & Vollgraf (2017), Fashion-MNIST, arXiv:1708.07747; Hand & Till
(2001), doi:10.1023/A:1010920819831 (multiclass AUC).
"""


def build(in_shape, k, widths=(128, 64)):
    """Return the model above. model(images) gives the logits (B, k), without softmax.

    in_shape: (H, W). Images are integer tensors (B, H, W), bytes from 0 to 255; the model divides them itself.
    """
    raise NotImplementedError("build")


def layer_names(model):
    """Return the names of the model's dense layers, in the order in which data passes them, as a list of text.

    >>> layer_names(build((2, 3), 4))
    ['relu', 'tanh', 'selu', 'logits']
    """
    raise NotImplementedError("layer_names")


def activations(model, images):
    """Return what the model computes on the way, as a dict of float tensors.

    Keys: "relu", "tanh", "selu" and "logits", the outputs of these layers after their activation, and "skip", the sum
    of the tanh block's output and its input.

    >>> found = activations(build((2, 3), 4, widths=(5, 7)), [[[0, 0, 0], [0, 0, 0]]])
    >>> found["skip"]
    [[0.0, 0.0, 0.0, 0.0, 0.0]]
    """
    raise NotImplementedError("activations")


def train(model, images, labels, epochs, batch=64, lr=0.001):
    """Train in place with Adam (beta1 0.9, beta2 0.999) on the mean cross-entropy of the logits.

    images: integer tensor (N, H, W). labels: int64 tensor (N,). The rows are shuffled anew in each epoch, and a short
    last batch is used, too.
    Returns a list of `epochs` Python floats: the mean loss of each epoch, in nats, of each row as its batch came up.
    """
    raise NotImplementedError("train")


def predict_proba(model, images):
    """Return the class probabilities, a float tensor (N, k) whose rows sum to 1."""
    raise NotImplementedError("predict_proba")


def evaluate_full(model, images, labels):
    """Return how well the model does, as a dict of Python floats. images and labels are as for train.

    accuracy: share of right predictions. precision, recall, f1: the plain mean over all k classes of each class's own;
    where a class is never predicted, its precision and F1 are 0. auc: the plain mean over classes of the area under the
    ROC curve of that class's probability against all others, in which ties count one half. Every class occurs in
    labels.
    """
    raise NotImplementedError("evaluate_full")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
