import pytest
import torch

from retrato.metrics.path_length import path_distances, perceptual_path_length


def draw(styles):
    """Stands for a generator: a grey of the style's first number."""
    return styles[:, :1, None, None].expand(-1, 3, 8, 8)


def squared_difference(pictures, others):
    """Stands for LPIPS: of second order in the difference, as LPIPS is."""
    return (pictures - others).square().mean((1, 2, 3))


def test_is_the_squared_speed_of_the_picture():
    starts, ends = torch.zeros(3, 2), torch.tensor([[1.0, 0], [2, 0], [0, 5]])
    distances = path_distances(draw, starts, ends, torch.zeros(3), squared_difference)
    assert distances.tolist() == pytest.approx([1, 4, 0], rel=1e-3)


def test_a_step_begins_where_it_is_said_to():
    seen = []

    def watched(styles):
        seen.append(styles)
        return draw(styles)

    path_distances(watched, torch.zeros(1, 2), torch.ones(1, 2), torch.tensor([0.5]), squared_difference, step=0.25)
    assert [each[0, 0].item() for each in seen] == [0.5, 0.75]


def test_styles_of_several_layers_are_walked_alike():
    def of_layers(styles):
        return draw(styles[:, 0])

    starts, ends = torch.zeros(1, 4, 2), torch.full((1, 4, 2), 3.0)
    assert path_distances(of_layers, starts, ends, torch.zeros(1), squared_difference).item() == pytest.approx(9, 1e-3)


def test_large_pictures_are_compared_at_256_px():
    def large(styles):
        return draw(styles)[:, :, :1, :1].expand(-1, -1, 512, 512)

    sizes = []

    def watched(pictures, others):
        sizes.append(pictures.shape[-1])
        return squared_difference(pictures, others)

    path_distances(large, torch.zeros(1, 2), torch.ones(1, 2), torch.zeros(1), watched)
    assert sizes == [256]


def test_a_hundredth_is_left_out_at_each_end():
    distances = torch.cat([torch.full((98,), 2.0), torch.tensor([0.0, 1e9])])
    assert perceptual_path_length(distances) == 2


def test_of_a_few_distances_all_count():
    assert perceptual_path_length(torch.tensor([1.0, 3.0])) == 2
