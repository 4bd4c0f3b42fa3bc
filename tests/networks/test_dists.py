import json

import pytest
import torch

from doubles import REFERENCE, by_chance
from published_trunks import published_parts
from retrato.networks.dists import CHANNELS
from retrato.networks.lpips import TrunkKind
from retrato.weights.judges import load_dists

EXPECTED = json.loads((REFERENCE / "metric_networks.json").read_text())["dists"]


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Read from files with the published names, weights by chance."""
    folder = tmp_path_factory.mktemp("dists")
    torch.save(published_parts(TrunkKind.VGG16)[0], folder / "trunk.pth")
    counts = {name: by_chance(name, (1, sum(CHANNELS), 1, 1)).abs() for name in ("alpha", "beta")}
    torch.save(counts, folder / "counts.pt")
    with pytest.MonkeyPatch.context() as patch:
        files = {"vgg16": folder / "trunk.pth", "dists": folder / "counts.pt"}
        patch.setattr("retrato.weights.judges.find_weights", files.__getitem__)
        return load_dists()


def test_gives_what_the_published_package_gives(network, two_pairs):
    assert network(*two_pairs).tolist() == pytest.approx(EXPECTED, rel=1e-3)


def test_equal_pictures_are_no_distance_apart(network, two_pairs):
    assert network(two_pairs[0], two_pairs[0]).tolist() == pytest.approx([0, 0], abs=1e-5)
