"""MTCNN (Zhang et al., 2016): three small networks that find faces, each surer than the one before.

The first looks at every window of a picture, the second and the third at what the one before let through. The layers
are those of the published Caffe networks, whose pooling rounds sizes up.
"""

from jaxtyping import Float
from torch import Tensor, nn

from retrato.shapes import Pictures

WINDOW_SIZE = 12
"""Width and height in pixels of a window of the proposal network."""

WINDOW_STEP = 2
"""Pixels from one window to the next."""

REFINEMENT_SIZE = 24
"""Width and height of the refinement network's pictures."""

OUTPUT_SIZE = 48
"""Width and height of the output network's pictures."""

Probabilities = Float[Tensor, " n"]
Offsets = Float[Tensor, "n 4"]
"""From each edge of a window to the face's left, top, right and bottom, in widths and heights of the window."""
Points = Float[Tensor, "n 5 2"]
"""(x, y) of the landmarks; (0, 0) is the window's upper left corner and (1, 1) its lower right."""


class MTCNN(nn.Module):
    """The three networks as one module, for their weights are published and used together."""

    def __init__(self) -> None:
        super().__init__()
        self.proposal = ProposalNetwork()
        self.refinement = RefinementNetwork()
        self.output = OutputNetwork()


class ProposalNetwork(nn.Module):
    """Judges every window of pictures of any size of at least 12 px."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*convolution(3, 10, 3), pool(2), *convolution(10, 16, 3), *convolution(16, 32, 3))
        self.offsets = nn.Conv2d(32, 4, 1)
        self.is_face = nn.Conv2d(32, 2, 1)

    def forward(self, pictures: Pictures) -> tuple[Float[Tensor, "n rows columns"], Float[Tensor, "n 4 rows columns"]]:
        """Probability of a face, and where it is, for each window; they are `WINDOW_STEP` pixels apart."""
        features = self.trunk(as_trained(pictures))
        return self.is_face(features).softmax(1)[:, 1], self.offsets(features)


class RefinementNetwork(nn.Module):
    """Judges pictures of 24 px again."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *(*convolution(3, 28, 3), pool(3)),
            *(*convolution(28, 48, 3), pool(3)),
            *convolution(48, 64, 2),
            *dense(64 * 3 * 3, 128),
        )
        self.offsets = nn.Linear(128, 4)
        self.is_face = nn.Linear(128, 2)

    def forward(self, pictures: Float[Tensor, "n 3 24 24"]) -> tuple[Probabilities, Offsets]:
        """Probability of a face, and where it is."""
        features = self.trunk(as_trained(pictures))
        return self.is_face(features).softmax(1)[:, 1], self.offsets(features)


class OutputNetwork(nn.Module):
    """Judges pictures of 48 px for good, and finds the landmarks."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *(*convolution(3, 32, 3), pool(3)),
            *(*convolution(32, 64, 3), pool(3)),
            *(*convolution(64, 64, 3), pool(2)),
            *convolution(64, 128, 2),
            *dense(128 * 3 * 3, 256),
        )
        self.offsets = nn.Linear(256, 4)
        self.landmarks = nn.Linear(256, 10)
        self.is_face = nn.Linear(256, 2)

    def forward(self, pictures: Float[Tensor, "n 3 48 48"]) -> tuple[Probabilities, Offsets, Points]:
        """Probability of a face, where it is, and where its landmarks are."""
        features = self.trunk(as_trained(pictures))
        landmarks = self.landmarks(features).unflatten(1, (2, 5)).transpose(1, 2)  # all x, then all y -> (N, 5, 2)
        return self.is_face(features).softmax(1)[:, 1], self.offsets(features), landmarks


def convolution(inputs: int, outputs: int, size: int) -> tuple[nn.Module, nn.Module]:
    """A convolution without padding, and its activation."""
    return nn.Conv2d(inputs, outputs, size), nn.PReLU(outputs)


def dense(inputs: int, outputs: int) -> tuple[nn.Module, nn.Module, nn.Module]:
    """A fully connected layer over all positions, and its activation."""
    return nn.Flatten(), nn.Linear(inputs, outputs), nn.PReLU(outputs)


def pool(size: int) -> nn.Module:
    """Largest of each neighbourhood, halving the size, rounded up."""
    return nn.MaxPool2d(size, 2, ceil_mode=True)


def as_trained(pictures: Pictures) -> Pictures:
    """The networks were trained on (value - 127.5) / 128; ours is (value - 127.5) / 127.5."""
    return pictures * (127.5 / 128)
