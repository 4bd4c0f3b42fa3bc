import pytest
import torch

from retrato import generation
from retrato.generation import (
    draw_faces,
    draw_latents,
    draw_styles,
    each_face,
    each_picture,
    latent_loop,
    mean_style,
    style_loop,
    style_mixing,
    truncation_sweep,
)
from retrato.networks.dcgan import DCGAN, DCGANConfig
from retrato.networks.stylegan2 import StyleGAN2Config, StyleGAN2Generator

CONFIG = StyleGAN2Config(image_size=32, style_size=8, channel_base=256, channel_max=8, mapping_layers=2, fold=2)


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return StyleGAN2Generator(CONFIG)


@pytest.fixture
def styles(generator, rng):
    return draw_styles(generator, 3, rng)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


# Faces


def test_as_many_faces_are_drawn_as_asked_for(generator, rng):
    assert draw_faces(generator, 3, rng).shape == (3, 3, 32, 32)


def test_faces_stay_in_the_range_of_pictures(generator, rng):
    with torch.no_grad():
        generator.first_to_rgb.bias.fill_(5)
    assert draw_faces(generator, 2, rng).max() == 1


def test_no_faces_are_refused(generator, rng):
    with pytest.raises(ValueError, match="count must be 1 or more, found 0"):
        draw_faces(generator, 0, rng)


@pytest.mark.parametrize("count", [1, 4, 9])
def test_the_first_faces_are_the_same_however_many_are_drawn(generator, count):
    many, few = draw_faces(generator, 19, seeded(5)), draw_faces(generator, count, seeded(5))
    assert torch.allclose(many[:count], few, atol=1e-5)


def test_the_first_latents_are_the_same_for_styles_of_the_published_length():
    torch.manual_seed(0)
    generator = StyleGAN2Generator(StyleGAN2Config(16, 500, 256, 4, mapping_layers=1))  # 500: no multiple of 16
    many, few = draw_styles(generator, 6, seeded(1)), draw_styles(generator, 1, seeded(1))
    assert torch.allclose(many[:1], few, atol=1e-5)


def test_the_size_of_a_batch_changes_no_face(generator, monkeypatch):
    together = draw_faces(generator, 5, seeded(0))
    monkeypatch.setattr(generation, "FACES_AT_ONCE", 2)
    assert torch.allclose(together, draw_faces(generator, 5, seeded(0)), atol=1e-5)


def test_no_more_faces_are_drawn_at_once_than_fit(generator, rng, monkeypatch):
    batches = []
    monkeypatch.setattr(
        generator, "forward", lambda styles: batches.append(len(styles)) or torch.zeros(len(styles), 3, 32, 32)
    )
    draw_faces(generator, 19, rng)
    assert batches == [8, 8, 3]


def test_another_seed_gives_other_faces(generator):
    assert (draw_faces(generator, 1, seeded(0)) - draw_faces(generator, 1, seeded(1))).abs().max() > 0.01


def test_drawing_leaves_no_gradients(generator, rng):
    assert not draw_faces(generator, 1, rng).requires_grad


# Truncation


def test_fully_truncated_faces_are_the_mean_face(generator, rng):
    faces = draw_faces(generator, 2, rng, kept=0.0)
    mean = mean_style(generator)[:, None].expand(-1, CONFIG.style_layers, -1)
    assert torch.allclose(faces, generator(mean).clamp(-1, 1).expand(2, -1, -1, -1), atol=1e-5)


def test_another_mean_may_be_named(generator, rng):
    faces = draw_faces(generator, 1, rng, kept=0.0, mean=torch.full((1, 8), 0.5))
    assert torch.allclose(faces, generator(torch.full((1, CONFIG.style_layers, 8), 0.5)).clamp(-1, 1), atol=1e-5)


def test_the_mean_style_is_always_the_same(generator):
    assert torch.equal(mean_style(generator), mean_style(generator))


def test_the_mean_style_lies_amid_the_styles(generator):
    amid = draw_styles(generator, 2000, seeded(9))[:, 0].mean(0)
    assert torch.allclose(mean_style(generator)[0], amid, atol=0.1)


def test_a_sweep_goes_from_the_mean_to_each_style(styles):
    mean = torch.zeros(1, 8)
    swept = truncation_sweep(styles, mean, [0.0, 0.5, 1.0]).unflatten(0, (3, 3))
    expected = torch.stack([0 * styles, 0.5 * styles, styles], dim=1)
    assert torch.allclose(swept, expected)


# Mixing


def test_a_mixture_has_its_rows_coarse_and_its_columns_fine_styles(generator, styles):
    fine = draw_styles(generator, 2, seeded(7))
    mixed = style_mixing(styles, fine, cut=4).unflatten(0, (3, 2))
    assert torch.equal(mixed[2, 1, :4], styles[2, :4])
    assert torch.equal(mixed[2, 1, 4:], fine[1, 4:])


def test_a_style_mixed_with_itself_is_the_same(styles):
    mixed = style_mixing(styles, styles).unflatten(0, (3, 3))
    assert torch.equal(mixed[1, 1], styles[1])


# Films


def test_a_loop_passes_through_every_style(styles):
    assert torch.allclose(style_loop(styles, 10)[::10], styles)


def test_a_loop_is_half_way_in_the_middle(styles):
    assert torch.allclose(style_loop(styles, 10)[5], (styles[0] + styles[1]) / 2)


def test_a_loop_closes_without_a_jump(styles):
    loop = style_loop(styles, 50)
    steps = (loop.roll(-1, dims=0) - loop).abs().amax((1, 2))
    longest_way = (styles.roll(-1, dims=0) - styles).abs().max()
    # The fastest step of an eased way is pi / 2 times as long as at constant speed.
    assert steps.max() <= longest_way / 50 * torch.pi / 2 + 1e-5


def test_a_loop_is_slow_where_it_turns(styles):
    loop = style_loop(styles, 50)
    assert (loop[51] - loop[50]).abs().max() < 0.1 * (loop[76] - loop[75]).abs().max()


def test_a_loop_without_frames_is_refused(styles):
    with pytest.raises(ValueError, match="frames_between must be 1 or more, found 0"):
        style_loop(styles, 0)


def test_faces_of_a_film_are_drawn_as_they_are_asked_for(generator, styles, monkeypatch):
    drawn = []
    forward = generator.forward
    monkeypatch.setattr(generator, "forward", lambda batch: drawn.append(len(batch)) or forward(batch))
    film = each_face(generator, style_loop(styles, 100))
    next(film)
    assert drawn == [8]


def test_latents_of_a_dcgan_are_the_same_however_many_are_drawn():
    """Evenly from -1 to 1: Radford et al. (2016), section 4."""
    generator = DCGAN(DCGANConfig(32, latent_size=50, channels=2))
    many, few = (draw_latents(generator, count, torch.Generator().manual_seed(0)) for count in (40, 3))
    assert torch.equal(many[:3], few)
    assert (many.min().item(), many.max().item()) == pytest.approx((-1, 1), abs=0.01)
    assert many.var().item() == pytest.approx(1 / 3, abs=0.02)


def test_pictures_of_a_dcgan_do_not_hang_on_how_many_are_drawn():
    torch.manual_seed(0)
    generator = DCGAN(DCGANConfig(32, latent_size=8, channels=2)).eval()
    latents = draw_latents(generator, 10, torch.Generator().manual_seed(0))
    together = torch.stack(list(each_picture(generator, latents)))
    (last,) = each_picture(generator, latents[9:])
    torch.testing.assert_close(together[9], last)


def test_a_walk_through_latents_passes_each_of_them():
    latents = torch.rand(3, 8)
    torch.testing.assert_close(latent_loop(latents, 5)[::5], latents)
