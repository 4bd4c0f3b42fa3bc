import numpy as np
import pytest
import torch

from retrato.errors import UnknownWeights
from retrato.images.resizing import enlarge, resize
from retrato.networks.rrdbnet import RRDBNet, RRDBNetConfig
from retrato.networks.srvgg import SRVGG, SRVGGConfig
from retrato.precision import Precision
from retrato.restoration import upscaler
from retrato.restoration.colour import is_grey
from retrato.restoration.upscaler import LanczosUpscaler, RealESRGANUpscaler, Upscaler, load_background

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _float32(monkeypatch):
    """The same numbers on every machine."""
    monkeypatch.setattr(upscaler, "fastest_precision", lambda _: Precision.FP32)


@pytest.fixture
def image(astronaut):
    return astronaut[50:121, 180:237]


def a_network(kind=SRVGG, factor=4):
    torch.manual_seed(0)
    return SRVGG(SRVGGConfig(factor, 8, 3)) if kind is SRVGG else RRDBNet(RRDBNetConfig(factor, 8, 4, 1))


def of_nothing(factor=4):
    """A network that only repeats pixels."""
    network = a_network(factor=factor)
    for parameter in network.convolutions[-1].parameters():
        torch.nn.init.zeros_(parameter)
    return network


def an_upscaler(network, tile_size=400, **options):
    return RealESRGANUpscaler(network, "tiny", CPU, tile_size=tile_size, **options)


@pytest.mark.parametrize("network", [a_network(), a_network(RRDBNet), a_network(RRDBNet, 2)], ids=["v", "r4", "r2"])
def test_tiles_give_what_the_whole_picture_gives(image, network, monkeypatch):
    monkeypatch.setattr(upscaler, "TILE_MARGIN", network.reach)
    whole, tiled = (an_upscaler(network, size)(image, 2).astype(int) for size in (400, 16))
    assert np.abs(whole - tiled).max() <= 1  # convolutions of another size may round a half the other way


def test_only_a_tile_and_its_margin_go_through_the_network_at_once(image):
    network, seen = a_network(), []
    network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[2:]))
    an_upscaler(network, 16)(image, 4)
    assert max(max(shape) for shape in seen) == 16 + 2 * network.reach


@pytest.mark.parametrize("network_factor", [2, 4])
@pytest.mark.parametrize("factor", [2, 3, 4])
def test_every_factor_is_reached_whatever_the_network_has(image, network_factor, factor):
    enlarged = an_upscaler(of_nothing(network_factor), 16)(image, factor)
    assert enlarged.shape == (71 * factor, 57 * factor, 3)
    restored = resize(enlarged, 57, 71).astype(int)
    assert np.abs(restored - image).mean() < 6


def test_the_networks_own_pixels_are_averaged_where_fewer_are_asked_for(image):
    network = a_network()
    large = an_upscaler(network)(image, 4).astype(float)
    averaged = large.reshape(142, 2, 114, 2, 3).mean((1, 3))
    assert np.abs(an_upscaler(network)(image, 2) - averaged).max() <= 1


def test_what_a_smaller_network_gives_is_resampled(image):
    network = a_network(factor=2)
    expected = resize(an_upscaler(network)(image, 2), 57 * 4, 71 * 4)
    assert np.array_equal(an_upscaler(network)(image, 4), expected)


def test_a_network_that_draws_nothing_repeats_pixels(image):
    assert np.array_equal(an_upscaler(of_nothing(), 16)(image, 4), image.repeat(4, 0).repeat(4, 1))


def test_grey_pictures_stay_grey(image):
    grey = image[..., :1].repeat(3, 2)
    drawn = an_upscaler(a_network(), 16)(grey, 2)
    assert np.array_equal(drawn.min(2), drawn.max(2))
    coloured = an_upscaler(a_network(), 16)(image, 2)
    assert (coloured.max(2) - coloured.min(2)).mean() > 5


def test_only_pictures_without_visible_colour_are_grey(image):
    grey = image[..., :1].repeat(3, 2)
    sepia = (grey * np.array([1.0, 0.95, 0.85])).astype(np.uint8)
    by_jpeg = grey.copy()
    by_jpeg[::2, :, 1] ^= 1
    assert [is_grey(each) for each in (grey, by_jpeg, sepia, image)] == [True, True, False, False]


def test_the_tiles_are_watched_in_turn(image):
    seen = []

    def watch(tiles):
        for tile in tiles:
            seen.append((tile.left, tile.top, tile.right, tile.bottom))
            yield tile

    an_upscaler(of_nothing(), 40, watch=watch)(image, 2)
    assert seen == [(0, 0, 40, 40), (40, 0, 57, 40), (0, 40, 40, 71), (40, 40, 57, 71)]


@pytest.mark.parametrize("factor", [0, 1])
def test_enlarging_by_nothing_is_refused(image, factor):
    with pytest.raises(ValueError, match="choose 2 or more"):
        an_upscaler(a_network())(image, factor)


@pytest.mark.parametrize("tile_size", [0, 15])
def test_tiles_that_would_cut_through_folded_squares_are_refused(tile_size):
    with pytest.raises(ValueError, match="even"):
        an_upscaler(a_network(), tile_size)


def test_a_picture_of_one_pixel_is_enlarged():
    pixel = np.full((1, 1, 3), 77, np.uint8)
    assert np.array_equal(an_upscaler(of_nothing())(pixel, 2), np.full((2, 2, 3), 77, np.uint8))
    assert an_upscaler(a_network(RRDBNet, 2))(pixel, 2).shape == (2, 2, 3)


def test_lanczos_resamples_and_guesses_nothing(image):
    lanczos = load_background("lanczos")
    assert np.array_equal(lanczos(image, 2), enlarge(image, 2))
    assert not lanczos.guesses


def test_both_are_upscalers():
    assert isinstance(LanczosUpscaler(), Upscaler)
    assert isinstance(an_upscaler(a_network()), Upscaler)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(UnknownWeights, match="lanczos, realesr-general-x4v3, realesrgan-x2plus"):
        load_background("esrgan")


def test_bfloat16_stays_close_to_float32(image, animevideo, monkeypatch):
    exact = load_background(animevideo, "cpu")(image, 4).astype(float)
    monkeypatch.setattr(upscaler, "fastest_precision", lambda _: Precision.BF16)
    rounded = load_background(animevideo, "cpu")(image, 4)
    assert not np.array_equal(rounded, exact)
    assert 10 * np.log10(255**2 / ((exact - rounded) ** 2).mean()) > 45


def test_the_published_network_keeps_what_it_enlarges(image, animevideo):
    enlarged = load_background(animevideo, "cpu")(image, 2)
    back = resize(enlarged, 57, 71).astype(float)
    assert 10 * np.log10(255**2 / ((back - image) ** 2).mean()) > 25
