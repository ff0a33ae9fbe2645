"""Save weights, and the whole state of a training, so that it goes on exactly where it stopped.

Weights are enough to predict in another process. To train on as if nothing had happened takes more: the optimizer's
moments and its count of steps, the epochs done, and the state of the generator that shuffles.

A model is one of the framework's. Its state is its parameters and its running statistics. A model of the same layers
has the same layers in the same order, with any values. A path is a text, and its folder exists.

A saving function replaces a file at path as a whole: who has opened the old file goes on reading the old content. It
leaves no other file in the folder, and the model as it was.

A loading function executes nothing that the file holds. A file that holds code (a pickle, say) raises an exception, and
the code does not run. If a file cannot be loaded, the model keeps the state that it had.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Kingma & Ba (2015), arXiv:1412.6980, for the state of Adam; https://docs.python.org/3/library/os.html#os.replace
for a replacement that cannot stop halfway; https://docs.python.org/3/library/pickle.html for what a pickle may do.
"""


def build(features, hidden, outputs):
    """Return a new model with random weights: dense, batch normalization, ReLU, dense.

    features, hidden, outputs: positive integers. It maps (N, features) to (N, outputs); the first dense layer and the
    normalization have `hidden` units. The layers are the framework's own, and all state of the model is theirs.
    """
    raise NotImplementedError("build")


def save_weights(model, path):
    """Write a model's state to one file. path ends in ".weights.h5", the ending that Keras insists on.

    The file is in the framework's own format: in PyTorch, a state_dict that torch.load reads with weights_only=True; in
    TensorFlow, what save_weights of Keras writes. So a process without your code can read it.
    """
    raise NotImplementedError("save_weights")


def load_weights(model, path):
    """Give a model the state in a file that save_weights wrote, perhaps in another process.

    A file of a model that has more layers, fewer layers or other shapes is a ValueError.
    """
    raise NotImplementedError("load_weights")


class Training:
    """Train a model with Adam on the mean squared error. The attribute `epoch` counts the epochs done.

    model: changes in place. lr: the learning rate, a Python float; Adam's betas are 0.9 and 0.999, its epsilon is the
    framework's default. rng: draws the order of every epoch, as rng.permutation(N).

    >>> training = Training(build(3, 4, 2), 0.01, rng(0))
    >>> training.run([[1.0, 2.0, 3.0]], [[0.0, 1.0]], epochs=0, batch=1)
    []
    >>> training.epoch
    0
    """

    def __init__(self, model, lr, rng):
        """Begin with epoch 0, a Python integer."""
        raise NotImplementedError("Training")

    def run(self, x, y, epochs, batch):
        """Train for a number of epochs, 0 or more, and return a list with one Python float for each.

        x: float tensor (N, D). y: float tensor (N, K). Row i of an epoch is row order[i] of x. Each step takes the next
        `batch` rows, the last step those that are left, and the model is in training mode. The float is the mean of the
        squared errors over all rows and outputs; a row counts as it was before its step.
        """
        raise NotImplementedError("Training.run")

    def save(self, path):
        """Write what a resumed training needs to one file. Its format is up to you."""
        raise NotImplementedError("Training.save")


def resume(path, model):
    """Return a Training that goes on where the saved one stopped, perhaps in another process.

    model: of the same layers; it takes the saved state. From here on, losses, epoch and model are those of a training
    that was never interrupted, in as many runs as it may take.
    """
    raise NotImplementedError("resume")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
