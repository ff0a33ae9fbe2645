"""Hidden checks of exercises/data_augmentation.py. Images are (N, H, W, C) here."""

from itertools import combinations

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring import oracle
from katagrad.authoring.companion import plant
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_least,
    at_most,
    between,
    chance,
    close,
    equal,
    from_scratch,
    generator,
    holds,
    image,
    integers,
    normal,
    number,
    raises,
    uniform,
)
from katagrad.authoring.minibatches import expect_epochs, visited
from katagrad.authoring.states import expect_frozen, old_gradients
from katagrad.authoring.structure import every_epoch, losses, recorded
from katagrad.authoring.threshold import Threshold

FILL = "Places that nothing moved to are fill: where(inside, gathered, fill)."
TURN = "Rows count downwards: for every place of the result, compute where it reads."
OWN = "Draw N numbers, one for each image, and draw anew in each call."
# A generator that stays in the worker, so that its next number tells whether a call drew from it.
KEPT = """
import numpy as np

rng = np.random.default_rng(5)


def number():
    return float(rng.random())
"""


# -- oracle ----------------------------------------------------------------------------------------


def shift(x, dy, dx, fill=0.0):
    found = np.full_like(x, fill)
    height, width = x.shape[1:3]
    for n, r, c in np.ndindex(x.shape[:3]):
        if 0 <= r - dy[n] < height and 0 <= c - dx[n] < width:
            found[n, r, c] = x[n, r - dy[n], c - dx[n]]
    return found


def sample(x, places, fill):
    """x read between pixels. places: (n, dy, dx) -> (rows below the centre, columns to its right)."""
    count, height, width, _ = x.shape
    far = np.pad(x, ((0, 0), (1, 2), (1, 2), (0, 0)), constant_values=fill)
    found = np.empty_like(x)
    for n, i, j in np.ndindex(count, height, width):
        down, right = places(n, i - (height - 1) / 2, j - (width - 1) / 2)
        r, c = (height - 1) / 2 + down, (width - 1) / 2 + right
        # One pixel beyond the image is fill, and so is all that lies farther out.
        r, c = np.clip(r, -1, height) + 1, np.clip(c, -1, width) + 1
        a, b = r - np.floor(r), c - np.floor(c)
        u, v = int(r), int(c)
        found[n, i, j] = (1 - a) * ((1 - b) * far[n, u, v] + b * far[n, u, v + 1])
        found[n, i, j] += a * ((1 - b) * far[n, u + 1, v] + b * far[n, u + 1, v + 1])
    return found


def rotate(x, degrees, fill=0.0):
    sin, cos = np.sin(np.deg2rad(degrees)), np.cos(np.deg2rad(degrees))
    return sample(x, lambda n, dy, dx: (dx * sin[n] + dy * cos[n], dx * cos[n] - dy * sin[n]), fill)


def zoom(x, factors, fill=0.0):
    return sample(x, lambda n, dy, dx: (dy / factors[n], dx / factors[n]), fill)


def cutout(x, top, left, size, fill=0.0):
    found = x.copy()
    for n, r, c in np.ndindex(x.shape[:3]):
        if 0 <= r - top[n] < size and 0 <= c - left[n] < size:
            found[n, r, c] = fill
    return found


# -- inputs ----------------------------------------------------------------------------------------

SIZES = [(5, 5, 7, 3), (4, 6, 4, 1), (1, 3, 5, 2)]


def images(*size):
    """Images without symmetry: every pixel another value."""
    return uniform(*size)


def shown(given):
    """Keyword arguments, as they are shown after others."""
    return "".join(f", {name}={value}" for name, value in given.items())


# -- single changes --------------------------------------------------------------------------------


@pytest.mark.grade(points=1)
def test_all_is_written_from_scratch(impl):
    """no function that flips, rolls, samples or transforms images, and no augmenting layer"""
    from_scratch(impl, "hflip", "shift", "rotate", "zoom", "add_noise", "cutout", "augment")


@pytest.mark.grade(points=1, hint="Reverse the axis of the columns, W, and choose image by image.")
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_hflip_mirrors_the_chosen_images(impl, size):
    """left and right change places in the chosen images, and the others stay"""
    x = images(*size)
    for chosen in (
        generator().random(size[0]) < 0.5,
        np.ones(size[0], bool),
        np.zeros(size[0], bool),
    ):
        close(
            impl.hflip(image(x), chosen, returns="image"),
            hflip(x, chosen),
            of=f"hflip(x of {size}, {chosen.tolist()})",
            mistakes={
                "top and bottom exchanged": np.where(chosen[:, None, None, None], x[:, ::-1], x),
                "all images mirrored": x[:, :, ::-1],
                "the other images mirrored": np.where(
                    chosen[:, None, None, None], x, x[:, :, ::-1]
                ),
            },
        )


@pytest.mark.grade(points=2, hint=FILL)
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("fill", [0.0, 0.75])
def test_shift_moves_each_image_its_own_way(impl, size, fill):
    """image n moves down by dy[n] and right by dx[n]; nothing comes in at the other side"""
    x = images(*size)
    dy, dx = integers(5, size[0], low=-4), integers(5, size[0], low=-4)
    given = {"fill": fill} if fill else {}  # it is 0 by default
    roll = np.stack([np.roll(one, (a, b), (0, 1)) for one, a, b in zip(x, dy, dx, strict=True)])
    close(
        impl.shift(image(x), dy, dx, **given, returns="image"),
        shift(x, dy, dx, fill),
        of=f"shift(x of {size}, {dy=!s}, {dx=!s}{shown(given)})",
        mistakes={
            "the pixels rolled around": roll,
            "dy and dx exchanged": shift(x, dx, dy, fill),
            "the opposite move": shift(x, -dy, -dx, fill),
            "all images moved like the first": shift(x, dy * 0 + dy[0], dx * 0 + dx[0], fill),
            "fill left out": shift(x, dy, dx),
        },
    )


@pytest.mark.grade(points=1)
def test_shift_out_of_the_image_leaves_fill_alone(impl):
    """a shift as large as the image, or larger, leaves nothing of it; one of 0 leaves all"""
    x = images(4, 3, 5, 2)
    dy, dx = np.array([3, 0, -7, 0]), np.array([0, 5, 2, 0])
    close(
        impl.shift(image(x), dy, dx, fill=0.25, returns="image"),
        shift(x, dy, dx, 0.25),
        of="shift(x, dy=[3, 0, -7, 0], dx=[0, 5, 2, 0], fill=0.25) of images of 3 by 5",
    )


@pytest.mark.grade(points=2, hint=TURN)
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("fill", [0.0, 0.6])
def test_rotate_turns_counter_clockwise_about_the_centre(impl, size, fill):
    """each image is turned by its own angle, read bilinearly, with fill outside"""
    x = images(*size)
    degrees = uniform(size[0], low=-170, high=170)
    given = {"fill": fill} if fill else {}  # it is 0 by default
    close(
        impl.rotate(image(x), degrees, **given, returns="image"),
        rotate(x, degrees, fill),
        of=f"rotate(x of {size}, degrees={np.round(degrees, 1).tolist()}{shown(given)})",
        rtol=1e-4,
        atol=2e-5,
        mistakes={
            "the clockwise turn": rotate(x, -degrees, fill),
            "an angle taken for radians": rotate(x, np.rad2deg(degrees), fill),
            "fill left out": rotate(x, degrees),
        },
    )


@pytest.mark.grade(points=1, hint=TURN)
def test_rotate_by_quarter_turns_moves_whole_pixels(impl):
    """0, 90, 180 and 270 degrees of a square image are exact"""
    x = images(4, 5, 5, 2)
    degrees = np.array([0.0, 90.0, 180.0, 270.0])
    expected = np.stack([np.rot90(one, k) for k, one in enumerate(x)])
    close(
        impl.rotate(image(x), degrees, returns="image"),
        expected,
        of="rotate(x, [0, 90, 180, 270]) of images of 5 by 5",
        rtol=1e-4,
        atol=1e-5,
        mistakes={"clockwise turns": np.stack([np.rot90(one, -k) for k, one in enumerate(x)])},
    )


@pytest.mark.grade(points=2, hint="A factor of 2 reads half as far from the centre.")
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("fill", [0.0, 0.6])
def test_zoom_magnifies_about_the_centre(impl, size, fill):
    """each image is magnified by its own factor, or shrunk, read bilinearly, with fill outside"""
    x = images(*size)
    factors = uniform(size[0], low=0.4, high=2.5)
    factors[0] = 0.5  # so small that some places are fill alone
    given = {"fill": fill} if fill else {}  # it is 0 by default
    close(
        impl.zoom(image(x), factors, **given, returns="image"),
        zoom(x, factors, fill),
        of=f"zoom(x of {size}, factors={np.round(factors, 2).tolist()}{shown(given)})",
        rtol=1e-4,
        atol=2e-5,
        mistakes={
            "a zoom by 1 / factor": zoom(x, 1 / factors, fill),
            "fill left out": zoom(x, factors),
        },
    )


@pytest.mark.grade(points=1)
def test_noise_is_scaled_added_and_cut_off(impl):
    """x + std * noise stays from 0 to 1"""
    x, noise = images(6, 4, 3, 2), normal(6, 4, 3, 2)
    for std in (0.5, 0.0):
        close(
            impl.add_noise(image(x), image(noise), std, returns="image"),
            np.clip(x + std * noise, 0, 1),
            of=f"add_noise(x, noise, {std=})",
            mistakes={"values beyond 0 and 1": x + std * noise},
        )


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("size", [0, 1, 3, 9])
@pytest.mark.parametrize("fill", [0.0, 0.4])
def test_cutout_sets_a_square(impl, size, fill):
    """each image has its own square, in all channels, as far as it lies inside"""
    x = images(6, 5, 6, 3)
    top, left = integers(5, 6, low=-2), integers(6, 6, low=-2)
    given = {"fill": fill} if fill else {}  # it is 0 by default
    close(
        impl.cutout(image(x), top, left, size, **given, returns="image"),
        cutout(x, top, left, size, fill),
        of=f"cutout(x, {top=!s}, {left=!s}, {size=}{shown(given)})",
        mistakes={
            "top and left exchanged": cutout(x, left, top, size, fill),
            "the same square in all images": cutout(
                x, top * 0 + top[0], left * 0 + left[0], size, fill
            ),
        },
    )


def hflip(x, chosen):
    return np.where(chosen[:, None, None, None], x[:, :, ::-1], x)


# Numbers that fill float32: the rule about digits looks at no others.
DEGREES, FACTORS = (
    np.array(one, np.float32).astype(float) for one in ([10.1, 20.3, -30.7], [1.53, 0.51, 1.27])
)
CALLS = {
    "hflip": (hflip, (np.array([True, False, True]),)),
    "shift": (shift, (np.array([1, 0, -1]), np.array([0, 2, 1]), 0.5)),
    "rotate": (rotate, (DEGREES, 0.5)),
    "zoom": (zoom, (FACTORS, 0.5)),
    "cutout": (cutout, (np.array([0, 1, 2]), np.array([1, 0, 2]), 2, 0.5)),
}
# Arguments that change nothing.
NOTHING = {
    "hflip": (np.zeros(3, bool),),
    "shift": (np.zeros(3, int), np.zeros(3, int)),
    "rotate": (np.zeros(3),),
    "zoom": (np.ones(3),),
    "cutout": (np.array([0, 1, 2]), np.array([1, 0, 2]), 0),
}


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("name", CALLS)
def test_changes_keep_the_contracts_words(impl, name):
    """each change follows the rules of docs/contract.md: dtypes, integer widths, views, arguments left as they were"""
    expected, more = CALLS[name]
    rows = [i for i, value in enumerate((0, *more)) if i == 0 or np.ndim(value)]
    conform(
        impl,
        name,
        [image(images(3, 4, 5, 2)), *more],
        expected=expected,
        returns="image",
        rows=rows,
        tolerance=1e-3,
    )
    # Where nothing is changed, too, the result is a new tensor.
    given = [image(images(3, 4, 5, 2)), *NOTHING[name]]
    conform(impl, name, given, returns="image", only=["result", "shared"])


@pytest.mark.grade(
    points=1, hint="Sums of int8 overflow at 127, and 0 - 1 is 255 in uint8: convert first."
)
def test_moves_of_any_size_take_integers_of_any_width(impl):
    """moves of -128 to 255 pixels, and a square far larger than the image, are right for int8 and uint8, too"""
    x, rules = image(images(3, 4, 5, 2)), ["result", "integers"]
    options = {"returns": "image", "only": rules, "tolerance": 1e-3}
    down, right = np.array([-128, 127, 1]), np.array([0, -2, -128])
    conform(impl, "shift", [x, down, right, 0.5], expected=shift, **options)
    down, right = np.array([254, 2, 0]), np.array([0, 255, 253])
    conform(impl, "shift", [x, down, right, 0.5], expected=shift, **options)
    far = ([254, 0, 1], [0, 255, 1])
    for top, left in (([0, 1, 2], [1, 0, 2]), ([-128, -127, -3], [-1, 0, -126]), far):
        given = [x, np.array(top), np.array(left), 130, 0.5]
        conform(impl, "cutout", given, expected=cutout, **options)


@pytest.mark.grade(points=1)
def test_noise_keeps_the_contracts_words(impl):
    """add_noise keeps dtypes and views, and leaves its arguments as they were"""
    x, noise = image(images(3, 4, 5, 2)), image(normal(3, 4, 5, 2))
    conform(impl, "add_noise", [x, noise, 0.25], expected=lambda x, noise, std: np.clip(x + std * noise, 0, 1),
            returns="image", rows=[0, 1])  # fmt: skip
    # Without noise, too, the result is a new tensor.
    conform(impl, "add_noise", [x, noise, 0.0], returns="image", only=["result", "shared"])


# -- augment ---------------------------------------------------------------------------------------


def ramps(count, side=15):
    """Images that grow to the right by 0.01 a pixel: the slopes at the centre tell the angle and the factor."""
    columns = np.arange(side) - (side - 1) / 2
    return np.broadcast_to(0.5 + 0.01 * columns, (count, side, side))[..., None].copy()


def slopes(found):
    """(to the right, downwards) at the centre of each image, for a pixel."""
    m = found.shape[1] // 2
    right = (found[:, m, m + 1, 0] - found[:, m, m - 1, 0]) / 2
    down = (found[:, m + 1, m, 0] - found[:, m - 1, m, 0]) / 2
    return right / 0.01, down / 0.01


def spread_evenly(values, low, high, of):
    """Expect draws that are uniform from low to high: their range, and their mean within 5 standard errors."""
    slack = 1e-3 * (high - low) + 1e-4
    between(values.min(), low - slack, high + slack, of=f"the smallest of {len(values)} {of}")
    between(values.max(), low - slack, high + slack, of=f"the largest of {len(values)} {of}")
    # A quarter of uniform draws lies in each quarter of the range.
    for k in range(4):
        start, end = (low + (high - low) * step / 4 for step in (k, k + 1))
        share = float(((values >= start) & (values < end)).mean())
        chance(share, 0.25, len(values), of=f"the share of {of} from {start:.3g} to {end:.3g}")


@pytest.mark.grade(points=1)
def test_augment_without_a_policy_changes_nothing(impl):
    """an empty policy, and changes of no size, leave the images as they are"""
    x = images(5, 6, 6, 2)
    nothing = {"flip": 0.0, "shift": 0, "rotate": 0.0, "zoom": 0.0, "noise": 0.0, "cutout": 0}
    for policy in ({}, nothing):
        close(
            impl.augment(image(x), policy, impl.rng(), returns="image"),
            x,
            of=f"augment(x, {policy}, rng)",
        )


@pytest.mark.grade(points=1, hint=OWN)
@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_augment_flips_the_share_asked_for(impl, share):
    """the expected share of the images is mirrored, with one draw for each image"""
    x = np.broadcast_to(images(1, 2, 3, 1), (2_000, 2, 3, 1)).copy()
    found = impl.augment(image(x), {"flip": share}, impl.rng(), returns="image")
    mirrored = np.isclose(found, x[:, :, ::-1], atol=1e-6).all((1, 2, 3))
    plain = np.isclose(found, x, atol=1e-6).all((1, 2, 3))
    holds(
        (mirrored | plain).all(), "an image of augment(x, {'flip': p}) is neither x nor its mirror"
    )
    if share == 1.0:
        holds(mirrored.all(), "with flip 1.0, an image was not mirrored")
    else:
        chance(float(mirrored.mean()), share, 2_000, of=f"the share mirrored with flip {share}")


@pytest.mark.grade(
    points=2, hint="rng.integers(-m, m + 1): the upper end of NumPy's integers is left out."
)
def test_augment_shifts_by_all_places_alike(impl):
    """dy and dx run from -m to m, are equally likely, and are drawn each by itself, image by image"""
    m, count = 2, 4_000
    x = np.zeros((count, 7, 7, 1))
    x[:, 3, 3] = 1.0
    found = impl.augment(image(x), {"shift": m}, impl.rng(), returns="image")[..., 0]
    holds(
        np.isclose(found.sum((1, 2)), 1, atol=1e-5).all(),
        "a shift by at most 2 lost a pixel that lay 3 from the border",
    )
    places = np.argmax(found.reshape(count, -1), axis=1)
    dy, dx = places // 7 - 3, places % 7 - 3
    for name, moves in (("dy", dy), ("dx", dx)):
        equal(sorted({*moves.tolist()}), [-2, -1, 0, 1, 2], of=f"the values of {name} with shift 2")
    for a in range(-m, m + 1):
        for b in range(-m, m + 1):
            share = float(((dy == a) & (dx == b)).mean())
            chance(share, 1 / 25, count, of=f"the share of shifts by {(a, b)} with shift 2")


@pytest.mark.grade(points=2, hint=OWN)
def test_augment_turns_and_zooms_evenly(impl):
    """angles are uniform from -d to d, factors from 1 - z to 1 + z, drawn for each image"""
    count = 1_500
    policy = {"flip": 0.5, "rotate": 40.0, "zoom": 0.3}
    right, down = slopes(impl.augment(image(ramps(count)), policy, impl.rng(), returns="image"))
    mirrored = np.where(right < 0, -1.0, 1.0)  # no angle of at most 40 degrees turns a ramp round
    degrees = np.rad2deg(np.arctan2(-down * mirrored, right * mirrored))
    factors = 1 / np.hypot(right, down)
    spread_evenly(degrees, -40, 40, "angles with rotate 40")
    spread_evenly(factors, 0.7, 1.3, "factors with zoom 0.3")
    drawn = {"angles": degrees, "factors": factors, "mirrored images": mirrored}
    for (one, a), (other, b) in combinations(drawn.items(), 2):
        of = f"the correlation of {one} and {other}, each drawn by itself, of augment(x, {policy}, rng)"
        between(float(np.corrcoef(a, b)[0, 1]), -5 / np.sqrt(count), 5 / np.sqrt(count), of=of)
    # Small ones, too: none is rounded to whole degrees or tenths.
    found = impl.augment(
        image(ramps(count)), {"rotate": 1.5, "zoom": 0.04}, impl.rng(), returns="image"
    )
    right, down = slopes(found)
    degrees, factors = np.rad2deg(np.arctan2(-down, right)), 1 / np.hypot(right, down)
    spread_evenly(degrees, -1.5, 1.5, "angles with rotate 1.5")
    spread_evenly(factors, 0.96, 1.04, "factors with zoom 0.04")


@pytest.mark.grade(points=1)
def test_augment_adds_noise_to_each_number(impl):
    """noise is normal, has the standard deviation asked for, and is drawn for each pixel and channel by itself"""
    x = np.full((40, 10, 10, 2), 0.5)
    found = impl.augment(image(x), {"noise": 0.05}, impl.rng(), returns="image") - 0.5
    count = found.size
    # A standard deviation from n draws scatters by s / sqrt(2 n).
    between(found.std(), 0.05 * (1 - 5 / np.sqrt(2 * count)), 0.05 * (1 + 5 / np.sqrt(2 * count)),
            of="the standard deviation of the noise with noise 0.05")  # fmt: skip
    between(found.mean(), -0.25 / np.sqrt(count), 0.25 / np.sqrt(count), of="the mean of the noise")
    for k, expected in ((1, 0.6827), (2, 0.9545)):
        share = float((np.abs(found) < k * 0.05).mean())
        of = f"the share of the noise within {k} standard deviations of 0, with noise 0.05,"
        chance(share, expected, count, of=of)
    for name, pair in (
        ("two channels", (found[..., 0], found[..., 1])),
        ("two images", (found[:20], found[20:])),
        ("neighbours", (found[:, :, 1:], found[:, :, :-1])),
    ):
        r = float(np.corrcoef(pair[0].ravel(), pair[1].ravel())[0, 1])
        between(
            r,
            -5 / np.sqrt(pair[0].size),
            5 / np.sqrt(pair[0].size),
            of=f"the correlation of the noise of {name}",
        )


@pytest.mark.grade(points=1)
def test_augment_cuts_out_squares_inside(impl):
    """every image loses one whole square of the side asked for, at places that are all equally likely"""
    count, size = 2_400, 3
    found = impl.augment(
        image(np.ones((count, 6, 5, 2))), {"cutout": size}, impl.rng(), returns="image"
    )
    gone = (found == 0).all(-1)
    equal(
        sorted({*gone.sum((1, 2)).tolist()}),
        [9],
        of="the pixels cut out of each image with cutout 3",
    )
    top, left = gone.any(2).argmax(1), gone.any(1).argmax(1)
    squares = [part[a : a + 3, b : b + 3].sum() for part, a, b in zip(gone, top, left, strict=True)]
    equal(squares, [9] * count, of="the pixels cut out of the 3 by 3 square that each image lost")
    for a in range(4):
        for b in range(3):
            share = float(((top == a) & (left == b)).mean())
            chance(share, 1 / 12, count, of=f"the share of squares at {(a, b)}")
    white = image(np.ones((40, 6, 3, 1)))
    found = impl.augment(white, {"cutout": size}, impl.rng(), returns="image")
    of = "the pixels cut out of each image of 6 by 3 with cutout 3, which has room for whole squares alone"
    equal((found == 0).sum((1, 2, 3)), [9] * 40, of=of)


@pytest.mark.grade(points=2)
def test_augment_makes_its_changes_in_order(impl):
    """a shift of the mirrored image, and noise after all that moves, as the stub lists them"""
    x = images(1, 5, 5, 1)
    many = np.broadcast_to(x, (400, 5, 5, 1)).copy()
    policy = {"cutout": 2, "shift": 1, "flip": 1.0}
    found = impl.augment(image(many), policy, impl.rng(), returns="image")
    moved = [shift(x[:, :, ::-1], [a], [b])[0] for a in (-1, 0, 1) for b in (-1, 0, 1)]
    allowed = [
        cutout(one[None], [a], [b], 2)[0] for one in moved for a in range(4) for b in range(4)
    ]
    near = np.stack(allowed)
    for one in found:
        holds(
            np.isclose(one, near, atol=1e-5).all((1, 2, 3)).any(),
            "augment(x, {'cutout': 2, 'shift': 1, 'flip': 1.0}, rng) gave an image that is not a mirrored, "
            "then shifted, then cut one",
        )
    # Eight of nine shifts leave a row or a column at a border empty. Noise that comes later fills half of its places.
    white = image(np.ones((60, 12, 12, 1)))
    found = impl.augment(white, {"noise": 0.5, "shift": 1}, impl.rng(), returns="image")[..., 0]
    borders = (found[:, 0], found[:, -1], found[:, :, 0], found[:, :, -1])
    empty = sum((line == 0).all(1).astype(int) for line in borders) > 0
    at_most(
        int(empty.sum()),
        10,
        of="how many of 60 shifted images have a border without noise; noise comes after the shift, so that number",
    )


@pytest.mark.grade(points=1, hint=OWN)
def test_augment_draws_from_rng_anew(impl):
    """the same seed gives the same images, another seed others, and a second call with one generator others"""
    x = images(12, 6, 6, 1)
    policy = {"flip": 0.5, "shift": 2, "rotate": 30.0, "zoom": 0.2, "noise": 0.1, "cutout": 2}
    first = impl.augment(image(x), policy, impl.rng(5), returns="image")
    close(
        impl.augment(image(x), policy, impl.rng(5), returns="image"),
        first,
        of="augment with rng(5) again",
    )
    other = impl.augment(image(x), policy, impl.rng(6), returns="image")
    holds(not np.allclose(first, other), "augment gave the same images with rng(5) and rng(6)")
    many = image(images(40, 6, 6, 1))
    for name, value in policy.items():
        of = f"augment(x, {{{name!r}: {value}}}, rng)"
        first, again, other = (
            impl.augment(many, {name: value}, impl.rng(seed), returns="image") for seed in (5, 5, 6)
        )
        close(again, first, of=f"{of} with rng(5) again")
        holds(not np.allclose(first, other), f"{of} gave the same images with rng(5) and rng(6)")
    found = impl.augment(image(np.concatenate([x[:1]] * 12)), policy, impl.rng(), returns="image")
    holds(
        len({one.tobytes() for one in found}) == 12, "twelve copies of one image were changed alike"
    )
    between(float(found.min()), 0, 1, of="the smallest value of augmented images")
    between(float(found.max()), 0, 1, of="the largest value of augmented images")
    rules = ["result", "untouched", "shared", "rng", "float64", "views", "keywords"]
    given = [image(images(5, 6, 6, 2)), policy, impl.rng(1)]
    conform(impl, "augment", given, returns="image", only=rules)


@pytest.mark.grade(points=1)
def test_augment_refuses_unknown_names(impl):
    """an unknown name of a change raises ValueError, also beside known names, and with any value"""
    for policy in (
        {"flips": 0.5},
        {"shift": 1, "hflip": 0.5},
        {"hue": 0.0},
        {"flip": 1.0, "hue": 0},
    ):
        with raises("ValueError", of=f"augment(x, {policy}, rng)"):
            impl.augment(image(images(2, 4, 4, 1)), policy, impl.rng())
    kept = plant(impl, "generator.py", KEPT)
    with raises("ValueError", of="augment(x, {'shift': 1, 'hflip': 0.5}, rng)"):
        impl.augment(image(images(2, 4, 4, 1)), {"shift": 1, "hflip": 0.5}, kept.get("rng"))
    holds(
        np.isclose(kept.get("number")(), np.random.default_rng(5).random()),
        "augment(x, {'shift': 1, 'hflip': 0.5}, rng) drew from rng before it raised ValueError, "
        "but should look at the names first",
    )


# -- train -----------------------------------------------------------------------------------------


def network(impl, rng, width=64):
    """(a model in the worker, its layers): flatten, dense, ReLU, dense, from Glorot's uniform draws."""
    layers = [
        {"kernel": rng.uniform(-1, 1, (a, b)) * np.sqrt(6 / (a + b)), "bias": np.zeros(b)}
        for a, b in ((64, width), (width, 10))
    ]
    specs = [{"type": "dense", **layer} for layer in layers]
    place = {"type": "input", "shape": (8, 8, 1)}
    return impl.sequential(place, "flatten", specs[0], "relu", specs[1]), layers


def digits():
    """Digits as images (N, 8, 8, 1)."""
    found = data.digits()
    return (
        found.train_x.reshape(-1, 8, 8, 1),
        found.train_y,
        found.test_x.reshape(-1, 8, 8, 1),
        found.test_y,
    )


@pytest.mark.grade(points=2, seconds=30)
@pytest.mark.parametrize("policy", [None, {}], ids=["none", "empty"])
def test_train_steps_with_momentum(impl, policy):
    """with whole batches and no change, the losses and weights are those of momentum 0.9"""
    x, y, _, _ = digits()
    rows = generator().permutation(len(x))[:30]
    x, y = x[rows], y[rows]
    model, layers = network(impl, generator(), 16)
    old_gradients(impl, model, image(x))
    # A batch of 50 rows would hold more than there are.
    batch = 30 if policy is None else 50
    history = impl.train(model, image(x), y, policy, 4, batch, 0.3, impl.rng())
    velocity = [dict.fromkeys(layer, 0.0) for layer in layers]
    for epoch in range(4):
        _, z = oracle.relu_network(layers, x.reshape(30, -1))
        expected = -np.log(oracle.softmax(z)[np.arange(30), y]).mean()
        number(
            losses(history, 4, kind="float")[epoch],
            expected,
            of=f"the loss of epoch {epoch}",
            rtol=1e-3,
        )
        gradients = oracle.relu_network_gradients(layers, x.reshape(30, -1), y)
        for v, layer, gradient in zip(velocity, layers, gradients, strict=True):
            for key in layer:
                v[key] = 0.9 * v[key] + gradient[key]
                layer[key] = layer[key] - 0.3 * v[key]
    for k, (found, expected) in enumerate(zip(impl.layers(model), layers, strict=True)):
        for key in ("kernel", "bias"):
            close(
                found[key],
                expected[key],
                of=f"the {key} of layer {k} after 4 steps",
                rtol=1e-3,
                atol=1e-4,
            )
    equal(
        impl.train(model, image(x), y, policy, 0, 30, 0.3, impl.rng()), [], of="train with epochs=0"
    )
    # Where all layers are 0, only the last bias has a gradient; its steps are so large that the loss rises.
    impl.assign(model, [{key: 0 * v for key, v in layer.items()} for layer in layers])
    y, bias, v, rising = np.arange(30) // 29, np.zeros(10), 0.0, []
    for _ in range(4):
        p = oracle.softmax(bias)
        rising.append(float(-np.log(p[y]).mean()))
        v = 0.9 * v + p - np.bincount(y, minlength=10) / 30
        bias = bias - 20 * v
    of = f"train(model, x, y, {policy}, 4, {batch}, 20.0, rng), where the loss rises"
    recorded(impl.train(model, image(x), y, policy, 4, batch, 20.0, impl.rng()), rising, of)
    close(impl.layers(model)[-1]["bias"], bias, of=f"the last bias after {of}", rtol=1e-3)


@pytest.mark.grade(points=1, seconds=30, hint="Make the optimizer in train, so that v is 0 again.")
def test_train_begins_anew(impl):
    """no velocity survives into the next call, lr is that of the call, and frozen layers stay frozen"""
    x, y, _, _ = digits()
    x, y = image(x[:20]), y[:20]
    first, _ = network(impl, generator(), 16)
    impl.train(first, x, y, None, 3, 20, 0.5, impl.rng())
    after = impl.layers(first)
    impl.train(first, x, y, None, 1, 20, 0.2, impl.rng())
    plain = [{key: np.asarray(one[key], float) for key in ("kernel", "bias")} for one in after]
    gradients = oracle.relu_network_gradients(plain, np.asarray(x.array).reshape(20, -1), y)
    for k, (found, start, gradient) in enumerate(
        zip(impl.layers(first), plain, gradients, strict=True)
    ):
        for key in ("kernel", "bias"):
            close(
                found[key],
                start[key] - 0.2 * gradient[key],
                of=f"the {key} of layer {k} after a step of a second call of train",
                rtol=1e-3,
                atol=1e-4,
            )
    run = lambda: impl.train(first, x, y, None, 1, 20, 0.2, impl.rng())  # noqa: E731
    expect_frozen(impl, first, run, "train(model, x, y, None, 1, 20, 0.2, rng)")


ROWS = 24  # one pixel each is 1, so that the kernel's row i moves for image i alone


def places(impl, seed, epochs, earlier=()):
    """(ROWS,) the step, from 1, at which each image was used in the last of `epochs` epochs of single images.

    A step's push goes on by momentum: after T steps, an image used at step t has moved its weights by
    (1 - 0.9^(T - t + 1)) / 0.1 times the first push. earlier: the steps of the epochs before, which are taken out.
    """
    x, y = np.zeros((ROWS, 8, 8, 1)), np.arange(ROWS) % 10
    x.reshape(ROWS, 64)[np.arange(ROWS), np.arange(ROWS)] = 1.0
    place = {"type": "input", "shape": (8, 8, 1)}
    dense = {"type": "dense", "kernel": np.zeros((64, 10)), "bias": np.zeros(10)}
    model = impl.sequential(place, "flatten", dense)
    lr, total = 1e-4, ROWS * epochs
    impl.train(model, image(x), y, None, epochs, 1, lr, impl.rng(seed))
    moved = impl.layers(model)[0]["kernel"].astype(float)[np.arange(ROWS), y]
    pushes = moved / (lr * 0.9) - sum((1 - 0.9 ** (total - steps + 1)) / 0.1 for steps in earlier)
    with np.errstate(all="ignore"):
        found = total + 1 - np.log(1 - 0.1 * pushes) / np.log(0.9)
    whole = np.nan_to_num(found, nan=0, posinf=0, neginf=0).round().astype(int)
    expected = list(range(total - ROWS + 1, total + 1))
    holds(
        sorted(whole.tolist()) == expected,
        f"in epoch {epochs} of train with batch=1, the {ROWS} images were not used once each",
    )
    return whole


@pytest.mark.grade(points=2, seconds=30, hint="Draw rng.permutation inside the loop over epochs.")
def test_train_draws_a_new_order_each_epoch(impl):
    """each epoch uses every image once, in a new order drawn from rng"""
    seed, other = (int(one) for one in generator().integers(2**31, size=2))
    first = places(impl, seed, 1)
    equal(places(impl, seed, 1), first, of="the steps at which images are used, with the same seed")
    second = places(impl, seed, 2, [first])
    holds(
        (second - ROWS != first).any(),
        "the second epoch used the images in the order of the first, but should have a new order",
    )
    holds(
        (places(impl, other, 1) != first).any(), "two generators of different seeds gave one order"
    )
    holds(
        sorted(first) != first.tolist(),
        "the images were used in the order in which they were given",
    )


@pytest.mark.grade(points=1, seconds=60, hint="Cut the order of each epoch into batches anew.")
def test_train_puts_its_batches_together_anew(impl):
    """each epoch takes every row once, in batches of the size asked for, of other rows than before"""
    x, y, _, _ = digits()
    model, _ = network(impl, generator(), 16)
    of = "train(model, x, y, None, epochs=4, batch=5, ...)"
    # The last batch has one row.
    run = lambda: impl.train(model, image(x[:21]), y[:21], None, 4, 5, 0.01, impl.rng())  # noqa: E731
    rows = np.moveaxis(x[:21], -1, 1) if impl.framework == "torch" else x[:21]
    batches = visited(impl, model, rows, run)
    if batches:  # none if train computes the network without calling the model
        expect_epochs(batches, rows=21, batch=5, epochs=4, of=of)


@pytest.mark.grade(points=1, seconds=30)
def test_train_weighs_rows_alike(impl):
    """a step so small that nothing changes shows the mean loss over all rows, a short last batch included"""
    x, y, _, _ = digits()
    x, y = x[:23], y[:23]
    model, layers = network(impl, generator(), 16)
    layers[1]["bias"] = normal(10)
    impl.assign(
        model,
        [
            {"name": a["name"], "type": a["type"], **b}
            for a, b in zip(impl.layers(model), layers, strict=True)
        ],
    )
    _, z = oracle.relu_network(layers, x.reshape(23, -1))
    each = -np.log(oracle.softmax(z)[np.arange(23), y])
    history = impl.train(model, image(x), y, None, 3, 10, 1e-9, impl.rng())
    for epoch, loss in enumerate(losses(history, 3, kind="float")):
        number(
            loss,
            each.mean(),
            of=f"the loss of epoch {epoch} of 23 rows in batches of 10",
            rtol=1e-3,
        )
    impl.assign(model, [layers[0], layers[1] | {"bias": 1000 * np.eye(10)[0]}])
    of = "train(model, x, y, None, 4, 10, 10.0, rng), where the model is sure of every class"
    before = impl.layers(model)
    every_epoch(impl.train(model, image(x), 0 * y, None, 4, 10, 10.0, impl.rng()), 4, of)
    # All gradients are 0, so that a decay of the weights shows.
    for k, (found, one) in enumerate(zip(impl.layers(model), before, strict=True)):
        of_kernel = f"the kernel of layer {k}, which has no gradient, after {of}"
        close(found["kernel"], one["kernel"], of=of_kernel, rtol=1e-6)


@pytest.mark.grade(points=2, seconds=30, hint="Call augment inside the loop over batches.")
def test_train_augments_every_batch_anew(impl):
    """with noise of nothing but chance, the losses of all epochs differ, and the model given is not the cause"""
    x = np.full((64, 8, 8, 1), 0.5)
    y = integers(10, 64)
    model, _ = network(impl, generator(), 16)
    history = losses(impl.train(model, image(x), y, {"noise": 0.3}, 6, 16, 1e-9, impl.rng()), 6)
    apart = np.ptp(np.asarray(history, float))
    at_least(
        apart,
        1e-5,
        of="the spread of the losses of 6 epochs with noise, at a learning rate of 1e-9",
    )
    again = losses(impl.train(model, image(x), y, {}, 6, 16, 1e-9, impl.rng()), 6)
    holds(
        np.ptp(np.asarray(again, float)) < 1e-5,
        "without changes, the losses of 6 epochs at a learning rate of 1e-9 differ",
    )
    # With so much noise, a pixel is 0 or 1. Two batches of one image push a weight by (1.9 a + b) times the
    # first push, a and b being its pixel in the first and in the second batch.
    dense = {"type": "dense", "kernel": np.zeros((64, 10)), "bias": np.zeros(10)}
    model = impl.sequential({"type": "input", "shape": (8, 8, 1)}, "flatten", dense)
    impl.train(model, image(x[:2]), np.zeros(2, int), {"noise": 1e4}, 1, 1, 1e-4, impl.rng())
    pushes = impl.layers(model)[0]["kernel"][:, 0] / (1e-4 * 0.9)
    alike = (pushes < 0.5) | (pushes > 2.4)
    holds(
        not alike.all(),
        "in an epoch of two grey images with noise 1e4 and batch=1, every pixel that was white in the first batch "
        "was white in the second, too; each batch should have draws of its own",
    )


def accuracy(impl, seed, policy):
    rng = np.random.default_rng(seed)
    x, y, test_x, test_y = digits()
    rows = rng.permutation(len(x))[:200]
    moves = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b]
    chosen = np.array(moves)[rng.integers(len(moves), size=len(test_x))]
    moved = shift(test_x, chosen[:, 0], chosen[:, 1])
    impl.seed(seed)
    model, _ = network(impl, rng)
    impl.train(model, image(x[rows]), y[rows], policy, 60, 50, 0.15, impl.rng(seed))
    _, z = oracle.relu_network(
        [
            {key: layer[key].astype(float) for key in ("kernel", "bias")}
            for layer in impl.layers(model)
        ],
        moved.reshape(len(moved), -1),
    )
    return float((z.argmax(1) == test_y).mean())


AUGMENTED = Threshold(
    "accuracy on digits moved by a pixel, after training with shifts",
    at_least=0.79,
    torch=[0.8778, 0.8756, 0.8356, 0.8644, 0.8489, 0.8289, 0.8444, 0.8667, 0.8578, 0.8711],
    tensorflow=[0.8778, 0.8756, 0.8356, 0.8644, 0.8489, 0.8289, 0.8444, 0.8667, 0.8578, 0.8711],
)
GAIN = Threshold(
    "gain of that accuracy by augmentation",
    at_least=0.4,
    torch=[0.5644, 0.5578, 0.5422, 0.5289, 0.5356, 0.5622, 0.5311, 0.6022, 0.6356, 0.5178],
    tensorflow=[0.5644, 0.5578, 0.5533, 0.5289, 0.5356, 0.5622, 0.5311, 0.6022, 0.6356, 0.5178],
)


@AUGMENTED.measured_by
def augmented(impl, seed):
    return accuracy(impl, seed, {"shift": 1})


@GAIN.measured_by
def gain(impl, seed):
    return accuracy(impl, seed, {"shift": 1}) - accuracy(impl, seed, None)


@pytest.mark.grade(points=2, seconds=90)
def test_augmented_training_recognizes_moved_digits(impl):
    """the median of three runs with shifts reaches 0.79 on digits moved by a pixel"""
    AUGMENTED.expect(impl)


@pytest.mark.grade(points=2, seconds=180)
def test_augmentation_gains_accuracy(impl):
    """pairs of runs with and without shifts: the median gain is at least 0.4"""
    GAIN.expect(impl)
