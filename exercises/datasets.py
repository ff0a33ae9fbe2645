"""Datasets of one's own: a table, a folder of images, and a loader that makes batches.

A dataset answers two questions, how many items are there and what is item i, and a loader turns any such object into
batches. Kept apart like this, the one class that knows a file format knows nothing of shuffling, and vice versa.

Items are pairs (x, y). An index runs from 0 to len - 1, or from -len to -1 counted from the end; any other is an
IndexError. A `transform`, if there is one, is a function of x, applied each time an item is fetched; y stays as it is.
Two datasets over the same files may have different transforms: one that augments for training, none for validation.

Images are binary PPM files, which need no library: the ASCII line "P6", a line with width and height ("640 480"), a
line "255", and then height * width * 3 bytes, row by row from the top, red, green and blue of each pixel, and nothing
after them. Note the order: the width comes first in the header, the height first in the array.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Jef Poskanzer, PPM format specification, netpbm.sourceforge.net/doc/ppm.html; RFC 4180 and the documentation of
Python's csv module; Goodfellow, Bengio & Courville (2016), Deep Learning, section 8.1.3 (why to shuffle).
"""


class TableDataset:
    """The rows of a CSV file: the column `target` is y, all others are x.

    path: a UTF-8 file whose first line names the columns, no two alike, as Python's csv module reads it: a field in
    quotes may hold a comma. All other fields are numbers; an empty one is NaN. The file may be read at once or bit by
    bit.
    transform: a function of x, or None.
    columns: an attribute, the list of the names of the columns of x, in the order of the file.

    Raises ValueError if no column is named `target`.
    """

    def __init__(self, path, target, transform=None):
        raise NotImplementedError("TableDataset.__init__")

    def __len__(self):
        """The number of rows, without the line of names."""
        raise NotImplementedError("TableDataset.__len__")

    def __getitem__(self, index):
        """Return (x, y) of row `index`: float32 tensors (F,) and ()."""
        raise NotImplementedError("TableDataset.__getitem__")


class ImageFolderDataset:
    """Images in one folder a class: root/cat/17.ppm is an image of the class "cat".

    classes: an attribute, the list of the names of all folders in `root`, in the order of sorted(), also of one without
    images. The label of a class is its position there. Items are ordered by class, then by file name, both as sorted()
    orders text. Files whose names do not end in ".ppm" are passed over, and so are files in `root` itself.
    Files in folders below that of a class are passed over, too; such a folder's name does not end in ".ppm". No name of
    a file or a folder begins with a dot.

    Nothing is read before an item is fetched: the constructor looks at names only, and no image is kept in memory.
    Fetching a file that is not of the form above is a ValueError.
    """

    def __init__(self, root, transform=None):
        raise NotImplementedError("ImageFolderDataset.__init__")

    def __len__(self):
        """The number of images."""
        raise NotImplementedError("ImageFolderDataset.__len__")

    def __getitem__(self, index):
        """Return (image, label) of image `index`.

        image: float32 tensor, the bytes divided by 255, in the framework's layout: (3, H, W) in PyTorch, (H, W, 3) in
        TensorFlow. label: int64 tensor ().
        """
        raise NotImplementedError("ImageFolderDataset.__getitem__")


def make_loader(dataset, batch, shuffle=False, rng=None, drop_last=False):
    """Return an object that yields the items of `dataset` in batches, as often as it is iterated over.

    dataset: anything with len() whose items are pairs of tensors of one shape each; a list of pairs is one, too.
    batch: items a batch. The last is shorter where they do not come out even, or is left out if drop_last.
    shuffle: if true, every pass goes over all items once, in a new random order; if false, in the order of the dataset.
    rng: NumPy Generator from which the orders follow: the same seed gives the same orders. Needed only to shuffle.
    Returns an object with len() (batches in a pass) and iteration; each batch is a pair of tensors (B, ...), (B, ...).
    A pass may begin while another one is under way, and neither changes the other.
    The framework's own loaders are welcome. Items are fetched when their batch is asked for (or a few ahead).

    Raises ValueError if batch < 1, and if shuffle is asked for without rng.

    >>> loader = make_loader([([1.0], [5.0]), ([2.0], [6.0]), ([3.0], [7.0])], batch=2)
    >>> len(loader)
    2
    >>> list(loader)
    [([[1.0], [2.0]], [[5.0], [6.0]]), ([[3.0]], [[7.0]])]
    >>> len(make_loader([([1.0], [5.0]), ([2.0], [6.0]), ([3.0], [7.0])], batch=2, drop_last=True))
    1
    >>> make_loader([([1.0], [5.0])], batch=0)
    Traceback (most recent call last):
        ...
    ValueError: a batch needs at least one item
    """
    raise NotImplementedError("make_loader")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
