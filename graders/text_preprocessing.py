"""Hidden checks of exercises/text_preprocessing.py."""

import re
import unicodedata
from collections import Counter

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    close,
    dtype,
    equal,
    full_size,
    generator,
    integers,
    raises,
    shape,
)

ORDER = "Sort by the pair (-count, word)."
COMPOSE = "unicodedata.normalize('NFC', text) comes before everything else."
ENDS = "side says where zeros go, truncate says what is cut off; the two are independent."
TRAIN_ONLY = "Call build_vocab once, on the training texts, and encode both lists with it."
APOSTROPHES = ("'", "\u2019")


# -- oracle ----------------------------------------------------------------------------------------


def tokenize(text, lower=True, apostrophes=APOSTROPHES):
    text = re.sub(r"<[^<>]*>", " ", unicodedata.normalize("NFC", text))
    text = text.lower() if lower else text
    words, word = [], ""
    for i, letter in enumerate(text):
        # An apostrophe belongs to a word if a letter or a digit stands on either side of it.
        inside = (
            letter in apostrophes and text[i - 1 : i].isalnum() and text[i + 1 : i + 2].isalnum()
        )
        if letter.isalnum() or inside:
            word += "'" if inside else letter
        elif word:
            words, word = [*words, word], ""
    return [*words, word] if word else words


def build_vocab(texts, size):
    counts = Counter(word for text in texts for word in tokenize(text))
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return ["<pad>", "<oov>", *ranked[: size - 2]]


def encode(text, vocab):
    return np.array([vocab.index(w) if w in vocab[2:] else 1 for w in tokenize(text)], np.int64)


def pad(sequences, length=None, side="right", truncate="right"):
    length = max([len(s) for s in sequences], default=0) if length is None else length
    ids = np.zeros((len(sequences), length), np.int64)
    mask = np.zeros((len(sequences), length), bool)
    for row, sequence in enumerate(sequences):
        kept = sequence[:length] if truncate == "right" else sequence[len(sequence) - length :]
        if len(sequence) <= length:
            kept = sequence
        start = 0 if side == "right" else length - len(kept)
        ids[row, start : start + len(kept)], mask[row, start : start + len(kept)] = kept, True
    return ids, mask


def bag(ids, mask, size):
    found = np.zeros((len(ids), size), np.float32)
    for row, column in np.argwhere(mask):
        found[row, ids[row, column]] += 1
    return found


# -- inputs ----------------------------------------------------------------------------------------


def invented(count):
    """Words that nobody can know before, of different lengths, in random order."""
    letters = list("abcdefghijklmnopqrstuvwxyz0123456789\u00e9\u00df\u00f8\u0436")
    found = set()
    while len(found) < count:
        size = int(generator().integers(1, 7))
        found.add("".join(generator().choice(letters, size)))
    return [str(word) for word in generator().permutation(sorted(found))]


def mixed(words, count):
    """A text of `count` draws from `words`, between signs that separate."""
    signs = [
        " ",
        ", ",
        " - ",
        "\n",
        "\t",
        "...",
        "!",
        " '",
        "' ",
        "(",
        ")",
        "<br />",
        "_",
        "\u2014",
    ]
    drawn = generator().choice(words, count)
    return "".join(f"{word}{generator().choice(signs)} " for word in drawn)


# -- tokenize --------------------------------------------------------------------------------------

CASES = {
    "case": "The FILM, the Film",
    "digits": "4 of 10, 2nd, 3D and 007",
    "apostrophes": "don't 'quote' it''s rock'n'roll 'tis dogs'",
    "apostrophes beside digits": "the 1980's 5'9 0'x '90s 7' x'2",
    "typographic": "don\u2019t \u2018stop\u2019 it\u2019s",
    # Other signs that look like one: quotation marks, accents and a prime separate, and U+02BC is a letter.
    "no apostrophes": "a\u2018b c`d e\u00b4f g\u2032h i\uff07j k\u201bl m\u02bcn",
    "signs": "well-known, semi_colon; e.g. a/b (c) [d] {e} $5 50%",
    "white space": "  a\tb\n\nc\u00a0d  ",
    "tags": "one<br /><br />two <a href='x y'>three</a>",
    "tags of two lines": "one<a\n href='x'>two</a\t>three<>four",
    "entities": "Tom &amp; Jerry&#39;s &lt;b&gt; caf&eacute;",
    "no tags": "3 < 4 and 5 > 2, a<<b>c",
    "a bracket before a tag": "1 < 2 <b>x</b>",
    "nothing": "",
    "signs alone": " ... -- ' !",
    "one letter": "a",
}


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("case", CASES)
def test_tokenize_cuts_words(impl, case):
    """words are runs of letters and digits in lower case, with single apostrophes inside"""
    text = CASES[case]
    equal(
        impl.tokenize(text),
        tokenize(text),
        of=f"tokenize({text!r})",
        mistakes={
            "the words at white space alone": text.lower().split(),
            "the words with their capitals": tokenize(text, lower=False),
            "the words cut at the typographic apostrophe": tokenize(text, apostrophes="'"),
            "the words cut at apostrophes": tokenize(text, apostrophes=""),
        },
    )


@pytest.mark.grade(points=1, hint="str.isalnum knows the letters of all scripts; a-z does not.")
def test_tokenize_knows_every_script(impl):
    """letters and digits of other scripts are letters and digits"""
    text = "\u00dcber STRA\u00dfE, \u041c\u043e\u0441\u043a\u0432\u0430! \u6771\u4eac2"
    text += " na\u00efve \u0663 x\u00b2 \ufb01n"
    # str.isalnum is true for a fraction and a Roman numeral, too, which str.isdigit and str.isdecimal are not.
    text += " 2\u00bd cups of \u2167 and \u2468"
    equal(impl.tokenize(text), tokenize(text), of=f"tokenize({text!r})")


@pytest.mark.grade(points=1, hint=COMPOSE)
def test_tokenize_composes_accents(impl):
    """an accent typed as a character of its own is the same word as the accented letter"""
    word = "caf\u00e9"
    apart = unicodedata.normalize("NFD", f"{word} \u00c5ngstr\u00f6m")
    equal(
        impl.tokenize(apart),
        [word, "\u00e5ngstr\u00f6m"],
        of="tokenize of 'caf\u00e9 \u00c5ngstr\u00f6m' with the accents as characters of their own",
    )


@pytest.mark.grade(
    points=1, hint="Form NFC first, then tags, then lower case; str.isalnum tells what separates."
)
@pytest.mark.parametrize(
    "text", ["x\u0301y z\u0300", "J\u030cab", "a<\u0338b>c", "a\u0338<b>\u0338c", "x\u0130y"]
)
def test_tokenize_takes_its_steps_in_order(impl, text):
    """a mark that no letter takes up separates, and what NFC composes is composed before tags and lower case"""
    equal(impl.tokenize(text), tokenize(text), of=f"tokenize({text!a})")


@pytest.mark.grade(points=2)
def test_tokenize_reads_text_that_it_has_not_seen(impl):
    """random words between random signs come out in order, each as often as it stands there"""
    for _ in range(4):
        text = mixed(invented(12), 30)
        equal(impl.tokenize(text), tokenize(text), of=f"tokenize({text!r})")


# -- build_vocab -----------------------------------------------------------------------------------


@pytest.mark.grade(points=2, hint=ORDER)
def test_vocab_is_ordered_by_count_then_by_word(impl):
    """frequent words come first, equally frequent ones in the order of str, after <pad> and <oov>"""
    words = invented(14)
    counts = [5, 5, 5, 4, 3, 3, 3, 3, 2, 2, 1, 1, 1, 1]
    drawn = [word for word, count in zip(words, counts, strict=True) for _ in range(count)]
    drawn = [str(word) for word in generator().permutation(drawn)]
    texts = [" ".join(drawn[i : i + 5]) for i in range(0, len(drawn), 5)]
    expected = build_vocab(texts, 99)
    first = Counter(word for text in texts for word in tokenize(text))
    equal(
        impl.build_vocab(texts, 99),
        expected,
        of=f"build_vocab of {len(texts)} texts with 14 different words, size=99",
        mistakes={
            "the words by count, ties as they were met": [
                "<pad>", "<oov>", *sorted(first, key=lambda w: -first[w])
            ],
            "the words in the order of str alone": ["<pad>", "<oov>", *sorted(first)],
            "the words by count, ties backwards": [
                "<pad>", "<oov>", *sorted(sorted(first, reverse=True), key=lambda w: -first[w])
            ],
        },
    )  # fmt: skip


@pytest.mark.grade(points=1, hint="<pad> and <oov> are two of the `size` entries.")
@pytest.mark.parametrize("size", [2, 3, 7, 12, 13, 40])
def test_vocab_has_the_size_asked_for(impl, size):
    """there are at most `size` entries, <pad> and <oov> among them"""
    words = sorted(invented(10))
    texts = [" ".join(words[: i + 1]) for i in range(10)]
    equal(impl.build_vocab(texts, size), build_vocab(texts, size), of=f"build_vocab(texts, {size})")


@pytest.mark.grade(points=1)
def test_vocab_counts_words_as_tokenize_cuts_them(impl):
    """each text is cut by itself, without capitals, signs and tags; no text gives the two special entries"""
    texts = ["The END.", "the end<br />THE", "don\u2019t DON'T, an end"]
    equal(impl.build_vocab(texts, 9), build_vocab(texts, 9), of=f"build_vocab({texts}, 9)")
    # A tag, a word and a letter end where their text ends.
    texts = ["a < b", "c > d", "rock'", "roll", "e", "\u0301f"]
    equal(
        impl.build_vocab(texts, 9),
        build_vocab(texts, 9),
        of=f"build_vocab({texts!a}, 9)",
        mistakes={
            f"the words of the texts joined by {sign!r}": build_vocab([sign.join(texts)], 9)
            for sign in (" ", "")
        },
    )
    # A word has no brackets, so none of these is a special entry.
    texts = ["pad, oov and pad", "<pad> OOV", "pad!"]
    equal(impl.build_vocab(texts, 9), build_vocab(texts, 9), of=f"build_vocab({texts}, 9)")
    for nothing in ([], ["", " ... "]):
        equal(impl.build_vocab(nothing, 5), ["<pad>", "<oov>"], of=f"build_vocab({nothing}, 5)")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("size", [1, 0, -3])
def test_vocab_needs_room_for_its_special_entries(impl, size):
    """a size below 2 raises ValueError"""
    with raises("ValueError", of=f"build_vocab(['a'], size={size})"):
        impl.build_vocab(["a"], size)


# -- encode and decode -----------------------------------------------------------------------------


@pytest.mark.grade(points=2, hint="An unknown word is 1; 0 is padding, which no word is.")
def test_encode_gives_ids(impl):
    """each word becomes its place in the vocabulary, and an unknown one becomes 1"""
    words = invented(9)
    vocab = ["<pad>", "<oov>", *words[:6]]
    for count in (1, 8):
        text = mixed(words, count)
        found = impl.encode(text, vocab)
        dtype(found, "int64", of=f"encode({text!r}, vocab)")
        equal(found, encode(text, vocab), of=f"encode({text!r}, vocab)")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("text", ["", " ... ", "<br />"])
def test_encode_of_a_text_without_words_is_empty(impl, text):
    """a text without words is a tensor of shape (0,) and dtype int64"""
    found = impl.encode(text, ["<pad>", "<oov>", "a"])
    shape(found, (0,), of=f"encode({text!r}, vocab)")
    dtype(found, "int64", of=f"encode({text!r}, vocab)")


@pytest.mark.grade(points=1)
def test_encode_depends_on_its_own_vocabulary(impl):
    """two vocabularies in turn each give their own ids"""
    words = invented(6)
    text = " ".join(words)
    for vocab in (["<pad>", "<oov>", *words], ["<pad>", "<oov>", *words[::-1]], ["<pad>", "<oov>"]):
        equal(impl.encode(text, vocab), encode(text, vocab), of=f"encode(text, {vocab})")


@pytest.mark.grade(points=1)
def test_decode_undoes_encode(impl):
    """known words come back in order; padding is left out, wherever it stands, and unknown words read <oov>"""
    words = invented(7)
    vocab = ["<pad>", "<oov>", *words]
    ids = integers(9, 11, low=1)
    # Two unknown words in a row, before the padding and after it.
    ids[1:3] = ids[6:8] = 1
    expected = " ".join(vocab[i] for i in ids)
    equal(impl.decode(ids, vocab), expected, of=f"decode({ids.tolist()}, vocab)")
    padded = np.concatenate([[0, 0], ids[:4], [0], ids[4:], [0]])
    equal(impl.decode(padded, vocab), expected, of=f"decode({padded.tolist()}, vocab)")
    equal(impl.decode(np.zeros(3, np.int64), vocab), "", of="decode([0, 0, 0], vocab)")
    text = " ".join(words)
    equal(
        impl.decode(impl.encode(text, vocab), vocab), text, of="decode(encode(text, vocab), vocab)"
    )


# -- pad -------------------------------------------------------------------------------------------


def ragged(*lengths, low=1):
    return [integers(90, length, low=low) for length in lengths]


@pytest.mark.grade(points=3, hint=ENDS)
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("truncate", ["left", "right"])
@pytest.mark.parametrize("length", [None, 1, 4, 9])
def test_pad_fills_and_cuts_at_the_ends_asked_for(impl, side, truncate, length):
    """zeros stand at `side`, what is too long loses its `truncate` end, and the mask tells words from zeros"""
    sequences = ragged(3, 7, 4, 1, 6)
    found = impl.pad(sequences, length=length, side=side, truncate=truncate)
    of = f"pad(sequences of 3, 7, 4, 1 and 6 ids, {length=}, {side=}, {truncate=})"
    ids, mask = pad(sequences, length, side, truncate)
    flipped = {"left": "right", "right": "left"}
    equal(
        found[0],
        ids,
        of=f"the ids of {of}",
        mistakes={
            "zeros at the other end": pad(sequences, length, flipped[side], truncate)[0],
            "the other end cut off": pad(sequences, length, side, flipped[truncate])[0],
        },
    )
    dtype(found[0], "int64", of=f"the ids of {of}")
    dtype(found[1], "bool", of=f"the mask of {of}")
    equal(found[1], mask, of=f"the mask of {of}", mistakes={"the mask inverted": ~mask})


@pytest.mark.grade(points=1, hint="The mask follows from lengths, not from ids that are 0.")
def test_pad_masks_by_length_not_by_id(impl):
    """an id 0 inside a sequence is not padding; a sequence of no ids is padding alone"""
    sequences = [np.array([0, 5, 0]), np.array([], np.int64), np.array([7])]
    for side in ("right", "left"):
        found = impl.pad(sequences, length=4, side=side)
        ids, mask = pad(sequences, 4, side)
        equal(found[0], ids, of=f"the ids of pad([[0, 5, 0], [], [7]], length=4, {side=})")
        equal(found[1], mask, of=f"the mask of pad([[0, 5, 0], [], [7]], length=4, {side=})")
    for name, found, kind in zip(
        ("ids", "mask"), impl.pad(sequences[1:2] * 2), ("int64", "bool"), strict=True
    ):
        # The longest of two sequences without ids has none.
        shape(found, (2, 0), of=f"the {name} of pad([[], []])")
        dtype(found, kind, of=f"the {name} of pad([[], []])")


@pytest.mark.grade(points=1)
def test_pad_pads_right_and_cuts_right_unless_told(impl):
    """by default zeros and cuts are on the right, and the longest sequence gives the length"""
    sequences = ragged(2, 5, 3)
    equal(
        impl.pad(sequences)[0], pad(sequences)[0], of="the ids of pad(sequences of 2, 5 and 3 ids)"
    )
    equal(impl.pad(sequences, 3)[0], pad(sequences, 3)[0], of="the ids of pad(sequences, 3)")
    one = impl.pad([sequences[1]])
    equal(one[0], sequences[1][None], of="the ids of pad([one sequence of 5 ids])")
    for name, found, kind in zip(
        ("ids", "mask"), impl.pad([], length=3), ("int64", "bool"), strict=True
    ):
        shape(found, (0, 3), of=f"the {name} of pad([], length=3)")
        dtype(found, kind, of=f"the {name} of pad([], length=3)")


@pytest.mark.grade(points=1)
def test_pad_refuses_what_cannot_be_meant(impl):
    """an unknown name of an end, and a length below 1, raise ValueError"""
    refused = (
        ("side", "middle"),
        ("truncate", "both"),
        ("side", ""),
        ("side", "LEFT"),
        ("truncate", "Right"),
        ("length", 0),
        ("length", -1),
    )
    # Also where nothing is to be filled up or cut off.
    for lengths in ((2, 3), (3, 3), ()):
        for name, value in refused:
            with raises("ValueError", of=f"pad(sequences of {lengths} ids, {name}={value!r})"):
                impl.pad(ragged(*lengths), **{name: value})


@pytest.mark.grade(points=1)
def test_pad_keeps_the_contracts_words(impl):
    """pad follows the rules of docs/contract.md: views, the same answer twice, arguments left as they were"""
    conform(impl, "pad", [ragged(4, 2, 3), 3], {"side": "left"}, expected=pad, without=["integers"])


@pytest.mark.grade(points=1)
def test_texts_keep_the_contracts_words(impl):
    """encode and decode leave the vocabulary as it was, and give the same answer twice"""
    vocab = ["<pad>", "<oov>", *invented(5)]
    text = mixed(vocab[2:], 6)
    conform(impl, "encode", [text, vocab], expected=encode)
    ids = integers(7, 6, low=1)
    expected = " ".join(vocab[i] for i in ids)
    conform(impl, "decode", [ids, vocab], expected=expected, without=["integers"])


@pytest.mark.grade(points=1)
def test_bag_keeps_the_contracts_words(impl):
    """bag_of_words takes one text or none, and leaves its arguments as they were"""
    ids, mask = integers(7, 5, 9), generator().random((5, 9)) < 0.6
    conform(
        impl,
        "bag_of_words",
        [ids, mask, 8],
        expected=bag,
        rows=[0, 1],
        rowwise=True,
        without=["integers"],
    )


# -- bag_of_words ----------------------------------------------------------------------------------


@pytest.mark.grade(points=2, hint="Add the mask, as numbers, at the place of each id.")
def test_bag_counts_words_and_no_padding(impl):
    """each id is counted where the mask is true, id 0 too, and nothing where it is false"""
    ids = integers(7, 5, 9)
    mask = generator().random((5, 9)) < 0.6
    mask[3] = False
    expected = bag(ids, mask, 8)
    everything = np.stack([np.bincount(row, minlength=8) for row in ids])
    found = impl.bag_of_words(ids, mask, 8)
    dtype(found, "float32", of="bag_of_words(ids, mask, 8)")
    close(
        found,
        expected,
        of="bag_of_words(ids, mask, 8)",
        mistakes={
            "the counts with padding": everything,
            "ones where a word occurs": np.minimum(expected, 1),
        },
    )
    close(impl.bag_of_words(ids[:1], mask[:1], 8), expected[:1], of="bag_of_words of one text")
    long = np.repeat([[2, 1]], [20_000, 1], axis=1)
    of = "bag_of_words of a text in which the id 2 occurs 20,000 times and the id 1 once"
    close(impl.bag_of_words(long, long > 0, 3), np.array([[0.0, 1.0, 20_000.0]]), of=of)


# -- prepare ---------------------------------------------------------------------------------------


@pytest.mark.grade(points=2, hint=TRAIN_ONLY)
def test_prepare_chooses_words_on_training_texts_alone(impl):
    """test texts add no word to the vocabulary, move none in it, and are encoded with it"""
    words = invented(12)
    train = [mixed(words[:8], count) for count in (9, 3, 6, 12, 1)]
    test = [mixed(words[4:], count) for count in (4, 11, 6, 8, 2, 9)]
    # A text that stands there often counts each time, and brings a rare word into the vocabulary.
    rare = min(words[:8], key=[word for text in train for word in tokenize(text)].count)
    train = [*train, *[rare] * 12]
    (ids, mask), (test_ids, test_mask), vocab = impl.prepare(train, test, 7, 6)
    expected = build_vocab(train, 7)
    equal(
        vocab,
        expected,
        of="the vocabulary of prepare(train, test, size=7, length=6)",
        mistakes={
            "that of training and test texts together": build_vocab(train + test, 7),
            "that of the different training texts": build_vocab(sorted(set(train)), 7),
        },
    )
    for name, found, texts in (
        ("training", (ids, mask), train),
        ("test", (test_ids, test_mask), test),
    ):
        wanted = pad([encode(text, expected) for text in texts], 6, truncate="left")
        dtype(found[0], "int64", of=f"the ids of the {name} texts")
        dtype(found[1], "bool", of=f"the mask of the {name} texts")
        equal(
            found[0],
            wanted[0],
            of=f"the ids of the {name} texts",
            mistakes={
                "those of texts that lost their end": pad(
                    [encode(text, expected) for text in texts], 6
                )[0]
            },
        )
        equal(found[1], wanted[1], of=f"the mask of the {name} texts")


@pytest.mark.grade(points=1, hint="`length` goes to pad as it is, once for each batch.")
def test_prepare_gives_each_batch_its_length(impl):
    """with length=None, each batch is as long as its own longest text"""
    words = invented(5)
    for longest in ((3, 6), (6, 3)):
        train, test = ([mixed(words, 2), mixed(words, count)] for count in longest)
        batches = impl.prepare(train, test, 9, None)
        vocab = build_vocab(train, 9)
        for name, found, texts in zip(("training", "test"), batches, (train, test), strict=False):
            ids, mask = pad([encode(text, vocab) for text in texts])
            of = f"of the {name} texts of {longest[name == 'test']} words, length=None"
            equal(found[0], ids, of=f"the ids {of}")
            equal(found[1], mask, of=f"the mask {of}")


@pytest.mark.grade(points=2, seconds=30)
def test_prepare_reads_reviews(impl):
    """real reviews (IMDB where it is present, generated ones elsewhere) become the right batches"""
    if full_size("imdb"):
        reviews = data.imdb().train_x
        chosen = [str(reviews[i])[:2_000] for i in integers(len(reviews), 60)]
    else:
        tokens, _ = data.negation_sentiment(60, generator())
        listed = data.NEGATION_SENTIMENT_WORDS
        chosen = [" ".join(listed[i] for i in row if i) + ".<br />" for row in tokens]
    train, test = chosen[:40], chosen[40:]
    (ids, mask), (test_ids, _), vocab = impl.prepare(train, test, 200, 50)
    expected = build_vocab(train, 200)
    equal(vocab, expected, of="the vocabulary of 40 reviews, size=200")
    wanted = pad([encode(text, expected) for text in train], 50, truncate="left")
    equal(ids, wanted[0], of="the ids of 40 training reviews")
    equal(mask, wanted[1], of="the mask of 40 training reviews")
    wanted = pad([encode(text, expected) for text in test], 50, truncate="left")
    equal(test_ids, wanted[0], of="the ids of 20 test reviews")
