"""ArcFace-18 (Deng et al., 2019): who a face is, as GFP-GAN's identity loss asks it.

A residual network on grey faces, in the form that GFPGAN publishes: each block normalises first and has one PReLU, used
twice.
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from retrato.networks.convolutions import conv_norm
from retrato.shapes import Faces

Embeddings = Float[Tensor, "n 512"]

STAGES = (64, 128, 256, 512)
"""Channels of each stage, of two blocks; every stage but the first halves the resolution."""
FACE_SIZE = 128
GREY_WEIGHTS = (0.2989, 0.587, 0.114)
"""As published; ITU-R BT.601 has 0.299."""


class ArcFace(nn.Module):
    """Embeds faces that are aligned to the FFHQ template."""

    def __init__(self) -> None:
        super().__init__()
        self.first = conv_norm(1, STAGES[0], 3)
        self.first_activation = nn.PReLU()
        blocks: list[nn.Module] = []
        before = STAGES[0]
        for channels in STAGES:
            blocks += [NormFirstBlock(before, channels), NormFirstBlock(channels, channels)]
            before = channels
        self.blocks = nn.Sequential(*blocks)
        self.last_norm = nn.BatchNorm2d(STAGES[-1])
        self.gather = nn.Linear(STAGES[-1] * (FACE_SIZE // 16) ** 2, 512)
        self.gather_norm = nn.BatchNorm1d(512)

    def forward(self, faces: Faces) -> Embeddings:
        """Embeddings of any length: the published loss compares them as they are."""
        features = self.first_activation(self.first(grey_faces(faces)))
        features = self.last_norm(self.blocks(F.max_pool2d(features, 2)))
        return self.gather_norm(self.gather(features.flatten(1))).float()


class NormFirstBlock(nn.Module):
    """Two convolutions between normalisations, beside a shortcut; where channels are added, at half the resolution."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        stride = 1 if in_channels == out_channels else 2
        self.norm = nn.BatchNorm2d(in_channels)
        self.conv1 = conv_norm(in_channels, in_channels, 3)
        self.activation = nn.PReLU()
        self.conv2 = conv_norm(in_channels, out_channels, 3, stride=stride)
        self.shortcut = conv_norm(in_channels, out_channels, 1, stride=stride) if stride == 2 else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        """(N, I, h, w) to (N, O, h / stride, w / stride)."""
        inner = self.conv2(self.activation(self.conv1(self.norm(features))))
        return self.activation(inner + self.shortcut(features))


def grey_faces(faces: Faces) -> Float[Tensor, "n 1 128 128"]:
    """What the network looks at; larger faces are shrunk without a blur, as they were for its training loss."""
    grey = (faces * faces.new_tensor(GREY_WEIGHTS)[:, None, None]).sum(1, keepdim=True)
    return F.interpolate(grey, (FACE_SIZE, FACE_SIZE), mode="bilinear", align_corners=False)
