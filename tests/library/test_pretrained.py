"""The kept base of transfer_learning is the one that its script makes, and a damaged one is refused."""

import hashlib

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring import pretrained


def test_the_kept_base_is_what_the_script_trains():
    for kept, made in zip(pretrained.digits_base(), pretrained.trained(), strict=True):
        assert kept.keys() == made.keys()
        for key, value in made.items():
            # Another processor may round the sums of training otherwise.
            np.testing.assert_allclose(kept[key], value, rtol=1e-2, atol=1e-3)


def test_another_file_is_refused(tmp_path, monkeypatch):
    content = pretrained.packed(pretrained.trained(epochs=0))
    monkeypatch.setattr(pretrained, "FILE", tmp_path / "base.npz")
    pretrained.FILE.write_bytes(content)
    with pytest.raises(data.DataCorrupt, match="Install katagrad again"):
        pretrained.digits_base()
    monkeypatch.setattr(pretrained, "SHA256", hashlib.sha256(content).hexdigest())
    assert [sorted(layer) for layer in pretrained.digits_base()[:2]] == [
        ["bias", "kernel"],
        ["mean", "offset", "scale", "variance"],
    ]
