import colorsys

import torch

from retrato.degradation.colour import ColourRecord, change_colours


def record(**changes):
    nothing = {
        "shift": torch.zeros(1, 3),
        "is_grey": torch.zeros(1, dtype=torch.bool),
        "brightness": torch.ones(1),
        "contrast": torch.ones(1),
        "saturation": torch.ones(1),
        "hue": torch.zeros(1),
        "order": torch.arange(4)[None],
    }
    return ColourRecord(**{**nothing, **changes})


def test_nothing_changes_where_nothing_is_to(faces):
    assert change_colours(faces, record()) is faces


def test_brightness_and_contrast_work_on_levels_from_0_to_1():
    pictures = torch.tensor([-1.0, 0.0])[None, None, None].expand(1, 3, 1, 2)  # levels 0 and 0.5, mean 0.25
    torch.testing.assert_close(change_colours(pictures, record(brightness=torch.tensor([1.5])))[0, 0, 0, 1].item(), 0.5)
    contrast = (change_colours(pictures, record(contrast=torch.tensor([0.5])))[0, 0, 0] + 1) / 2
    torch.testing.assert_close(contrast, torch.tensor([0.125, 0.375]))


def test_no_saturation_is_grey(faces):
    plain = change_colours(faces[:1], record(saturation=torch.zeros(1)))
    assert (plain.amax(1) - plain.amin(1)).max() < 1e-5


def test_hue_turns_as_colorsys_computes_it(rng):
    pictures = torch.rand(1, 3, 4, 4, generator=rng)
    turned = (change_colours(pictures * 2 - 1, record(hue=torch.tensor([0.07])))[0] + 1) / 2
    for row in range(4):
        for column in range(4):
            hue, saturation, value = colorsys.rgb_to_hsv(*pictures[0, :, row, column].tolist())
            expected = torch.tensor(colorsys.hsv_to_rgb((hue + 0.07) % 1, saturation, value))
            torch.testing.assert_close(turned[:, row, column], expected, rtol=0, atol=1e-5)


def test_the_order_counts():
    pictures = torch.tensor([-0.6, 0.6])[None, None, None].expand(1, 3, 1, 2)
    changes = {
        "brightness": torch.tensor([1.5]),
        "contrast": torch.tensor([0.5]),
    }  # the bright pixel is cut off first or last
    one = change_colours(pictures, record(**changes))
    other = change_colours(pictures, record(**changes, order=torch.tensor([[1, 0, 2, 3]])))
    assert not torch.allclose(one, other)
