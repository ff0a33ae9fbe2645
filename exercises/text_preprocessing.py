"""From text to numbers: words, a vocabulary, ids, padding and masks.

A network reads tensors of numbers, all of one shape, and text is neither. Four small steps lie between: cut a text
into words, give each frequent word a number, write every text as numbers, and make all texts of a batch equally long.
Each step has a decision that a model cannot repair later: a vocabulary that saw the test set, a padding that counts as
a word, a long review that lost the end with the verdict.

A vocabulary is a list of words whose index is the id. Two ids are set aside: 0 is "<pad>", which fills short texts
up, and 1 is "<oov>" (out of vocabulary), which stands for every word that the list does not have.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Manning, Raghavan & Schuetze (2008), Introduction to Information Retrieval, sections 2.1 and 2.2; The Unicode
Standard, Annex 15 (normalization forms); Maas et al. (2011), aclanthology.org/P11-1015 (the film reviews).
"""


def tokenize(text):
    """Return the words of a text, in order, as a list of str.

    First bring the text into Unicode form NFC, so that an accented letter is one character however it was typed. Then
    replace every tag by a space: "<", any characters but "<" and ">", and ">". Then make all letters lower case, as
    str.lower does.

    A word is a run of letters and digits (the characters for which str.isalnum is true), as long as it can be. A single
    apostrophe between two of them belongs to the word; the typographic apostrophe U+2019 is one too, and becomes "'".
    Everything else separates words. A text without words gives an empty list.

    >>> tokenize("Don't stop: it's 2 good!<br />The END")
    ["don't", 'stop', "it's", '2', 'good', 'the', 'end']
    >>> tokenize(" ... ")
    []
    """
    raise NotImplementedError("tokenize")


def build_vocab(texts, size):
    """Return the vocabulary of `texts`: a list of str, the most frequent words after "<pad>" and "<oov>".

    texts: list of str. size: int, the number of entries at most, "<pad>" and "<oov>" among them.
    Words are counted over all texts. The most frequent comes first; of equally frequent words, the one that sorts first
    as a Python str. The list is shorter than `size` where the texts have fewer different words.

    Raises ValueError if size is less than 2.

    >>> build_vocab(["b a b", "c A d"], size=5)
    ['<pad>', '<oov>', 'a', 'b', 'c']
    """
    raise NotImplementedError("build_vocab")


def encode(text, vocab):
    """Return the ids of the words of a text: an int64 tensor (T,), T the number of words.

    vocab: list of str as build_vocab gives it, left as it was. A word that it lacks is 1.

    >>> encode("a very good film", ["<pad>", "<oov>", "film", "a"])
    [3, 1, 1, 2]
    """
    raise NotImplementedError("encode")


def decode(ids, vocab):
    """Return the words of `ids` as one str, with a space between two words.

    ids: int64 tensor (T,). Padding is left out. The id 1 reads "<oov>".

    >>> decode([3, 1, 2, 0, 0], ["<pad>", "<oov>", "film", "a"])
    'a <oov> film'
    """
    raise NotImplementedError("decode")


def pad(sequences, length=None, side="right", truncate="right"):
    """Return (ids, mask): sequences of different lengths as one batch, and which places hold a word.

    sequences: list of int64 tensors (T,), left as they were; T differs, and may be 0. length: int of at least 1, or
    None for the length of the longest sequence. With a length, the list may be empty; B is 0 then.
    side: "left" or "right", the end to which zeros are added where a sequence is too short.
    truncate: "left" or "right", the end that is cut off where a sequence is too long: "left" keeps the last words.
    Returns ids, an int64 tensor (B, length), and mask, a bool tensor (B, length): true where ids came from a sequence,
    also where the id is 0, and false where a zero was added.

    Raises ValueError for another side or truncate, and for a length below 1.

    >>> pad([[5, 6, 7], [8]], length=2)
    ([[5, 6], [8, 0]], [[True, True], [True, False]])
    >>> pad([[5, 6, 7], [8]], length=2, side="left", truncate="left")[0]
    [[6, 7], [0, 8]]
    """
    raise NotImplementedError("pad")


def bag_of_words(ids, mask, size):
    """Return how often each id occurs in each text: a float32 tensor (B, size), the simplest input of a classifier.

    ids: int64 tensor (B, T), from 0 to size - 1. mask: bool tensor (B, T). Places where the mask is false do not count.

    >>> bag_of_words([[2, 3, 2, 0]], [[True, True, True, False]], size=5)
    [[0.0, 0.0, 2.0, 1.0, 0.0]]
    """
    raise NotImplementedError("bag_of_words")


def prepare(train, test, size, length):
    """Return (train_batch, test_batch, vocab) for two lists of texts, each batch a pair (ids, mask) of `pad`.

    train, test: lists of str. The vocabulary is that of the training texts alone: whatever was chosen by looking at the
    test texts would make the test result too good.
    size, length: as for build_vocab and pad. Texts are padded on the right, and long ones lose their beginning.

    >>> prepare(["good film", "good"], ["a bad film"], size=4, length=2)[2]
    ['<pad>', '<oov>', 'good', 'film']
    """
    raise NotImplementedError("prepare")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
