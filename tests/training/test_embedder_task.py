import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from doubles import TINY_EMBEDDER_TASK, a_batch, gradients, straight_and_resumed, tiny_embedder_task
from retrato.degradation import degrade
from retrato.errors import UnusableSetting, UnusableWeights
from retrato.images.tensors import from_levels
from retrato.networks.mobilefacenet import MobileFaceNetConfig
from retrato.precision import Precision
from retrato.training.build import build_task, judging_weights, start_from
from retrato.training.division import Division
from retrato.training.recipes import recipe
from retrato.training.tasks.views import KINDS, ViewRanges, draw_two_views, two_views
from retrato.weights.embedders import load_embedder, read_embedder
from retrato.weights.store import write_weights

CPU = torch.device("cpu")
UNTOUCHED = ViewRanges(0.0, 0.0, 0.0, 0.0, moved_share=0.0, mixed_share=0.0)


def step(task, batch, iteration=0):
    return task.step(batch, torch.Generator().manual_seed(iteration), iteration, 1.0)


def views_of(pictures, ranges, seed=0):
    record = draw_two_views(torch.Generator().manual_seed(seed), len(pictures), ranges)
    return two_views(pictures, record, CPU), record


@pytest.mark.parametrize("precision", Precision)
def test_all_terms_of_a_step_are_numbers_and_everything_learns(precision):
    task = tiny_embedder_task(replace(TINY_EMBEDDER_TASK, precision=precision))
    before = [each.clone() for each in task.embedder.network.parameters()]
    terms = step(task, a_batch(4))
    assert {"loss/identity", "loss/likeness", "loss/relation"} <= terms.keys()
    assert all(each.isfinite() for each in terms.values())
    assert not any(
        torch.equal(*pair) for pair in zip(before, task.embedder.network.parameters(), strict=True) if pair[0].any()
    )


def test_the_embedder_comes_closer_to_its_teacher_and_the_teacher_stays():
    task = tiny_embedder_task(replace(TINY_EMBEDDER_TASK, views=UNTOUCHED))
    teacher = {name: each.clone() for name, each in task.teacher.state_dict().items()}
    batch = a_batch(8)
    losses = [float(step(task, batch, iteration)["loss/identity"]) for iteration in range(12)]
    assert losses[-1] < losses[0] - 0.05
    assert all(torch.equal(teacher[name], each) for name, each in task.teacher.state_dict().items())


def test_the_numbers_of_a_step_are_those_of_the_formulas():
    task = tiny_embedder_task(replace(TINY_EMBEDDER_TASK, views=UNTOUCHED))
    batch = a_batch(4)
    mirrored, _ = views_of(batch.pictures, UNTOUCHED)
    with torch.no_grad():
        wanted, found = task.teacher(mirrored), task.embedder.network(mirrored)
    terms = step(task, batch)
    cosines, wanted_cosines = (each @ each.T for each in (found, wanted))
    assert float(terms["loss/identity"]) == pytest.approx(
        1 - float(F.cosine_similarity(found, wanted).mean()), abs=1e-4
    )
    assert float(terms["loss/relation"]) == pytest.approx(4 * float(((cosines - wanted_cosines) ** 2).mean()), rel=1e-3)
    assert float(terms["loss/likeness"]) == pytest.approx(0, abs=1e-6)  # both looks are the same picture


def test_a_batch_can_be_divided_into_parts():
    terms = step(tiny_embedder_task(division=Division(parts=2)), a_batch(8))
    assert all(each.isfinite() for each in terms.values())


def test_two_processes_draw_for_the_whole_batch_and_take_their_shares():
    """The second process's faces are mirrored, moved and degraded as they are when one process has the whole batch."""
    ranges = replace(ViewRanges(), mixed_share=0.0)
    pictures = a_batch(6, size=48).pictures
    whole, record = views_of(pictures, ranges)
    division = Division(processes=2, process=1)
    share = two_views(division.share(pictures), division.share(record), CPU)
    torch.testing.assert_close(share, torch.cat([each[1::2] for each in whole.chunk(2)]))


def test_a_resumed_task_goes_on_as_it_would_have():
    straight, resumed = straight_and_resumed(tiny_embedder_task, a_batch(4), step)
    for name, tensor in straight.embedder.network.state_dict().items():
        assert torch.equal(tensor, resumed.embedder.network.state_dict()[name]), name
    assert all(each is not None for each in gradients(resumed).values())


def test_its_weights_can_be_read_back_used_and_begin_another(tmp_path, faces):
    task = tiny_embedder_task()
    step(task, a_batch(4))
    file = tmp_path / "embedder.safetensors"
    write_weights(file, task.weights())
    expected = task.embedder.average(faces)
    torch.testing.assert_close(load_embedder(file)(faces), expected, rtol=0, atol=1e-5)
    other = tiny_embedder_task()
    start_from(other, str(file))
    torch.testing.assert_close(other.embedder.average(faces), expected)


def test_weights_of_another_shape_are_refused_as_a_beginning(tmp_path):
    write_weights(tmp_path / "w.safetensors", tiny_embedder_task().weights())
    other = tiny_embedder_task(replace(TINY_EMBEDDER_TASK, network=MobileFaceNetConfig(first_channels=8)))
    with pytest.raises(UnusableWeights, match=r"first_channels 4 \(the recipe: 8\)"):
        start_from(other, str(tmp_path / "w.safetensors"))


def test_a_score_is_nought_for_the_teacher_itself_and_worse_for_weights_by_chance(faces):
    task = tiny_embedder_task()
    pictures = ((faces + 1) * 127.5).round().to(torch.uint8)
    assert task.score(pictures) > 0.01
    task.embedder.average = task.teacher
    assert task.score(pictures) == pytest.approx(0, abs=1e-6)


def test_a_preview_has_a_row_of_good_faces_and_one_for_each_strength(faces):
    task = tiny_embedder_task()
    pictures = ((faces + 1) * 127.5).round().to(torch.uint8)
    sheet = task.preview(pictures)
    assert sheet.shape == (4 * 64, 4 * 64, 3)
    task.embedder.average = task.teacher
    teacher_bar, own_bar = ((task.preview(pictures)[64 + row, :64].max(1) > 128).sum() for row in (64 - 8, 64 - 3))
    assert teacher_bar == own_bar > 0


def test_untouched_views_are_the_faces_themselves_both_mirrored_or_neither():
    pictures = a_batch(8).pictures
    views, record = views_of(pictures, UNTOUCHED)
    first, second = views.chunk(2)
    faces = from_levels(pictures)
    assert torch.equal(first, second)
    assert 0 < record.is_mirrored.sum() < 8
    assert torch.equal(first[record.is_mirrored], faces.flip(3)[record.is_mirrored])
    assert torch.equal(first[~record.is_mirrored], faces[~record.is_mirrored])


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_a_degraded_view_is_what_its_preset_makes_of_the_face(kind):
    shares = [float(index == kind) for index in range(len(KINDS))]
    pictures = a_batch(2, size=48).pictures
    views, record = views_of(pictures, replace(UNTOUCHED, **dict(zip(names_of_shares(), shares, strict=True))))
    faces = torch.where(record.is_mirrored[:, None, None, None], from_levels(pictures).flip(3), from_levels(pictures))
    torch.testing.assert_close(views[:2], degrade(faces, record.first.degradations[kind])[0])


def names_of_shares():
    return ("light_share", "paper_share", "heavy_share", "old_photo_share")


def test_kinds_come_as_often_as_asked_for():
    record = draw_two_views(torch.Generator().manual_seed(0), 20_000, ViewRanges())
    found = [float((record.first.kind == kind).float().mean()) for kind in range(len(KINDS) + 1)]
    wanted = [*ViewRanges().shares, 1 - sum(ViewRanges().shares)]
    assert found == pytest.approx(wanted, abs=0.015)


def test_a_mixed_view_is_the_weighted_mean_of_a_face_and_the_next():
    pictures = a_batch(4).pictures
    plain, _ = views_of(pictures, UNTOUCHED)
    mixed, record = views_of(pictures, replace(UNTOUCHED, mixed_share=1.0))
    mix = record.first.mix[:, None, None, None]
    torch.testing.assert_close(mixed[:4], (1 - mix) * plain[:4] + mix * plain[[1, 2, 3, 0]])


def moved(ranges, field, value):
    """A white dot in a face of 64 px, a quarter to the right of its middle, after one kind of movement."""
    pictures = torch.zeros(1, 3, 64, 64, dtype=torch.uint8)
    pictures[:, :, 30:34, 46:50] = 255
    _, record = views_of(pictures, ranges)
    still = replace(record.first, turn=torch.zeros(1), zoom=torch.ones(1), shift=torch.zeros(1, 2))
    record = replace(record, is_mirrored=torch.tensor([False]), first=replace(still, **{field: torch.tensor([value])}))
    dot = two_views(pictures, record, CPU)[0, 0] + 1
    places = torch.arange(64) + 0.5
    return float((dot.sum(0) * places).sum() / dot.sum()), float((dot.sum(1) * places).sum() / dot.sum())


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("shift", [0.1, -0.2], (48 + 6.4, 32 - 12.8)),
        ("zoom", 1.25, (32 + 16 * 1.25, 32)),
        ("turn", math.pi / 6, (32 + 16 * math.cos(math.pi / 6), 32 - 16 * math.sin(math.pi / 6))),
    ],
)
def test_a_moved_face_is_where_the_record_says(field, value, place):
    assert moved(UNTOUCHED, field, value) == pytest.approx(place, abs=0.3)


def test_shares_above_one_are_refused():
    with pytest.raises(ValueError, match="at most 1"):
        ViewRanges(light_share=0.9)


def test_tiny_faces_are_refused():
    with pytest.raises(UnusableSetting, match=r"task.image_size is 16"):
        build_task(replace(TINY_EMBEDDER_TASK, image_size=16), CPU, Division())


def test_the_recipe_s_file_has_at_most_two_megabytes_and_needs_the_teacher(tmp_path):
    chosen = recipe("mobilefacenet-compact")
    task = tiny_embedder_task(chosen.task)
    write_weights(tmp_path / "w.safetensors", task.weights(), torch.float16)
    assert (tmp_path / "w.safetensors").stat().st_size <= 2_000_000
    assert judging_weights(chosen.task) == ["mobilefacenet"]
    assert read_embedder(tmp_path / "w.safetensors").config == chosen.task.network
