import pytest
import torch

from retrato.errors import UnusableData
from retrato.evaluation.generation import Extent, evaluate_generation, generator_metrics, path_distances_of
from retrato.evaluation.references import read_reference
from retrato.evaluation.sets import SetQuestions
from retrato.evaluation.sources import DCGANSource, StoredFaces, StyleGAN2Source, gather_features
from retrato.metrics.feature_files import write_statistics
from retrato.metrics.features import FeatureKind, FeatureStatistics
from retrato.metrics.metric import Better, Compares, GeneratorMetric
from retrato.metrics.path_length import path_distances, perceptual_path_length
from retrato.metrics.table import metric
from retrato.networks.dcgan import DCGAN, DCGANConfig
from retrato.networks.stylegan2 import StyleGAN2Config, StyleGAN2Generator

KIND = FeatureKind.INCEPTION_768
SHAPE = StyleGAN2Config(image_size=32, style_size=8, channel_base=256, channel_max=8, mapping_layers=2)


def prior():
    return StyleGAN2Source(StyleGAN2Generator(SHAPE).eval().requires_grad_(False), "by chance")


def dcgan():
    return DCGANSource(DCGAN(DCGANConfig(32, latent_size=8, channels=2)).eval().requires_grad_(False), "by chance")


@pytest.fixture
def source():
    torch.manual_seed(0)
    return prior()


@pytest.fixture(params=[prior, dcgan])
def drawing(request):
    torch.manual_seed(0)
    return request.param()


@pytest.fixture
def features(monkeypatch):
    """Inception's place is taken by what needs no file."""
    projection = torch.randn(3, KIND.feature_count, generator=torch.Generator().manual_seed(0))

    def load(kind, device):
        return lambda pictures: pictures.std((2, 3)) @ projection

    monkeypatch.setattr("retrato.evaluation.equipment.load_extractor", load)
    monkeypatch.setattr("retrato.metrics.measuring.find_here", lambda name: name)


SETS = tuple(metric(name) for name in ("fid-768", "kid-768", "precision-768"))


def test_the_same_seed_draws_the_same_faces_however_many(drawing):
    few, many = (torch.stack(list(drawing.draw(count, seed=1))) for count in (2, 5))
    assert torch.equal(few, many[:2])
    assert few.shape == (2, 3, 32, 32)


def test_drawn_faces_are_measured_as_their_files_would_be(drawing):
    levels = (next(drawing.draw(1, seed=0)) + 1) * 127.5
    torch.testing.assert_close(levels, levels.round(), atol=1e-4, rtol=0)


def test_faces_that_were_drawn_before_have_no_distance_to_themselves(features, write_faces, tmp_path):
    source = StoredFaces.of("drawn", write_faces("drawn"))
    found = evaluate_generation(source, SETS, str(tmp_path / "drawn"), Extent(count=100))
    values = {each.metric: each.value for each in found.sets}
    assert values["fid-768"] == pytest.approx(0, abs=1e-3)
    assert values["precision-768"] == 1
    assert (found.count, found.size) == (4, 64)


def test_a_prior_is_compared_with_a_folder(features, source, write_faces, tmp_path):
    write_faces("real")
    found = evaluate_generation(source, SETS, str(tmp_path / "real"), Extent(count=6, seed=2))
    assert {each.metric for each in found.sets} == {"fid-768", "kid-768", "precision-768"}
    assert {each.picture_count for each in found.sets} == {6}
    assert {each.reference_count for each in found.sets} == {4}


def test_of_a_file_of_statistics_only_fid_is_measured_and_the_rest_named(features, source, tmp_path):
    size = KIND.feature_count
    statistics = FeatureStatistics(KIND, "reference", 9, torch.zeros(size).double(), torch.eye(size).double())
    write_statistics(tmp_path / "reference.safetensors", statistics)
    found = evaluate_generation(source, SETS, str(tmp_path / "reference.safetensors"), Extent(count=4))
    assert [each.metric for each in found.sets] == ["fid-768"]
    assert found.missing.keys() == {"kid-768", "precision-768"}


def test_a_reference_without_pictures_is_refused(features, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnusableData, match="no pictures in"):
        read_reference(str(tmp_path / "empty"), SetQuestions(), None)


def path_row(perceptual):
    return GeneratorMetric(
        name="path-length",
        title="",
        unit="",
        better=Better.LOWER,
        compares=Compares.GENERATOR,
        says="",
        does_not_say="",
        source="",
        load=lambda _: lambda draw, starts, ends, ways: path_distances(draw, starts, ends, ways, perceptual),
        summarise=perceptual_path_length,
    )


def test_path_lengths_are_of_small_steps_between_two_styles(source):
    row = path_row(lambda one, other: (one - other).square().mean((1, 2, 3)))
    values = list(path_distances_of(source, row, steps=6, seed=0))
    assert len(values) == 6
    assert all(each > 0 for each in values)


def test_a_prior_that_draws_one_face_has_no_path(source):
    row = path_row(lambda one, _: one.new_zeros(len(one)))
    found = evaluate_generation(source, (row,), "targets", Extent(count=2, steps=3))
    assert (found.path_length.value, found.path_length.steps) == (0, 3)


def test_what_draws_without_styles_is_compared_with_a_folder(features, write_faces, tmp_path):
    write_faces("real")
    found = evaluate_generation(dcgan(), SETS, str(tmp_path / "real"), Extent(count=4, seed=2))
    assert {each.metric for each in found.sets} == {"fid-768", "kid-768", "precision-768"}


def test_a_path_is_asked_for_of_a_prior_alone(source, write_faces):
    def asked(source, steps):
        return "path-length" in {each.name for each in generator_metrics(source, Extent(2, steps=steps))}

    assert asked(source, 1)
    assert not asked(source, 0)
    assert not asked(StoredFaces.of("drawn", write_faces("drawn")), 1)


def test_only_one_kind_of_features_is_asked_for(monkeypatch, source):
    def here(*names):
        monkeypatch.setattr("retrato.metrics.measuring.find_here", lambda name: name if name in names else None)
        return {each.name for each in generator_metrics(source, Extent(2))}

    assert "fid" in here("inception-2015")
    assert "fid" in here()
    assert "fid-768" in here("inception-2015-768")
    assert "fid" not in here("inception-2015-768")


def test_features_are_gathered_of_every_kind_that_is_asked_for(source):
    questions = SetQuestions((metric("kid-768"),), {KIND: lambda pictures: pictures.mean((2, 3))})
    (found,) = gather_features(source.draw(3, 0), "drawn", questions)
    assert found.found().picture_count == 3
