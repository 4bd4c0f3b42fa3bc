from dataclasses import replace

import pytest
import torch

from retrato.degradation import HEAVY, LIGHT, PAPER, DegradationRanges, degrade, draw
from retrato.metrics import psnr


def test_the_same_seed_draws_the_same_record_and_gives_the_same_pictures(faces):
    first = degrade(faces, draw(torch.Generator().manual_seed(3), 4))
    second = degrade(faces, draw(torch.Generator().manual_seed(3), 4))
    assert torch.equal(first[0], second[0])


def test_what_happens_to_a_picture_does_not_hang_on_its_batch(faces, rng):
    record = draw(rng, 4)
    together, _ = degrade(faces, record)
    alone = torch.cat([degrade(faces[i : i + 1], record[torch.tensor([i])])[0] for i in range(4)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1.5 / 127.5)


def test_draws_stay_in_their_ranges(rng):
    record = draw(rng, 4000, PAPER)
    for values, (low, high) in (
        (record.blur_sigma, PAPER.blur_sigma),
        (record.shrink, PAPER.shrink),
        (record.noise_sigma, PAPER.noise_sigma),
        (record.jpeg_quality, PAPER.jpeg_quality),
    ):
        assert low <= values.min() < low + (high - low) / 20
        assert high - (high - low) / 20 < values.max() <= high


def test_half_of_the_blurs_are_round(rng):
    record = draw(rng, 4000, PAPER)
    assert (record.blur_sigma[:, 0] == record.blur_sigma[:, 1]).float().mean() == pytest.approx(0.5, abs=0.03)


def test_heavier_degradation_loses_more(faces):
    losses = [
        psnr(degrade(faces, draw(torch.Generator().manual_seed(0), 4, ranges))[0], faces).mean()
        for ranges in (LIGHT, PAPER, HEAVY)
    ]
    assert losses == sorted(losses, reverse=True)


def test_untouched_pictures_stay_as_they_are(faces, rng):
    degraded, target = degrade(faces, draw(rng, 4, DegradationRanges(untouched_share=1.0, grey_share=0.0)))
    assert torch.equal(degraded, faces)
    assert torch.equal(target, faces)


def test_a_grey_picture_has_a_grey_target_and_no_coloured_noise(faces, rng):
    degraded, target = degrade(faces, draw(rng, 4, DegradationRanges(grey_share=1.0)))
    assert (target.amax(1) - target.amin(1)).max() < 1e-6
    assert (degraded.amax(1) - degraded.amin(1)).max() <= 2.5 / 127.5


def test_nothing_but_rounding_happens_at_the_mild_ends(faces, rng):
    nothing = replace(
        draw(rng, 4),
        blur_sigma=torch.zeros(4, 2),
        shrink=torch.ones(4),
        noise_sigma=torch.zeros(4),
        jpeg_quality=torch.full((4,), 100.0),
        is_grey=torch.zeros(4, dtype=torch.bool),
    )
    degraded, _ = degrade(faces, nothing, face_size=512.0)
    assert psnr(degraded, faces).min() > 30  # what halving the colour's resolution costs


def test_whole_photos_can_be_degraded(astronaut, rng):
    photo = torch.from_numpy(astronaut[:200, :300].copy()).permute(2, 0, 1)[None] / 127.5 - 1
    degraded, _ = degrade(photo, draw(rng, 1), face_size=150.0)
    assert degraded.shape == photo.shape
    assert 10 < psnr(degraded, photo).item() < 40


def test_a_face_ends_up_as_small_as_the_record_says_whatever_its_size(faces, rng):
    large = torch.nn.functional.interpolate(faces, scale_factor=4, mode="bicubic").clamp(-1, 1)
    medium = torch.nn.functional.interpolate(large, scale_factor=0.5, mode="area")
    record = replace(draw(rng, 4), shrink=torch.full((4,), 8.0), noise_sigma=torch.zeros(4), is_grey=torch.zeros(4) > 1)
    shrunk = torch.nn.functional.interpolate(degrade(large, record)[0], scale_factor=0.5, mode="area")
    assert psnr(degrade(medium, record)[0], shrunk).min() > 30
