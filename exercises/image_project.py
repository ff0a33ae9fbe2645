"""A whole image project: from a folder of photographs to an exported classifier and an honest report.

The steps are those of any such project: read the files, keep pictures that are almost the same on one
side of the split, train on changed copies, measure on images that training has not met, and hand over
a model that works without this file.

Shapes: N images of H by W pixels and 3 channels, K classes. Images are (N, 3, H, W) in PyTorch and
(N, H, W, 3) in TensorFlow, with values from 0 to 1. image(...) in the examples stands for the tensor
in your layout.

Graded as an outcome: `run` on 500 drawn images of five shapes, 16 by 16 pixels, among them copies with
a little noise, with 15 epochs, batches of 25 and lr 0.003. The grader computes the confusion matrix
with the exported model, in a process without your code. The report must hold the same numbers, and on
400 images that `run` has not seen, the median accuracy of the runs must reach 0.6. Where the flower
photos are present, a model of build((32, 32, 3), 5) must also reach 0.55 on 736 of them after `train` on
the other 2,934, cut to 32 by 32 pixels, with 12 epochs, batches of 32 and lr 0.002.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Barz & Denzler (2020), Do we train on test data?, doi:10.3390/jimaging6060041
(near-duplicates); Ioffe & Szegedy (2015), arXiv:1502.03167; Kingma & Ba (2015), arXiv:1412.6980.
"""


def load(root):
    """Read a folder of images, one folder a class, and return (x, y, classes).

    root/cat/17.ppm is an image of the class "cat": a binary PPM file of 8 bits a colour, that is the
    lines "P6", width and height ("640 480") and "255", then height * width * 3 bytes, row by row. All
    images have the same size. Folders are taken in the order of sorted(), and so are the files of a
    folder; files whose names do not end in ".ppm" are passed over. x: float32 images, the bytes divided
    by 255. y: int64 tensor (N,), the number of the image's folder. classes: the list of the names of
    the folders. Raises ValueError if a file is not of this form or two images differ in size.
    """
    raise NotImplementedError("load")


def groups(x, near=0.05):
    """Return for each image the number of its group, an int64 tensor (N,).

    x: images, a float tensor. Two images are near if the root of the mean of their squared differences,
    over all numbers, is at most `near`. A group is all images that a chain of near ones connects: if a
    is near b, and b is near c, all three are in one group. Its number is the lowest row in it.

    >>> groups(image([[[[0.1]]], [[[0.5]]], [[[0.12]]], [[[0.16]]]]))
    [0, 1, 0, 0]
    """
    raise NotImplementedError("groups")


def split(group, share, rng):
    """Return the rows for training and those for testing, two int64 tensors, each in ascending order.

    group: integer tensor (N,), as `groups` returns it. All rows of a group are on one side. The groups
    are taken in a random order drawn from rng, a NumPy Generator, and put on the side of testing until
    it has at least share * N rows; the others are for training.

    >>> training, testing = split([0, 0, 2, 2, 4, 4], 0.25, rng(0))
    >>> len(testing)
    2
    """
    raise NotImplementedError("split")


def augment(x, rng):
    """Return x with each image changed at random, a float tensor like x.

    An image is mirrored left to right or not, and then turned by 0, 90, 180 or 270 degrees, all eight
    equally likely, drawn from rng for each image by itself. H and W are the same.
    """
    raise NotImplementedError("augment")


def build(in_shape, classes, filters=(16, 32, 64), rate=0.2):
    """Return a model of the framework that turns images into logits (N, K).

    in_shape: (H, W, C), in both frameworks. For each number in `filters`, the model has a convolution
    of 3 by 3 with bias, stride 1 and zeros around; batch normalisation, which adds 1e-5 to the variance
    and moves its running statistics by 0.1 of the difference; ReLU; and a maximum over 2 by 2 windows
    without overlap. Then come all numbers in a row, in the order of your layout; dropout of `rate`; and a
    dense layer of `classes`, without anything after it. Initial weights are up to you.
    """
    raise NotImplementedError("build")


def train(model, x, y, epochs, batch, lr, rng):
    """Train the model in place, and return the mean loss of each epoch as a list of Python floats.

    x: images, a float tensor. y: integer tensor (N,), classes from 0. Every row is used once an epoch,
    in a new random order drawn from rng, a NumPy Generator, in batches of `batch` rows, the last of
    which may be shorter. Each batch is changed by `augment`, anew in each epoch. The loss of a batch is
    the mean cross-entropy in nats of the model in training: with dropout, and normalised by the batch.
    A step is one of Adam with learning rate lr, beta1 0.9, beta2 0.999 and epsilon 1e-7, with new
    moments in each call. In the mean loss of an epoch each row weighs alike.
    """
    raise NotImplementedError("train")


def logits(model, x):
    """Return the logits of images in use, a float tensor (N, K).

    Nothing is dropped, images are not changed, and normalisation is by the running statistics, so that
    the logits of an image do not depend on the other images. The model is left as it was.
    """
    raise NotImplementedError("logits")


def evaluate(model, x, y, classes):
    """Return {"accuracy": a Python float, "confusion": an int64 tensor (K, K)} of the model in use.

    y: integer tensor (N,). classes: the number K. confusion[i, j] counts the images of class i for
    which the logit of class j is the largest. accuracy is the share of the images that are right.
    """
    raise NotImplementedError("evaluate")


def export(model, size, path):
    """Write the model to the file `path`, so that it computes logits in use without this code.

    In PyTorch, a program that torch.export.save writes; in TensorFlow, a whole Keras model (.keras) of
    Keras's own layers. `path` ends in .pt2 and .keras, respectively. The file takes a float32 tensor of
    images, of any number N of at least 1, with values from 0 to 1, and returns the logits. size: (H, W)
    of the images. The model is left as it was.
    """
    raise NotImplementedError("export")


def run(root, path, epochs, batch, lr, rng, share=0.25):
    """Do it all, and return the report: a dict.

    Loads the images of `root`, groups them with near=0.05, splits them by `share`, trains a model of
    `build` on the one side, exports it to `path` and evaluates it on the other. The report has
    "classes", the list of names; "train" and "test", the rows of the two sides, int64 tensors;
    "losses", what `train` returned; and "accuracy" and "confusion" of the rows for testing.
    """
    raise NotImplementedError("run")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
