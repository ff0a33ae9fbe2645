"""The base of transfer_learning: two blocks of `convnet`, trained on the digits 0 to 4 and kept with a checksum.

`python -m katagrad.authoring.pretrained` trains it anew, in NumPy, writes the file and prints its checksum.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np

from katagrad import data
from katagrad.authoring import convnet
from katagrad.files import write_bytes

FILE = Path(__file__).with_name("digits_base.npz")
SHA256 = "208fc4bf80619f02fc92f78a7fd366a1c282593bbe75bf92f68f5886b53f7c21"
FILTERS, CLASSES = (16, 32), 5
EPOCHS, BATCH, LR = 12, 32, 0.03

Layers = list[dict[str, np.ndarray]]


def digits_base() -> Layers:
    """The layers of the blocks, without a head, in float32: convolution, normalisation, and both again.

    Raises DataCorrupt if the file is not the one that the checksum belongs to.
    """
    content = FILE.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise data.DataCorrupt(
            f"{FILE} is not the file that katagrad came with: its checksum differs. Install katagrad again"
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as kept:
        found: Layers = [{} for _ in range(2 * len(FILTERS))]
        for name in kept.files:
            place, key = name.split()
            found[int(place)][key] = kept[name]
    return found


def trained(epochs: int = EPOCHS) -> Layers:
    """Train blocks and a head on the training images of the digits 0 to 4, and return the blocks."""
    rng = np.random.default_rng(0)
    digits = data.digits(images=True)
    chosen = digits.train_y < CLASSES
    x, y = digits.train_x[chosen].astype(float), digits.train_y[chosen]
    layers, rows = initial(rng), []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        rows += [order[i : i + BATCH] for i in range(0, len(x), BATCH)]
    layers, _ = convnet.descent(layers, [(x[one], y[one]) for one in rows], LR, "tensorflow")
    return [
        {key: value.astype(np.float32) for key, value in layer.items()} for layer in layers[:-1]
    ]


def initial(rng: np.random.Generator) -> Layers:
    """The network for images of 8 by 8 before training: He's weights, and a head for the five classes."""
    layers: Layers = []
    channels = 1
    for count in FILTERS:
        kernel = rng.normal(0, np.sqrt(2 / (9 * channels)), (3, 3, channels, count))
        layers.append({"kernel": kernel, "bias": np.zeros(count)})
        layers.append({"scale": np.ones(count), "offset": np.zeros(count)})
        layers[-1] |= {"mean": np.zeros(count), "variance": np.ones(count)}
        channels = count
    kernel = rng.normal(0, np.sqrt(1 / (4 * channels)), (4 * channels, CLASSES))
    return [*layers, {"kernel": kernel, "bias": np.zeros(CLASSES)}]


def packed(layers: Layers) -> bytes:
    """The content of the file."""
    stream = io.BytesIO()
    named = {f"{i} {key}": value for i, one in enumerate(layers) for key, value in one.items()}
    np.savez(stream, allow_pickle=False, **named)
    return stream.getvalue()


if __name__ == "__main__":
    content = packed(trained())
    write_bytes(FILE, content)
    print(f"{FILE.name}: {len(content):,} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")
