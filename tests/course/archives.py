"""Archives for tests of the intake: honest ones of every form, ones with one fault, and hostile ones."""

import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
import zipfile

GOOD = b"import torch\n\n\ndef softmax(x, axis=-1, temperature=1.0):\n    return x\n"
FORMS = ("zip", "tar", "tar.gz", "tar.bz2", "tar.xz")
PACKERS = {"tar.gz": gzip.compress, "tar.bz2": bz2.compress, "tar.xz": lzma.compress}
MODES = {"tar": "w", "tar.gz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}


def pack(form, files):
    """An archive in memory. files: content by name."""
    out = io.BytesIO()
    if form == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(fileobj=out, mode=MODES[form]) as archive:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def honest(form):
    """A submission with helpers, as a student packs it."""
    long = "own/" + "a" * 120 + ".py"
    return pack(
        form, {"softmax.py": GOOD, "own/part.py": b"x = 1\n" * 300, long: b"", "é.txt": b"1"}
    )


def mutated(data, draw):
    """`data` with a few bytes changed, inserted, repeated, moved or cut off."""
    data = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 4, 16))):
        if not data:
            break
        at, kind = draw.randrange(len(data)), draw.randrange(7)
        if kind == 0:
            data[at] ^= 1 << draw.randrange(8)
        elif kind == 1:
            data[at] = draw.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif kind == 2:
            data[at : at + 4] = struct.pack(
                "<I", draw.choice((0, 1, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF))
            )
        elif kind == 3:
            del data[at:]
        elif kind == 4:
            del data[at : at + draw.randrange(1, 64)]
        elif kind == 5:
            data[at:at] = draw.randbytes(draw.randrange(1, 64))
        else:
            end = min(len(data), at + draw.randrange(1, 600))
            data[at:at] = data[at:end]
    return bytes(data)


def mutant(form, draw):
    """A mutated archive. Half of the compressed ones are mutated before they are compressed, and so unpack."""
    if form in PACKERS and draw.random() < 0.5:
        return PACKERS[form](mutated(honest("tar"), draw))
    return mutated(honest(form), draw)


def _headers(count, kind=tarfile.DIRTYPE):
    """A tar of members that hold nothing."""
    out = io.BytesIO()
    for i in range(count):
        info = tarfile.TarInfo(f"d{i}")
        info.type = kind
        out.write(info.tobuf(tarfile.USTAR_FORMAT))
    return out.getvalue() + bytes(1024)


def _claims(kind, size, content=b""):
    info = tarfile.TarInfo("././@LongLink" if kind == tarfile.GNUTYPE_LONGNAME else "x")
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT) + content


def _wide_directory(count):
    """A zip whose list names `count` members, all of them the same few bytes."""
    one = pack("zip", {"a": b""})
    start = one.index(b"PK\x01\x02")
    end = one.index(b"PK\x05\x06")
    entry, body = one[start:end], one[:start]
    tail = struct.pack(
        "<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(entry) * count, len(body), 0
    )
    return body + entry * count + tail


def encrypted():
    """A zip with the mark of a password."""
    data = bytearray(pack("zip", {"softmax.py": GOOD}))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + offset] |= 1
    return bytes(data)


def unknown_method():
    """A zip with a compression that Python does not have."""
    data = bytearray(pack("zip", {"softmax.py": GOOD}))
    for magic, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(magic) + offset] = 99
    return bytes(data)


def bad_checksum():
    """A zip whose content is not what its checksum says."""
    data = bytearray(pack("zip", {"softmax.py": GOOD}))
    at = data.index(b"PK\x01\x02") + 16
    data[at] ^= 0xFF
    data[14] ^= 0xFF
    return bytes(data)


def bad_lzma():
    """A zip whose LZMA data is damaged."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("softmax.py", GOOD * 50)
    data = bytearray(out.getvalue())
    data[60:80] = b"\xff" * 20
    return bytes(data)


def half_of_a_tar():
    """A tar with a damaged header between two files, which Python's reader takes for the end."""
    data = bytearray(pack("tar", {"a.py": GOOD, "softmax.py": GOOD}))
    data[1024 + 100] ^= 0xFF
    return bytes(data)


FAULTY = {
    "checksum.zip": (bad_checksum, "damaged (Bad CRC-32"),
    "lzma.zip": (bad_lzma, "damaged"),
    "encrypted.zip": (encrypted, "is encrypted; hand in without a password"),
    "method.zip": (unknown_method, "hand in an ordinary .zip"),
    "empty.zip": (lambda: b"", "damaged"),
    "empty.tar": (lambda: b"", "damaged"),
    "half.tar": (half_of_a_tar, "damaged"),
    "cut.tar": (lambda: honest("tar")[:1536], "damaged"),
    "cut.tar.gz": (lambda: honest("tar.gz")[:-9], "damaged (it ends too early"),
    "crc.tar.gz": (lambda: honest("tar.gz")[:-8] + bytes(8), "damaged"),
    "cut.tar.xz": (lambda: honest("tar.xz")[:-20], "damaged"),
    "climber.zip": (lambda: pack("zip", {"a/../../x.py": b""}), "written outside"),
    "climber.tar": (lambda: pack("tar", {"../x.py": b""}), "written outside"),
    "drive.zip": (lambda: pack("zip", {"C:x.py": b""}), "written outside"),
    "conflict.tar": (
        lambda: pack("tar", {"own": b"1", "own/a.py": b"2"}),
        "as a file and as a folder",
    ),
    "conflict.zip": (
        lambda: pack("zip", {"softmax.py/x": b"1", "softmax.py": b"2"}),
        "as a file and as a folder",
    ),
    "twice.tar": (
        lambda: pack("tar", {"softmax.py": b"1"})[:1024] + pack("tar", {"softmax.py": b"2"}),
        "twice, with different content",
    ),
    "capitals.zip": (lambda: pack("zip", {"Own/a.py": b"", "own/b.py": b""}), "only in capitals"),
    "unicode.zip": (
        lambda: pack("zip", {"\u00e9.py": b"", "e\u0301.py": b""}),
        "or in Unicode form",
    ),
    "long.zip": (lambda: pack("zip", {"a" * 300 + ".py": b""}), "too long"),
    "deep.zip": (lambda: pack("zip", {"a/" * 400 + "softmax.py": b""}), "too long"),
    "bell.tar": (lambda: pack("tar", {"\x07\n=== 16 passed ===.py": b""}), "control characters"),
    "latin.tar": (lambda: pack("tar", {"\udce9.py": b""}), "not UTF-8"),
}


def _bomb(head, size=160 << 20):
    """A tar.gz that goes on with zeros."""
    return gzip.compress(head + bytes(size), 1)


def _header():
    return _headers(1)[:512]


def noise(form):
    """Much that is slow to unpack."""
    data = random.Random(1).randbytes(24 << 20)
    return pack(form, {"softmax.py": GOOD, "a.bin": data, "b.bin": data})


def _large_dictionary():
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30, "preset": 0}]
    return lzma.compress(pack("tar", {"softmax.py": GOOD}), filters=filters)


# Each of them takes an unguarded reader gigabytes of memory, or half a minute, in full size.
HOSTILE = {
    "names.tar.gz": lambda: _bomb(_claims(tarfile.GNUTYPE_LONGNAME, 6 << 30)),
    "pax.tar.gz": lambda: _bomb(_claims(tarfile.XHDTYPE, 6 << 30)),
    "folders.tar.gz": lambda: gzip.compress(_header() * 40_000, 1),
    "folders.tar.bz2": lambda: bz2.compress(_header() * 40_000, 1),
    "folders.zip": lambda: _wide_directory(655_360),
    "headers.tar.bz2": lambda: bz2.compress(
        _claims(tarfile.GNUTYPE_LONGNAME, 1, bytes(512)) * 20_000
    ),
    "streams.tar.gz": lambda: gzip.compress(b"") * 3_000_000,
    "skipped.tar.gz": lambda: _bomb(
        _claims(tarfile.FIFOTYPE, 0) + _claims(tarfile.REGTYPE, 8 << 30)
    ),
    "dictionary.tar.xz": _large_dictionary,
    "zeros.zip": lambda: pack("zip", {f"{i}.py": bytes(31 << 20) for i in range(4)}),
}
