"""How each metric is made ready: its networks loaded, on a device."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from retrato.faces.mtcnn import MTCNNDetector
from retrato.metrics.identity import Embeddings, angles, cosines
from retrato.metrics.landmarks import FiveLandmarkDistance
from retrato.metrics.metric import PairMeasure, PathMeasure, PictureMeasure
from retrato.metrics.niqe import NIQE
from retrato.metrics.path_length import path_distances
from retrato.networks.adaface import Depth
from retrato.networks.lpips import TrunkKind
from retrato.shapes import PerPicture, Pictures
from retrato.weights.embedders import load_embedder
from retrato.weights.judges import load_adaface, load_arcface, load_dists, load_lpips, load_mobilefacenet

PairLoader = Callable[[torch.device], PairMeasure]
PictureLoader = Callable[[torch.device], PictureMeasure]


def pair_formula(measure: PairMeasure) -> PairLoader:
    """A metric that needs no network."""
    return lambda device: _comparing(measure, device)


def picture_formula(measure: PictureMeasure) -> PictureLoader:
    """A metric that needs no network."""

    def load(device: torch.device) -> PictureMeasure:
        return torch.no_grad()(lambda pictures: measure(pictures.to(device)).cpu())

    return load


def lpips_on(kind: TrunkKind) -> PairLoader:
    """LPIPS on that trunk."""
    return lambda device: _comparing(_placed(load_lpips(kind), device), device)


def dists(device: torch.device) -> PairMeasure:
    """DISTS."""
    return _comparing(_placed(load_dists(), device), device)


def mobilefacenet_cosine(device: torch.device) -> PairMeasure:
    """Cosine between MobileFaceNet's embeddings."""
    return _of_embeddings(load_mobilefacenet(), cosines, device)


def compact_cosine(device: torch.device) -> PairMeasure:
    """Cosine between the bundled embedder's embeddings."""
    return _of_embeddings(load_embedder(), cosines, device)


def arcface_angle(device: torch.device) -> PairMeasure:
    """Angle between the embeddings of papers' ArcFace-18."""
    return _of_embeddings(load_arcface("arcface-deg"), angles, device)


def adaface_cosine(depth: Depth) -> PairLoader:
    """Cosine between AdaFace's embeddings."""
    return lambda device: _of_embeddings(load_adaface(depth), cosines, device)


def landmark_distance(device: torch.device) -> PairMeasure:
    """Between landmarks of the bundled detector."""
    return FiveLandmarkDistance(MTCNNDetector.bundled(device))


def niqe(device: torch.device) -> PictureMeasure:  # noqa: ARG001 (float64, which not every device has)
    """NIQE with the published statistics, on the CPU."""
    return NIQE.published()


def path_measure(device: torch.device) -> PathMeasure:
    """Path distances seen by LPIPS on VGG-16."""
    return partial(path_distances, perceptual=lpips_on(TrunkKind.VGG16)(device))


def _placed(network: nn.Module, device: torch.device) -> nn.Module:
    # Channels last is what convolutions are fastest in, on CPUs and GPUs alike.
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]


def _comparing(measure: Callable[[Pictures, Pictures], Tensor], device: torch.device) -> PairMeasure:
    @torch.no_grad()
    def compare(pictures: Pictures, targets: Pictures) -> PerPicture:
        return measure(pictures.to(device), targets.to(device)).cpu()

    return compare


def _of_embeddings(
    network: nn.Module, compare: Callable[[Embeddings, Embeddings], PerPicture], device: torch.device
) -> PairMeasure:
    placed = _placed(network, device)

    def measure(pictures: Pictures, targets: Pictures) -> PerPicture:
        return compare(placed(pictures).cpu(), placed(targets).cpu())

    return _comparing(measure, device)
