"""The table of full-size data sets: their files, addresses, checksums and origins.

A new set is one more row here and, if it is to be loaded, one more function in `fullsize`.
"""

from __future__ import annotations

from dataclasses import dataclass

from katagrad.data.errors import DataError


@dataclass(frozen=True)
class RemoteFile:
    """One published file.

    name: as published and as looked for in a folder. digest: SHA-256 of the bytes as read, that
    is after gunzip where `gzipped`; archives (.tar.gz) count as they are. size: bytes to
    download, roughly, for the progress bar and the estimate. reduced: SHA-256 of an edition with
    fewer or smaller items in the same layout, which a folder may hold instead; never downloaded.
    photos: the name of that edition where it holds the same images as JPEG files.
    """

    name: str
    digest: str
    size: int
    reduced: str | None = None
    photos: str | None = None

    @property
    def gzipped(self) -> bool:
        """Whether the file is one gzip stream around the content, not an archive."""
        return self.name.endswith(".gz") and not self.name.endswith(".tar.gz")


@dataclass(frozen=True)
class DataSet:
    """One full-size data set.

    name: what a user types. folder: where its files lie inside a data folder. base: the address
    that a file's name is appended to. credit: makers and licence.
    """

    name: str
    title: str
    folder: str
    base: str
    files: tuple[RemoteFile, ...]
    credit: str

    @property
    def size(self) -> int:
        """Bytes to download, all files together."""
        return sum(file.size for file in self.files)


def _idx_files(*rows: tuple[str, int]) -> tuple[RemoteFile, ...]:
    """Return the four files that MNIST and its successors consist of, in one order."""
    names = (
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    )
    return tuple(
        RemoteFile(name, digest, size) for name, (digest, size) in zip(names, rows, strict=True)
    )


_SETS = (
    DataSet(
        "mnist",
        "MNIST",
        "mnist",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        _idx_files(
            ("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 9_912_422),
            ("65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 28_881),
            ("0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 1_648_877),
            ("ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 4_542),
        ),
        "Y. LeCun, C. Cortes, C. Burges; CC BY-SA 3.0",
    ),
    DataSet(
        "fashion_mnist",
        "Fashion-MNIST",
        "fashion-mnist",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        _idx_files(
            ("c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888", 26_421_880),
            ("bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9", 29_515),
            ("5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b", 4_422_102),
            ("0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34", 5_148),
        ),
        "Zalando Research; MIT",
    ),
    DataSet(
        "cifar10",
        "CIFAR-10",
        "cifar10",
        # The binary edition: the same pixels as the Python one, without a pickle to execute.
        "https://www.cs.toronto.edu/~kriz/",
        (
            RemoteFile(
                "cifar-10-binary.tar.gz",
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                170_052_171,
                # As photos, train/<class>/<number>.jpg, so not the official pixels.
                reduced="7854ea059adc7729ab5267c5269ccc01e6eaeea6549d5f3c834c106bae86e8ee",
                photos="cifar10-images.tar.gz",
            ),
        ),
        "A. Krizhevsky (2009), Learning multiple layers of features from tiny images",
    ),
    DataSet(
        "flowers",
        "the flower photos",
        "flowers",
        "https://storage.googleapis.com/download.tensorflow.org/example_images/",
        (
            RemoteFile(
                "flower_photos.tgz",
                "4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c",
                228_813_984,
                # The 3,670 photos scaled to at most 240 pixels.
                reduced="cc73e296b52b110b73d003330a4ba22dadcbe874756e2425febad9d6c8739b5c",
                photos="flower_photos.tgz",
            ),
        ),
        "The TensorFlow authors, from photographs on Flickr; CC BY 2.0",
    ),
    DataSet(
        "imdb",
        "the IMDB reviews",
        "imdb",
        "https://ai.stanford.edu/~amaas/data/sentiment/",
        (
            RemoteFile(
                "aclImdb_v1.tar.gz",
                "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fe7008942e91923d1658fe5",
                84_125_825,
                # Without the unlabelled part; a handful of the labelled reviews differ.
                reduced="f27dae908c063666fd0dfb7651a4f12492508fc9bedc0aa3b74ed06ada7f4621",
            ),
        ),
        "Maas et al. (2011), Learning word vectors for sentiment analysis",
    ),
    DataSet(
        "etth1",
        "ETTh1",
        "ett",
        "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/",
        (
            RemoteFile(
                "ETTh1.csv",
                "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066",
                2_589_657,
            ),
        ),
        "Zhou et al. (2021), arXiv:2012.07436; CC BY-ND 4.0",
    ),
)

DATA_SETS: dict[str, DataSet] = {row.name: row for row in _SETS}


def data_set(name: str) -> DataSet:
    """Return the row called `name`; "fashion-mnist" and "fashion_mnist" are the same."""
    try:
        return DATA_SETS[name.replace("-", "_").lower()]
    except KeyError:
        known = ", ".join(DATA_SETS)
        raise DataError(
            f"there is no data set {name!r} to look for or download; there are {known}"
        ) from None
