"""Data sets as NumPy arrays with a fixed split. No framework is imported, here or below.

Always present: `digits`, `breast_cancer`, `iris`, `wine`, `diabetes`, which return a `Split`,
and the generators `moons`, `spirals`, `xor`, `ring8`, `sine`, `two_tone`, `negation_sentiment`,
`reverse`, `shapes5`, which draw from a NumPy Generator.

Full size, where present: `mnist`, `fashion_mnist`, `cifar10`, `flowers`, `imdb`, `etth1`; the
photos as files through `unpack`. `available(name)` asks whether a set is there, `readable(name)`
whether it can be read, `locate(name)` says where, `download(name)` fetches it, `list_status()`
lists all.
"""

from katagrad.data.archives import cifar10, flowers, imdb, unpack
from katagrad.data.drawings import SHAPES5_CLASSES, shapes5
from katagrad.data.embedded import breast_cancer, diabetes, digits, iris, wine
from katagrad.data.errors import DataCorrupt, DataError, DataMissing, DownloadFailed
from katagrad.data.fetch import download
from katagrad.data.fullsize import ETTH1_COLUMNS, etth1, fashion_mnist, mnist
from katagrad.data.places import available, edition, locate, readable
from katagrad.data.points import moons, ring8, ring8_centres, spirals, xor
from katagrad.data.sequences import (
    END,
    NEGATION_SENTIMENT_CLASSES,
    NEGATION_SENTIMENT_WORDS,
    PAD,
    START,
    negation_sentiment,
    reverse,
    sine,
    two_tone,
)
from katagrad.data.split import Split
from katagrad.data.status import Status, list_status

__all__ = [
    "END",
    "ETTH1_COLUMNS",
    "NEGATION_SENTIMENT_CLASSES",
    "NEGATION_SENTIMENT_WORDS",
    "PAD",
    "SHAPES5_CLASSES",
    "START",
    "DataCorrupt",
    "DataError",
    "DataMissing",
    "DownloadFailed",
    "Split",
    "Status",
    "available",
    "breast_cancer",
    "cifar10",
    "diabetes",
    "digits",
    "download",
    "edition",
    "etth1",
    "fashion_mnist",
    "flowers",
    "imdb",
    "iris",
    "list_status",
    "locate",
    "mnist",
    "moons",
    "negation_sentiment",
    "readable",
    "reverse",
    "ring8",
    "ring8_centres",
    "shapes5",
    "sine",
    "spirals",
    "two_tone",
    "unpack",
    "wine",
    "xor",
]
