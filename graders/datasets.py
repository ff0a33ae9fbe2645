"""Hidden checks of exercises/datasets.py. `impl` takes and returns NumPy arrays."""

import csv
import io
from itertools import pairwise

import numpy as np
import pytest

from katagrad.authoring.companion import plant
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.expect import (
    close,
    dtype,
    equal,
    function,
    holds,
    integers,
    normal,
    opaque,
    raises,
    shape,
)

WIDTH_FIRST = "The header names the width first; the array's first axis is the height."
PAIRS = "Draw one order of indices, and fetch whole items by it."
# A transform that gives something else each time: x times 1, 2, 3, ...
COUNTING = """
CALLS = []


def transform(x):
    CALLS.append(1)
    return x * len(CALLS)
"""
# A pass that begins when another one has yielded its first batch.
WITHIN = """
def within(loader):
    outer = iter(loader)
    first = next(outer)
    inner = list(loader)
    return [first, *outer], inner
"""


def table(names, rows):
    """A CSV file as bytes."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([names, *rows])
    return text.getvalue().encode()


def ppm(pixels):
    """A PPM file of an image (H, W, 3) of bytes."""
    height, width, _ = pixels.shape
    return f"P6\n{width} {height}\n255\n".encode() + pixels.astype(np.uint8).tobytes()


def folder(impl, root, height=4, width=7):
    """Write a tree of images; returns (path, [(class name, file name, pixels)] in the dataset's order)."""
    # As one text, "ant-lion/0.ppm" comes before "ant/0.ppm"; without its ending, "10" before "10-b".
    names = ["mule", "Zebra", "ant", "ant-lion", "zebu", "bee", "10", "9", "eel"]
    images = {
        (name, f"{i}.ppm"): integers(256, height, width, 3)
        for name in names
        if name != "eel"
        for i in (10, 9, 0, "10-b", "B", "a")
    }
    # Bytes that stand for white space, where the pixels begin and end.
    images["ant", "0.ppm"][0, 0] = images["bee", "0.ppm"][-1, -1] = 10, 32, 10
    files = {f"{root}/{name}/{file}": ppm(pixels) for (name, file), pixels in images.items()}
    files |= {f"{root}/eel/notes.txt": b"none yet", f"{root}/readme.ppm": b"not in a class"}
    strays = ("ant/10.ppm.bak", "ant/11.PPM", "ant/older/7.ppm")
    # A folder of one file, which is taken away, is an empty one.
    strays += ("gnu/empty.txt",)
    home = impl.write(files | {f"{root}/{name}": b"passed over" for name in strays})
    impl.remove(f"{home}/{root}/gnu/empty.txt")
    return f"{home}/{root}", [(name, file, images[name, file]) for name, file in sorted(images)]


# -- TableDataset ----------------------------------------------------------------------------------


@pytest.mark.grade(points=1)
def test_datasets_keep_the_contracts_words(impl):
    """both datasets keep what docs/contract.md says of every function"""
    numbers = normal(4, 3)
    path = impl.write({"words.csv": table(["a", "y", "b"], numbers.tolist())}) + "/words.csv"
    made = anew("TableDataset", path, "y")
    item = np.float32(numbers[1, [0, 2]]), np.float32(numbers[1, 1])
    conform(impl, "__getitem__", [1], on=made, expected=item)
    conform(impl, "__len__", on=made, expected=4)
    root, items = folder(impl, "words")
    made = anew("ImageFolderDataset", root)
    conform(impl, "__getitem__", [1], on=made)
    conform(impl, "__len__", on=made, expected=len(items))


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("place", [0, 1, 3])
def test_table_splits_features_from_target(impl, place):
    """a TableDataset yields each row as float32 features and target, wherever the target's column stands"""
    # U+2028 ends a line for str.splitlines, and not in a file. Blanks belong to a field.
    names = ["size, m²", " old\u2028price ", 'Größe 9"', "price"]
    numbers = np.round(normal(5, 4, scale=50.0), 3)
    numbers[4] *= 1e6
    path = impl.write({f"plain{place}.csv": table(names, numbers.tolist())})
    ds = impl.TableDataset(f"{path}/plain{place}.csv", names[place])
    equal(len(ds), 5, of="len(dataset) of five rows")
    equal(ds.get("columns"), [n for i, n in enumerate(names) if i != place], of="dataset.columns")
    for i in range(5):
        x, y = ds[i]
        dtype(x, "float32", of=f"x of dataset[{i}]")
        dtype(y, "float32", of=f"y of dataset[{i}]")
        close(
            x,
            np.delete(numbers[i], place),
            of=f"x of dataset[{i}]",
            mistakes={"the row with its target": numbers[i], "the next row": np.delete(numbers[(i + 1) % 5], place)},
        )  # fmt: skip
        close(y, numbers[i, place], of=f"y of dataset[{i}]")
    path = impl.write({f"single{place}.csv": table(names, numbers[:1].tolist())})
    ds = impl.TableDataset(f"{path}/single{place}.csv", names[place])
    equal(len(ds), 1, of="len(dataset) of one row")
    close(ds[0][0], np.delete(numbers[0], place), of="x of the only row")
    close(ds[-1][1], numbers[0, place], of="y of the only row")


@pytest.mark.grade(points=1, hint='An empty field is "": turn it into NaN before float() sees it.')
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_table_reads_empty_fields_as_nan(impl, end):
    """an empty field is NaN, and only that one, whatever ends a line"""
    text = end.join(["a,b,y", "1.5,,3", '"2.5",-1e2,', ",,", "4,5,6"])
    path = impl.write({"gaps.csv": text.encode()})
    ds = impl.TableDataset(f"{path}/gaps.csv", "y")
    equal(len(ds), 4, of="len(dataset) of four rows, one of empty fields, the last without an end")
    close(ds[0][0], np.array([1.5, np.nan]), of="x of a row with an empty field")
    close(ds[0][1], 3.0, of="y of a row with an empty feature")
    close(ds[1][0], np.array([2.5, -100.0]), of="x of a row with an empty target")
    close(ds[1][1], np.nan, of="y of a row with an empty target")
    close(ds[2][0], np.array([np.nan, np.nan]), of="x of a row of empty fields")
    close(ds[2][1], np.nan, of="y of a row of empty fields")
    close(ds[3][0], np.array([4.0, 5.0]), of="x of the row after a row of empty fields")


@pytest.mark.grade(points=1)
def test_table_refuses_what_is_not_there(impl):
    """a target that is no column is a ValueError, and an index beyond the rows an IndexError"""
    numbers = normal(3, 2)
    path = impl.write({"short.csv": table(["a", "y"], numbers.tolist())}) + "/short.csv"
    with raises("ValueError", of='TableDataset(path, "z") of columns a and y'):
        impl.TableDataset(path, "z")
    ds = impl.TableDataset(path, "y")
    for i in (-1, -3):
        close(ds[i][0], numbers[i, :1], of=f"x of dataset[{i}]")
        close(ds[i][1], numbers[i, 1], of=f"y of dataset[{i}]")
    for i in (3, -4, 100):
        with raises("IndexError", of=f"dataset[{i}] of three rows"):
            ds[i]


@pytest.mark.grade(points=1, hint="Keep the transform in self, and apply it in __getitem__ to x.")
def test_table_transforms_features_alone(impl):
    """a transform changes x of its own dataset, and neither y nor another dataset's items"""
    numbers = normal(4, 3)
    path = impl.write({"both.csv": table(["a", "b", "y"], numbers.tolist())}) + "/both.csv"
    plain = impl.TableDataset(path, "y")
    doubled = impl.TableDataset(path, "y", transform=function(lambda x: x * 2.0 + 1.0))
    other = impl.TableDataset(path, "y")
    for i in (2, 0, 2):
        close(plain[i][0], numbers[i, :2], of=f"x of plain[{i}]")
        close(doubled[i][0], numbers[i, :2] * 2 + 1, of=f"x of transformed[{i}]")
        close(doubled[i][1], numbers[i, 2], of=f"y of transformed[{i}]")
        close(other[i][0], numbers[i, :2], of=f"x of plain[{i}], made after the transformed one")
    changing = plant(impl, "transform.py", COUNTING).get("transform")
    ds = impl.TableDataset(path, "y", transform=changing)
    for time, i in enumerate((2, 0, 2, -2), 1):
        of = f"x of dataset[{i}], whose transform gives {time} x when it is called for the {time}. time"
        close(ds[i][0], time * numbers[i, :2], of=of)
    # A transform that cannot be applied to these rows shows when it is applied.
    strict = impl.TableDataset(path, "y", transform=function(lambda x: x.reshape(3)))
    equal(len(strict), 4, of="len(dataset) with a transform that fails for every row")
    if impl.framework == "torch":
        x, y = plain.get("__getitem__")(1, returns=(opaque, opaque))
        x.mul_(2.0)
        y.add_(1.0)
        close(plain[1][0], numbers[1, :2], of="x of plain[1], fetched after an x of it was changed")
        close(plain[1][1], numbers[1, 2], of="y of plain[1], fetched after a y of it was changed")


# -- ImageFolderDataset ----------------------------------------------------------------------------


@pytest.mark.grade(
    points=2, hint="Sort the folders, then the files in each; enumerate the folders."
)
def test_folder_orders_classes_by_name(impl):
    """classes and files come in sorted order, strays are passed over, labels are int64"""
    root, items = folder(impl, "ordered")
    ds = impl.ImageFolderDataset(root)
    classes = sorted({name for name, _, _ in items} | {"eel", "gnu"})
    found = ds.get("classes")
    equal(found, classes, of="dataset.classes")
    equal(type(found).__name__, "list", of="the type of dataset.classes")
    equal(len(ds), len(items), of="len(dataset)")
    for i, (name, _, _) in enumerate(items):
        label = ds[i][1]
        dtype(label, "int64", of=f"the label of dataset[{i}]")
        equal(label, np.array(classes.index(name)), of=f"the label of dataset[{i}], a {name!r}")
    equal(ds[-1][1], np.array(classes.index(items[-1][0])), of="the label of dataset[-1]")
    for i in (len(items), -len(items) - 1):
        with raises("IndexError", of=f"dataset[{i}] of {len(items)} images"):
            ds[i]


@pytest.mark.grade(points=2, hint=WIDTH_FIRST)
@pytest.mark.parametrize("size", [(4, 7), (6, 3), (1, 1)])
def test_folder_reads_pixels(impl, size):
    """images hold the bytes divided by 255, as float32, in the framework's layout"""
    root, items = folder(impl, f"pixels{size[0]}", *size)
    loader = impl.make_loader(impl.ImageFolderDataset(root), 1)
    batches = loader.take(len(items) + 1, returns=("image", None))
    equal(len(batches), len(items), of="how many images a pass yields")
    for i, ((_, _, pixels), (image, _)) in enumerate(zip(items, batches, strict=True)):
        dtype(image, "float32", of=f"image {i}")
        mirrored = pixels.reshape(size[1], size[0], 3).transpose(1, 0, 2)
        close(
            image,
            pixels[None] / 255,
            of=f"image {i} of {size[1]} by {size[0]} pixels, as (1, H, W, 3)",
            mistakes={
                "the bytes, not divided": pixels[None],
                "blue, green, red": pixels[None, ..., ::-1] / 255,
                "height and width swapped": mirrored[None] / 255,
            },
        )


@pytest.mark.grade(points=2, hint="Keep paths in __init__, and open the file in __getitem__.")
def test_folder_reads_nothing_before_it_is_asked(impl):
    """an image is read when it is fetched: not by the constructor, and not with its neighbours"""
    first, second, later = (integers(256, 2, 3, 3) for _ in range(3))
    files = {"lazy/a/0.ppm": b"torn", "lazy/a/1.ppm": b"torn", "lazy/b/2.ppm": ppm(second)}
    root = impl.write(files) + "/lazy"
    ds = impl.ImageFolderDataset(root)
    same = impl.ImageFolderDataset(root, transform=function(lambda x: 1.0 * x))
    equal(len(ds), 3, of="len(dataset)")
    for name, one in (("dataset", ds), ("dataset with a transform", same)):
        old = np.sort(one[2][0].ravel())
        close(old, np.sort(second.ravel()) / 255, of=f"the sorted pixels of an image of a {name}")
    impl.write({"lazy/a/0.ppm": ppm(first), "lazy/b/2.ppm": ppm(later)})
    new = np.sort(same[2][0].ravel())
    of = "the sorted pixels of an image, fetched and transformed again after its file changed"
    close(new, np.sort(later.ravel()) / 255, of=of)
    image, _ = ds[2]
    close(
        np.sort(image.ravel()),
        np.sort(later.ravel()) / 255,
        of="the sorted pixels of an image whose file changed after it was fetched",
        mistakes={"the pixels before the change": np.sort(second.ravel()) / 255},
    )
    x, _ = impl.make_loader(ds, 1).take(1)[0]
    shape(x.reshape(-1), (18,), of="the first batch of a folder whose second image is torn, flat")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize(
    "content",
    [
        b"torn",
        b"P5\n3 2\n255\n" + bytes(18),
        b"P6\n3 2\n255\n" + bytes(17),
        b"P6\n3 2\n255\n" + bytes(19),
        b"P6\n3 2\n65535\n" + bytes(18),
        b"P6\n3 2\n100\n" + bytes(18),
        b"P6\n# a comment\n3 2\n255\n" + bytes(18),
        b"P3\n3 2\n255\n" + b"9 " * 9,
        b"P6 3 2 255\n" + bytes(18),
        b"P6\n3\n2\n255\n" + bytes(18),
    ],
    ids=[
        "no header",
        "grey",
        "short",
        "long",
        "deep",
        "shallow",
        "comment",
        "text",
        "one line",
        "four lines",
    ],
)
def test_folder_refuses_other_files(impl, content):
    """fetching a file that is no such PPM is a ValueError; its neighbours can be fetched"""
    root = impl.write({"mixed/a/0.ppm": ppm(integers(256, 2, 3, 3)), "mixed/a/1.ppm": content})
    ds = impl.ImageFolderDataset(root + "/mixed")
    equal(ds[0][1], np.array(0), of="the label beside a broken file")
    with raises("ValueError", of=f"fetching a file that begins {content[:12]!r}"):
        ds[1]


@pytest.mark.grade(points=1, hint="Keep the transform in self, and apply it in __getitem__.")
def test_folder_transforms_its_own_images(impl):
    """a transform changes the images of its own dataset alone, and no label"""
    root, items = folder(impl, "views", 3, 2)
    train = impl.ImageFolderDataset(root, transform=function(lambda x: 1.0 - x))
    validation = impl.ImageFolderDataset(root)
    changing = plant(impl, "transform.py", COUNTING).get("transform")
    ds = impl.ImageFolderDataset(root, transform=changing)
    for time, i in enumerate((1, 1, -1), 1):
        plain = time * np.sort(items[i][2].ravel()) / 255
        of = f"the sorted pixels of dataset[{i}], whose transform gives {time} x when called for the {time}. time"
        close(np.sort(ds[i][0].ravel()), plain, of=of)
    for i in (5, 0, -3):
        plain = np.sort(items[i][2].ravel()) / 255
        close(np.sort(validation[i][0].ravel()), plain, of=f"the sorted pixels of plain[{i}]")
        close(np.sort(1 - train[i][0].ravel()), plain, of=f"1 - the sorted pixels of inverted[{i}]")
        equal(train[i][1], validation[i][1], of=f"the label of inverted[{i}]")


@pytest.mark.grade(points=1, hint="Keep what a dataset read in self, not in its class or a global.")
def test_datasets_share_nothing(impl):
    """two datasets, each over files of its own, are used side by side"""
    tables = {"left": (["a", "b", "y"], normal(4, 3)), "right": (["y", "c"], normal(2, 2))}
    files = {f"{key}.csv": table(names, rows.tolist()) for key, (names, rows) in tables.items()}
    home = impl.write(files)
    made = {key: impl.TableDataset(f"{home}/{key}.csv", "y") for key in tables}
    for key, (names, rows) in tables.items():
        of, place = f"the {key} one of two TableDatasets", names.index("y")
        equal(len(made[key]), len(rows), of=f"len of {of}")
        equal(made[key].get("columns"), [n for n in names if n != "y"], of=f"columns of {of}")
        x, y = made[key][1]
        close(x, np.delete(rows[1], place), of=f"x of row 1 of {of}")
        close(y, rows[1, place], of=f"y of row 1 of {of}")
    trees = {"old": ["ant", "bee", "cat"], "new": ["ape", "cat"]}
    images = {
        f"{key}/{name}/{i}.ppm": integers(256, 2, 3, 3)
        for key, names in trees.items()
        for name in names
        for i in range(2)
    }
    home = impl.write({path: ppm(pixels) for path, pixels in images.items()})
    folders = {key: impl.ImageFolderDataset(f"{home}/{key}") for key in trees}
    for key, names in trees.items():
        of = f"the {key} one of two ImageFolderDatasets"
        equal(folders[key].get("classes"), names, of=f"classes of {of}")
        equal(len(folders[key]), 2 * len(names), of=f"len of {of}")
        image, label = folders[key][2 * names.index("cat") + 1]
        equal(label, np.array(names.index("cat")), of=f"the label of a cat of {of}")
        pixels = np.sort(images[f"{key}/cat/1.ppm"].ravel()) / 255
        close(np.sort(image.ravel()), pixels, of=f"the sorted pixels of a cat of {of}")


# -- make_loader -----------------------------------------------------------------------------------


def pairs(n):
    """A dataset as a list: x holds its item's number n times 10, and y is a label that follows from it."""
    noise = normal(n, 2, 3)
    noise[:, 0, 0] = np.arange(n)
    return [(x, np.array(i * 7 % n)) for i, x in enumerate(noise)]


def numbers(batches):
    """The item numbers of a pass, in order."""
    return [round(float(x[0, 0])) for batch, _ in batches for x in batch]


@pytest.mark.grade(points=2)
@pytest.mark.parametrize(("n", "batch"), [(10, 4), (9, 3), (5, 1), (3, 8)])
@pytest.mark.parametrize("drop_last", [False, True])
def test_loader_batches_in_order(impl, n, batch, drop_last):
    """without shuffling, batches hold the items in order; a short last one is kept, or dropped when asked"""
    items = pairs(n)
    loader = impl.make_loader(items, batch, drop_last=drop_last)
    stop = n - n % batch if drop_last else n
    of = f"make_loader({n} items, {batch=}, {drop_last=})"
    equal(len(loader), -(-stop // batch), of=f"len({of})")
    for turn in ("first", "second"):
        found = loader.take(n + 1)
        equal(len(found), -(-stop // batch), of=f"the number of batches in the {turn} pass of {of}")
        for k, (x, y) in enumerate(found):
            part = items[k * batch : min((k + 1) * batch, stop)]
            close(x, np.stack([a for a, _ in part]), of=f"x of batch {k} of {of}")
            dtype(y, "int64", of=f"y of batch {k} of {of}")
            equal(y, np.stack([b for _, b in part]), of=f"y of batch {k} of {of}")


@pytest.mark.grade(points=2, hint=PAIRS)
def test_loader_shuffles_whole_items(impl):
    """shuffled, every item comes once a pass with its own label, and each pass has a new order"""
    n = 23
    items = pairs(n)
    loader = impl.make_loader(items, 5, shuffle=True, rng=impl.rng())
    loader.take(1)  # a pass that is broken off
    passes = [loader.take(n) for _ in range(3)]
    for found in passes:
        equal([len(y) for _, y in found], [5, 5, 5, 5, 3], of="the sizes of the batches of a pass")
        order = numbers(found)
        equal(sorted(order), list(range(n)), of="the items of a shuffled pass, sorted")
        labels = [int(label) for _, y in found for label in y]
        equal(labels, [i * 7 % n for i in order], of=f"the labels of the items {order}")
        holds(order != list(range(n)), "a shuffled pass went through the items in their own order")
    # Three random orders have about three pairs of neighbours; 20 or more come with a chance of 1e-10.
    near = sum(int((np.diff(numbers(found)) == 1).sum()) for found in passes)
    holds(
        near < 20,
        f"{near} of the 66 pairs of neighbours in 3 passes are neighbours in the dataset, but about 3 should be",
    )
    # Of two random orders, about one pair of neighbours is in both; 12 or more come with a chance of 1e-9.
    first, second, third = (set(pairwise(numbers(found))) for found in passes)
    shared = max(len(first & second), len(second & third), len(first & third))
    holds(
        shared < 12,
        f"two passes have {shared} of their 22 pairs of neighbours in common, but about 1 is chance: each pass "
        "needs an order of its own",
    )
    # Five of 23 items all come from the first ten with a chance of 1 in 130 a pass.
    far = max(max(numbers(found[:1])) for found in passes)
    holds(
        far >= 10,
        f"the first batches of 3 passes hold items from 0 to {far}, but should be drawn from all {n}",
    )
    holds(
        numbers(passes[0]) != numbers(passes[1]) and numbers(passes[1]) != numbers(passes[2]),
        "two passes had the same order, but each should have a new one",
    )
    within = plant(impl, "within.py", WITHIN).get("within")
    for shuffle in (False, True):
        loader = impl.make_loader(items, 5, shuffle=shuffle, rng=impl.rng())
        for name, found in zip(("a pass", "a pass begun inside it"), within(loader), strict=True):
            of = f"the items of {name}, sorted, of make_loader(items, 5, {shuffle=})"
            equal(sorted(numbers(found)), list(range(n)), of=of)


@pytest.mark.grade(points=1, hint="Draw from rng alone, never from a global generator.")
def test_loader_orders_follow_from_rng(impl):
    """loaders of the same seed go in the same orders, and loaders of other seeds in others"""
    items = pairs(23)
    first, again, other = (
        impl.make_loader(items, 6, shuffle=True, rng=impl.rng(seed)) for seed in (11, 11, 12)
    )
    ours = [numbers(first.take(9)) for _ in range(2)]
    for k, order in enumerate(ours):
        equal(
            numbers(again.take(9)), order, of=f"the order of pass {k} of a second loader of rng(11)"
        )
    holds(numbers(other.take(9)) != ours[0], "loaders of rng(11) and rng(12) had the same order")


@pytest.mark.grade(points=1)
def test_loader_keeps_the_contracts_words(impl):
    """make_loader follows the rules of docs/contract.md, for items of any shape and dtype"""
    xs, ys = normal(7, 3), normal(7)
    parts = [(xs[i : i + 3], ys[i : i + 3]) for i in (0, 3, 6)]
    rules = ["result", "untouched", "float64", "keywords"]
    items = list(zip(xs, ys, strict=True))
    conform(impl, "make_loader", [items, 3], exhaust=True, expected=parts, only=rules)
    xs, ys = integers(9, 4), integers(9, 4, 2)
    items = list(zip(xs, ys, strict=True))
    whole = [(xs, ys)]
    conform(impl, "make_loader", [items, 4], exhaust=True, expected=whole, only=["result"])
    given = [pairs(11), 4, True, impl.rng()]
    conform(impl, "make_loader", given, exhaust=True, only=["rng"])


@pytest.mark.grade(points=1)
def test_loader_drops_the_last_after_shuffling(impl):
    """shuffled with drop_last, every pass leaves out other items, never the same ones"""
    n = 11
    loader = impl.make_loader(pairs(n), 4, shuffle=True, rng=impl.rng(), drop_last=True)
    seen = set()
    for _ in range(12):
        order = numbers(loader.take(n))
        equal(len(set(order)), 8, of="the number of different items of a pass of 11 with drop_last")
        seen |= set(order)
    equal(len(seen), n, of="the number of different items in 12 passes of 11 items")


@pytest.mark.grade(points=1)
def test_loader_refuses_what_cannot_be(impl):
    """a batch of no items, and shuffling without rng, are ValueErrors"""
    items = pairs(4)
    for batch in (0, -1):
        with raises("ValueError", of=f"make_loader(items, batch={batch})"):
            impl.make_loader(items, batch)
    given = impl.make_loader(items, 3, rng=impl.rng())
    equal(numbers(given.take(9)), [0, 1, 2, 3], of="the order of make_loader(items, 3, rng=rng)")
    with raises("ValueError", of="make_loader(items, 2, shuffle=True) without rng"):
        impl.make_loader(items, 2, shuffle=True)


@pytest.mark.grade(points=1)
def test_loader_batches_datasets(impl):
    """a loader over a TableDataset and over an ImageFolderDataset yields their items"""
    root, items = folder(impl, "batched", 3, 5)
    ds = impl.ImageFolderDataset(root)
    loader = impl.make_loader(ds, 4, shuffle=True, rng=impl.rng())
    sums = {round(float(pixels.sum()) / 255, 2) for _, _, pixels in items}
    found = loader.take(len(items), returns=("image", None))
    shape(found[0][0], (4, 3, 5, 3), of="a batch of images, as (B, H, W, 3)")
    equal(sum(len(y) for _, y in found), len(items), of="the number of images in a pass")
    for x, y in found:
        dtype(y, "int64", of="the labels of a batch")
        for image in x:
            near = min(abs(float(image.sum()) - s) for s in sums)
            holds(near < 0.02, "an image of a batch is none of the images in the folder")
    rows = normal(5, 3)
    path = impl.write({"loaded.csv": table(["a", "y", "b"], rows.tolist())}) + "/loaded.csv"
    (x, y), (last, _) = impl.make_loader(impl.TableDataset(path, "y"), 3).take(9)
    close(x, rows[:3, [0, 2]], of="x of a batch of rows")
    close(y, rows[:3, 1], of="y of a batch of rows")
    close(last, rows[3:, [0, 2]], of="x of the last batch of rows")
