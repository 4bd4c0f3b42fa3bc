import math
from dataclasses import replace

import pytest
import torch

from retrato.degradation import ColourRanges, DegradationRanges, LightRanges, OldPhotoRanges, Preset, degrade, draw
from retrato.degradation.light import LightRecord, lit
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
    record = draw(rng, 4000).capture
    for values, (low, high) in (
        (record.blur_sigma, DegradationRanges().blur_sigma),
        (record.shrink, DegradationRanges().shrink),
        (record.noise_sigma, DegradationRanges().noise_sigma),
        (record.jpeg_quality, DegradationRanges().jpeg_quality),
    ):
        assert low <= values.min() < low + (high - low) / 20
        assert high - (high - low) / 20 < values.max() <= high


def test_half_of_the_blurs_are_round(rng):
    record = draw(rng, 4000).capture
    assert (record.blur_sigma[:, 0] == record.blur_sigma[:, 1]).float().mean() == pytest.approx(0.5, abs=0.03)


def test_heavier_degradation_loses_more(faces):
    losses = [
        psnr(degrade(faces, draw(torch.Generator().manual_seed(0), 4, preset.ranges))[0], faces).mean()
        for preset in (Preset.LIGHT, Preset.PAPER, Preset.HEAVY)
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
    record = draw(rng, 4, DegradationRanges(grey_share=0.0))
    nothing = replace(
        record.capture,
        blur_sigma=torch.zeros(4, 2),
        shrink=torch.ones(4),
        noise_sigma=torch.zeros(4),
        jpeg_quality=torch.full((4,), 100.0),
    )
    record = replace(record, capture=nothing)
    degraded, _ = degrade(faces, record, face_size=512.0)
    assert psnr(degraded, faces).min() > 30  # what halving the colour's resolution costs


def test_whole_photos_can_be_degraded(astronaut, rng):
    photo = torch.from_numpy(astronaut[:200, :300].copy()).permute(2, 0, 1)[None] / 127.5 - 1
    degraded, _ = degrade(photo, draw(rng, 1), face_size=150.0)
    assert degraded.shape == photo.shape
    assert 10 < psnr(degraded, photo).item() < 40


def test_a_face_ends_up_as_small_as_the_record_says_whatever_its_size(faces, rng):
    large = torch.nn.functional.interpolate(faces, scale_factor=4, mode="bicubic").clamp(-1, 1)
    medium = torch.nn.functional.interpolate(large, scale_factor=0.5, mode="area")
    record = draw(rng, 4, DegradationRanges(grey_share=0.0, shrink=(8.0, 8.0), noise_sigma=(0.0, 0.0)))
    shrunk = torch.nn.functional.interpolate(degrade(large, record)[0], scale_factor=0.5, mode="area")
    assert psnr(degrade(medium, record)[0], shrunk).min() > 30


EVERYTHING = OldPhotoRanges(
    share=1.0,
    grain_share=1.0,
    halftone_share=1.0,
    paper_share=1.0,
    stains_share=1.0,
    dust_share=1.0,
    scratches_share=1.0,
)


def test_an_old_photo_does_not_hang_on_its_batch_either(faces, rng):
    record = draw(rng, 4, DegradationRanges(old_photo=EVERYTHING, uneven_share=0.5))
    together, _ = degrade(faces, record)
    alone = torch.cat([degrade(faces[i : i + 1], record[i : i + 1])[0] for i in range(4)])
    assert (together - alone).abs().mean() < 0.1 / 127.5


def test_pictures_that_are_not_old_are_as_without_old_photos(faces):
    def degraded(ranges):
        return degrade(faces, draw(torch.Generator().manual_seed(0), 4, ranges))[0]

    old = degraded(DegradationRanges(old_photo=replace(EVERYTHING, share=0.5)))
    plain = degraded(DegradationRanges())
    same = [torch.equal(one, other) for one, other in zip(old, plain, strict=True)]
    assert True in same
    assert False in same


@pytest.mark.parametrize(
    "effect",
    [
        {"grain_share": 1.0},
        {"halftone_share": 1.0},
        {"paper_share": 1.0},
        {"stains_share": 1.0},
        {"dust_share": 1.0, "dust_rarity": (2.0, 2.5)},
        {"scratches_share": 1.0},
    ],
)
def test_each_effect_of_age_takes_the_picture_further_from_its_target(faces, effect):
    none = OldPhotoRanges(
        share=1.0, grain_share=0.0, halftone_share=0.0, paper_share=0.0, stains_share=0.0, dust_share=0.0,
        scratches_share=0.0,
    )  # fmt: skip

    def closeness(old_photo):
        ranges = DegradationRanges((0.1, 0.2), 0.5, (1.0, 1.0), (0.0, 0.0), (95.0, 100.0), old_photo=old_photo)
        return psnr(*degrade(faces, draw(torch.Generator().manual_seed(1), 4, ranges)))

    assert closeness(replace(none, **effect)).mean() < closeness(none).mean() - 0.5


def test_a_print_keeps_its_tone_in_the_target(faces, rng):
    old = OldPhotoRanges(share=1.0, monochrome_share=1.0, sepia=(1.0, 1.0), lightest=(1.0, 1.0), gamma=(1.0, 1.0))
    degraded, target = degrade(faces, draw(rng, 4, DegradationRanges(old_photo=old)))
    for pictures in (degraded, target):
        red, _, blue = pictures.mean((2, 3)).unbind(1)
        assert (red > blue + 0.05).all()


def test_untouched_pictures_are_not_old(faces, rng):
    degraded, target = degrade(faces, draw(rng, 4, DegradationRanges(untouched_share=1.0, old_photo=EVERYTHING)))
    assert torch.equal(degraded, target)


def test_the_published_colour_changes_leave_the_target_alone(faces, rng):
    ranges = DegradationRanges(
        grey_share=1.0, grey_target=False, colour=ColourRanges(shift_share=1.0, jitter_share=1.0)
    )
    degraded, target = degrade(faces, draw(rng, 4, ranges))
    assert torch.equal(target, faces)
    assert (degraded.amax(1) - degraded.amin(1)).max() < 1e-5  # grey comes after the shift, so nothing is tinted


def test_haze_makes_pictures_paler(faces):
    def lightness(share):
        ranges = DegradationRanges(haze_share=share)
        return degrade(faces, draw(torch.Generator().manual_seed(0), 4, ranges))[0].mean()

    assert lightness(1.0) > lightness(0.0) + 0.05


def test_an_uneven_picture_differs_within_a_square_alone(faces):
    def degraded(share):
        record = draw(torch.Generator().manual_seed(0), 4, DegradationRanges(uneven_share=share))
        return degrade(faces, record)[0], record

    (plain, _), (uneven, record) = degraded(0.0), degraded(1.0)
    for index in range(4):
        rows, columns = (plain[index] != uneven[index]).any(0).nonzero().unbind(1)
        left, top, side = (record.square[index] * 64).tolist()
        assert top - 1 <= rows.min() <= rows.max() <= top + side
        assert left - 1 <= columns.min() <= columns.max() <= left + side


def test_a_shifted_face_shifts_its_target_too(faces, rng):
    record = draw(rng, 4, DegradationRanges(shift_share=1.0, untouched_share=0.0))
    record = replace(record, shift=torch.tensor([[32.0, -16.0]] * 4), is_grey=torch.zeros(4) > 1)
    _, target = degrade(faces, record)
    torch.testing.assert_close(target[:, :, :-2, 4:], faces[:, :, 2:, :-4], rtol=0, atol=0)


def test_light_falls_on_faces_and_on_their_targets(faces):
    def degraded(share):
        light = LightRanges(share, factor=(0.5, 0.5))
        ranges = DegradationRanges(grey_share=0.0, untouched_share=0.5, light=light)
        record = draw(torch.Generator().manual_seed(0), 8, ranges)
        return *degrade(faces.repeat(2, 1, 1, 1), record), record

    (plain, target, _), (dim, dim_target, record) = degraded(0.0), degraded(1.0)
    torch.testing.assert_close(dim_target, (target + 1) / 2 - 1)
    assert torch.equal(dim[record.is_untouched], dim_target[record.is_untouched])
    touched = ~record.is_untouched
    brightness, before = ((each[touched] + 1).mean((1, 2, 3)) for each in (dim, plain))
    torch.testing.assert_close(brightness, before / 2, rtol=0.05, atol=0)


def test_light_changes_from_one_end_of_the_face_to_the_other():
    red, blue = [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]
    record = LightRecord(torch.tensor([[red, blue]]), torch.tensor([math.pi / 2]))
    white = lit(torch.ones(1, 3, 9, 9), record)
    torch.testing.assert_close(white[0, :, 4, 4], torch.tensor([0.0, -1.0, 0.0]))
    above, below = white[0, :, 0, 4], white[0, :, 8, 4]
    assert above[0] > 0.5
    assert above[2] < -0.5
    torch.testing.assert_close(above.flip(0), below)
    torch.testing.assert_close(white, white[..., 4:5].expand_as(white))  # it changes downwards alone


def test_every_preset_gives_pictures(faces, rng):
    for preset in Preset:
        degraded, target = degrade(faces, draw(rng, 4, preset.ranges))
        assert degraded.isfinite().all()
        assert degraded.abs().max() <= 1
        assert target.abs().max() <= 1 + 1e-6


@pytest.mark.parametrize("shape", [(1, 1), (3, 50)])
def test_the_smallest_pictures_can_be_old(rng, shape):
    record = draw(rng, 4, DegradationRanges(old_photo=EVERYTHING))
    degraded, _ = degrade(torch.zeros(4, 3, *shape), record, face_size=512.0)
    assert degraded.isfinite().all()
