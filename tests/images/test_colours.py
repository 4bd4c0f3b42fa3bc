import struct

import numpy as np
import PIL.Image
import pytest
from PIL import ImageCms

from retrato.images.colours import UnusableProfile, to_srgb, with_image
from retrato.images.photo import Colours, StoredPixels


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def portrait(height=300, width=40):
    """Smooth, in the middle of the range, and longer than one band."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.dstack([120 + rows * 0.3, 90 + columns * 2, 80 + (rows + columns) * 0.2]).astype(np.uint8)


def with_patch(image, by=20):
    """Changed in a small part, which lies across two bands."""
    after = image.copy()
    after[250:262, 10:20] += np.uint8(by)
    return after, np.s_[250:262, 10:20]


def wide_profile():
    """Adobe RGB (1998): its published primaries, adapted to D50, and a gamma of 2 51/256."""

    def tag(values):
        return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))

    primaries = {b"rXYZ": (0.60974, 0.31111, 0.01947), b"gXYZ": (0.20528, 0.62567, 0.06087)}
    primaries |= {b"bXYZ": (0.14919, 0.06322, 0.74457), b"wtpt": (0.9642, 1.0, 0.8249)}
    contents = {name: tag(values) for name, values in primaries.items()}
    curve = b"curv" + bytes(4) + struct.pack(">IHxx", 1, round(563 / 256 * 256))
    return profile(b"RGB ", contents | dict.fromkeys([b"rTRC", b"gTRC", b"bTRC"], curve), b"XYZ ")


def profile(space, contents, connection=b"Lab "):
    start = 128 + 4 + 12 * len(contents)
    table, body = struct.pack(">I", len(contents)), b""
    for name, content in contents.items():
        table += struct.pack(">4sII", name, start + len(body), len(content))
        body += content
    white = struct.pack(">3i", 63190, 65536, 54061)  # D50, in 65536ths
    header = b"\0\0\0\0\x02\x10\0\0mntr" + space + connection + bytes(12) + b"acsp" + bytes(28) + white
    data = header.ljust(124, b"\0") + table + body
    return struct.pack(">I", len(data) + 4) + data


def lookup(inputs, outputs, points, values):
    """A table of 8 bits (`mft1`) with straight curves."""
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    curves = bytes(range(256))
    return b"mft1\0\0\0\0" + bytes([inputs, outputs, points, 0]) + matrix + curves * inputs + values + curves * outputs


def ink_profile(*, knows_the_way_back):
    """Inks that take their light from white paper, and how to print a colour with as much black as it has."""
    levels = np.linspace(0, 1, 9)
    inks = np.stack(np.meshgrid(*[levels] * 4, indexing="ij"), axis=-1).reshape(1, -1, 4)
    light = np.rint((1 - inks[..., :3]) * (1 - inks[..., 3:]) * 255).astype(np.uint8)
    contents = {b"A2B0": lookup(4, 3, 9, converted(light, "sRGB", "LAB"))}
    if knows_the_way_back:
        steps = np.rint(np.linspace(0, 255, 17)).astype(np.uint8)
        lab = np.stack(np.meshgrid(*[steps] * 3, indexing="ij"), axis=-1).reshape(1, -1, 3)
        picture = PIL.Image.frombytes("LAB", lab.shape[1::-1], (lab ^ np.array([0, 128, 128], np.uint8)).tobytes())
        there = ImageCms.profileToProfile(
            picture, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        colour = np.array(there) / 255
        black = 1 - colour.max(-1, keepdims=True)
        printed = np.concatenate([1 - colour / np.maximum(1 - black, 1e-6), black], axis=-1)
        contents[b"B2A0"] = lookup(3, 4, 17, np.rint(printed * 255).astype(np.uint8).tobytes())
    return profile(b"CMYK", contents)


def converted(colours, source, target):
    picture = ImageCms.profileToProfile(
        PIL.Image.fromarray(colours), ImageCms.createProfile(source), ImageCms.createProfile(target), outputMode=target
    )
    return (np.array(picture) ^ np.array([0, 128, 128], np.uint8)).tobytes()


def stored_as(kind, rng):
    """Pixels of every kind that is read."""
    image = portrait()
    deep = image.astype(np.uint16) * 257 + rng.integers(0, 200, image.shape, dtype=np.uint16)
    separated = np.dstack([255 - image, np.full(image.shape[:2], 20, np.uint8)])
    return {
        "RGB of 16 bits": StoredPixels(deep, Colours.RGB),
        "grey of 8 bits": StoredPixels(image[..., 0].copy(), Colours.GREY),
        "grey of 16 bits": StoredPixels(deep[..., 0].copy(), Colours.GREY),
        "wide RGB": StoredPixels(image, Colours.RGB, wide_profile()),
        "wide RGB of 16 bits": StoredPixels(deep, Colours.RGB, wide_profile()),
        "CMYK": StoredPixels(separated, Colours.CMYK),
        "CMYK of 16 bits": StoredPixels(separated.astype(np.uint16) * 257 + 3, Colours.CMYK),
        "CMYK with profile": StoredPixels(separated, Colours.CMYK, ink_profile(knows_the_way_back=True)),
        "Lab": StoredPixels(np.dstack([image[..., 0], image[..., 1:] // 2 + 80]), Colours.LAB),
    }[kind]


KINDS = ["RGB of 16 bits", "grey of 8 bits", "grey of 16 bits", "wide RGB", "wide RGB of 16 bits"]
KINDS += ["CMYK", "CMYK of 16 bits", "CMYK with profile", "Lab"]


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_that_are_not_changed_stay_to_the_bit(kind, rng):
    stored = stored_as(kind, rng)
    after, patch = with_patch(to_srgb(stored))
    outside = np.ones(after.shape[:2], bool)
    outside[patch] = False
    assert np.array_equal(with_image(stored, after).values[outside], stored.values[outside])


@pytest.mark.parametrize("kind", KINDS)
def test_changed_pixels_look_as_they_should(kind, rng):
    stored = stored_as(kind, rng)
    after, patch = with_patch(to_srgb(stored))
    shown = to_srgb(with_image(stored, after))
    assert np.abs(shown[patch].astype(int) - after[patch]).max() <= 4


def test_the_finest_shades_stay_under_a_change(rng):
    stored = stored_as("RGB of 16 bits", rng)
    after, patch = with_patch(to_srgb(stored), by=10)
    change = with_image(stored, after).values[patch].astype(int) - stored.values[patch]
    assert (change == 10 * 257).all()


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_reach_the_ends_of_sixteen_bits(rng, level):
    stored = stored_as("RGB of 16 bits", rng)
    values = with_image(stored, np.full_like(to_srgb(stored), level)).values
    assert np.abs(values.astype(int) - level * 257).max() <= 257


def test_a_colour_of_a_wide_profile_is_seen_as_it_is():
    green = StoredPixels(np.full((1, 1, 3), (0, 200, 0), np.uint8), Colours.RGB, wide_profile())
    wide = 200 ** (
        563 / 256
    )  # in linear light, Adobe RGB's green is more than sRGB's, which begins with a negative red
    srgb = 255 * (1.055 * ((wide / 255 ** (563 / 256)) ** (1 / 2.4)) - 0.055)
    shown = to_srgb(green)[0, 0]
    assert abs(int(shown[1]) - srgb) <= 2
    assert shown[0] == 0


def test_an_unused_wide_colour_is_not_narrowed_by_a_small_change():
    green = StoredPixels(np.full((2, 2, 3), (0, 200, 0), np.uint8), Colours.RGB, wide_profile())
    after = to_srgb(green).copy()
    after[0, 0, 1] -= 3
    assert with_image(green, after).values[0, 0, 0] <= 3


def test_grey_pixels_become_rgb_where_the_picture_has_colour(rng):
    stored = stored_as("grey of 16 bits", rng)
    after = to_srgb(stored).copy()
    after[0, 0] = (200, 100, 50)
    coloured = with_image(stored, after)
    assert coloured.colours is Colours.RGB
    assert np.array_equal(coloured.values[1:], np.repeat(stored.values[1:, :, None], 3, axis=-1))


def test_inks_without_a_profile_keep_their_black():
    separated = np.full((1, 2, 4), (100, 80, 60, 90), np.uint8)
    stored = StoredPixels(separated, Colours.CMYK)
    after = to_srgb(stored).copy()
    after[0, 0] -= 20
    assert with_image(stored, after).values[0, 0, 3] == 90


def test_a_colour_too_bright_for_the_black_ink_takes_less_of_it():
    stored = StoredPixels(np.full((1, 1, 4), (0, 0, 0, 200), np.uint8), Colours.CMYK)
    assert to_srgb(with_image(stored, np.full((1, 1, 3), 255, np.uint8))).min() == 255


def test_a_profile_without_a_way_back_is_refused():
    stored = StoredPixels(np.zeros((2, 2, 4), np.uint8), Colours.CMYK, ink_profile(knows_the_way_back=False))
    with pytest.raises(UnusableProfile):
        with_image(stored, np.zeros((2, 2, 3), np.uint8))


def test_srgb_under_another_name_changes_nothing():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = portrait()
    assert to_srgb(StoredPixels(image, Colours.RGB, srgb)) is image
