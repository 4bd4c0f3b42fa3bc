import pytest
import torch
import torch.nn.functional as F

from retrato.faces.parser import ParseNetParser
from retrato.networks.parsenet import ParseNet, ParseNetConfig, Region

TINY = ParseNetConfig(image_size=32, inner_size=8, first_channels=4, most_channels=8, inner_blocks=1)


@pytest.fixture
def parse():
    torch.manual_seed(0)
    return ParseNetParser(ParseNet(TINY))


def test_each_pixel_gets_the_region_that_most_speaks_for(parse, faces):
    small = F.interpolate(faces, (32, 32))
    with torch.no_grad():
        expected = parse.network(small).argmax(1)
    assert torch.equal(parse(small), expected)
    assert len(expected.unique()) > 2


@pytest.mark.parametrize("size", [16, 64, 50])
def test_faces_of_another_size_get_as_many_pixels_as_they_have(parse, faces, size):
    assert parse(F.interpolate(faces, (size, size))).shape == (4, size, size)


def test_a_larger_face_has_its_regions_where_the_smaller_one_has(parse, faces):
    small = F.interpolate(faces, (32, 32), mode="area")
    large = F.interpolate(small, (128, 128), mode="nearest")
    assert (parse(large)[:, ::4, ::4] == parse(small)).float().mean() > 0.9


def test_regions_are_counted_as_the_published_mask_counts_them():
    """Which numbers the published pipeline leaves out: background, hat, necklace, neck and clothes."""
    left_out = {Region.BACKGROUND, Region.HAT, Region.NECKLACE, Region.NECK, Region.CLOTHES}
    assert {int(each) for each in left_out} == {0, 14, 16, 17, 18}
    assert len(Region) == 19
