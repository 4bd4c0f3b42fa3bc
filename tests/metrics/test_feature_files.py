import numpy as np
import pytest
import torch

from retrato.errors import UnusableWeights
from retrato.metrics.feature_files import read_published_statistics, read_statistics, write_statistics
from retrato.metrics.features import FeatureKind, FeatureStatistics

KIND = FeatureKind.INCEPTION_768
MEAN, COVARIANCE = torch.arange(768.0, dtype=torch.float64), torch.eye(768, dtype=torch.float64)
STATISTICS = FeatureStatistics(KIND, "some faces", 12, MEAN, COVARIANCE)


def same(one, other):
    assert (one.kind, one.set_name, one.picture_count) == (other.kind, other.set_name, other.picture_count)
    assert torch.equal(one.mean, other.mean)
    assert torch.equal(one.covariance, other.covariance)


def test_what_is_written_is_read(tmp_path):
    write_statistics(tmp_path / "faces.safetensors", STATISTICS)
    same(read_statistics(tmp_path / "faces.safetensors"), STATISTICS)


def test_statistics_of_basicsr_are_read(tmp_path):
    content = {"name": "FFHQ", "size": 512, "mean": MEAN.numpy(), "cov": COVARIANCE.numpy()}
    torch.save(content, tmp_path / "faces.pth")
    found = read_published_statistics(tmp_path / "faces.pth", KIND, "FFHQ")
    same(found, FeatureStatistics(KIND, "FFHQ", None, MEAN, COVARIANCE))


def test_statistics_of_pytorch_fid_are_read(tmp_path):
    np.savez(tmp_path / "faces.npz", mu=MEAN.numpy(), sigma=COVARIANCE.numpy())
    found = read_published_statistics(tmp_path / "faces.npz", KIND, "FFHQ")
    same(found, FeatureStatistics(KIND, "FFHQ", None, MEAN, COVARIANCE))


def test_statistics_of_other_features_are_refused(tmp_path):
    np.savez(tmp_path / "faces.npz", mu=MEAN.numpy(), sigma=COVARIANCE.numpy())
    with pytest.raises(UnusableWeights, match="2048 features"):
        read_published_statistics(tmp_path / "faces.npz", FeatureKind.INCEPTION_2048, "FFHQ")


def test_other_arrays_are_refused(tmp_path):
    np.savez(tmp_path / "faces.npz", activations=np.zeros(3))
    with pytest.raises(UnusableWeights, match="only activations"):
        read_published_statistics(tmp_path / "faces.npz", KIND, "FFHQ")


def test_values_that_are_no_numbers_are_refused(tmp_path):
    np.savez(tmp_path / "faces.npz", mu=MEAN.numpy() * np.nan, sigma=COVARIANCE.numpy())
    with pytest.raises(UnusableWeights, match="not numbers"):
        read_published_statistics(tmp_path / "faces.npz", KIND, "FFHQ")


@pytest.mark.parametrize("content", [b"", b"not statistics", b"PK\x03\x04broken"])
def test_what_is_no_file_of_statistics_is_refused(tmp_path, content):
    (tmp_path / "faces.safetensors").write_bytes(content)
    with pytest.raises(UnusableWeights, match=r"faces\.safetensors"):
        read_statistics(tmp_path / "faces.safetensors")
    (tmp_path / "faces.npz").write_bytes(content)
    with pytest.raises(UnusableWeights, match=r"faces\.npz"):
        read_published_statistics(tmp_path / "faces.npz", KIND, "FFHQ")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnusableWeights, match="none"):
        read_statistics(tmp_path / "none.safetensors")
