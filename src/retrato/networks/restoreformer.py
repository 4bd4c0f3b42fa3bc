"""RestoreFormer (Wang et al., CVPR 2022): faces put together from a dictionary of learned pieces.

An encoder reads the degraded face, each place of its result is replaced by the closest code of a dictionary that was
learned from good faces, and a decoder draws the face from these codes. At the coarsest resolution it also attends to
what the encoder saw: the degraded face asks, the dictionary's answer is looked up.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from retrato.shapes import Faces, Features

GROUPS = 32
"""Of channels that are normalised together."""
COARSEST = 16
"""Width and height of the dictionary's codes in a face, where attention is affordable."""


@dataclass(frozen=True)
class RestoreFormerConfig:
    """Shape of the restorer; the defaults are the published one's, for faces of 512 px."""

    channels: int = 64
    """Width at the faces' own resolution."""
    multipliers: tuple[int, ...] = (1, 2, 2, 4, 4, 8)
    """Times as wide at each resolution, from the faces' own to the coarsest, halving it from one to the next."""
    blocks: int = 2
    """Residual blocks for each resolution in the encoder; the decoder has one more."""
    heads: int = 8
    """Of attention."""
    codes: int = 1024
    """Length of the dictionary."""
    code_size: int = 256
    """Length of a code."""
    encoded_size: int = 256
    """Channels that the encoder gives and the decoder takes."""

    def __post_init__(self) -> None:
        """Refuse shapes that no restorer has."""
        for name in ("channels", "blocks", "heads", "codes", "code_size", "encoded_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, found {getattr(self, name)}")
        if not self.multipliers or any(width % GROUPS for width in self.widths) or self.widths[-1] % self.heads:
            raise ValueError(
                f"widths must be multiples of {GROUPS}, and the last of the {self.heads} heads, found {self.widths}"
            )

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels at each resolution, the faces' own first."""
        return tuple(self.channels * each for each in self.multipliers)

    @property
    def image_size(self) -> int:
        """Width and height of the faces."""
        return int(COARSEST * 2 ** (len(self.multipliers) - 1))


class RestoreFormer(nn.Module):
    """Degraded faces in, restored faces out."""

    def __init__(self, config: RestoreFormerConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.to_codes = nn.Conv2d(config.encoded_size, config.code_size, 1)
        self.dictionary = nn.Embedding(config.codes, config.code_size)
        self.from_codes = nn.Conv2d(config.code_size, config.encoded_size, 1)
        self.decoder = Decoder(config)

    def forward(self, degraded: Faces) -> Faces:
        """The faces as the dictionary has them; about [-1, 1]."""
        encoded, seen = self.encoder(degraded)
        return self.decoder(self.from_codes(self.closest(self.to_codes(encoded))), seen)

    def closest(self, features: Features) -> Features:
        """The closest code to the features of each place."""
        places = features.movedim(1, -1)  # (N, h, w, C)
        codes = self.dictionary.weight
        distances = codes.square().sum(1) - 2 * places @ codes.T  # less the square of each place: the same for all
        chosen: Tensor = self.dictionary(distances.argmin(-1))
        return chosen.movedim(-1, 1)


@dataclass(frozen=True)
class Seen:
    """What the encoder saw at the coarsest resolution, for the decoder to ask with."""

    early: Features
    """Before its attention: for the decoder's blocks."""
    late: Features
    """After it: for the decoder's middle."""


class Encoder(nn.Module):
    """Down to the coarsest resolution, with attention there."""

    def __init__(self, config: RestoreFormerConfig) -> None:
        super().__init__()
        widths, width = config.widths, config.widths[-1]
        self.first = nn.Conv2d(3, config.channels, 3, padding=1)
        self.levels = nn.ModuleList(
            _blocks(before, after, config.blocks) for before, after in pairwise((config.channels, *widths))
        )
        self.halving = nn.ModuleList(nn.Conv2d(each, each, 3, stride=2) for each in widths[:-1])
        self.attention = nn.ModuleList(SelfAttention(width, config.heads) for _ in range(config.blocks))
        self.before_middle = ResidualBlock(width, width)
        self.middle_attention = SelfAttention(width, config.heads)
        self.after_middle = ResidualBlock(width, width)
        self.last = _normalised_conv(width, config.encoded_size)

    def forward(self, degraded: Faces) -> tuple[Features, Seen]:
        """What is to be found in the dictionary, and what the decoder asks with."""
        features = self.first(degraded)
        for level, halve in zip(self.levels[:-1], self.halving, strict=True):
            features = halve(F.pad(level(features), (0, 1, 0, 1)))  # zeros at the right and below only, as published
        for block, attention in zip(self.levels[-1].children(), self.attention, strict=True):
            features = attention(block(features))
        early = self.before_middle(features)
        late = self.after_middle(self.middle_attention(early))
        return self.last(late), Seen(early, late)


class Decoder(nn.Module):
    """Up from the coarsest resolution; there, attention asks with what the encoder saw."""

    def __init__(self, config: RestoreFormerConfig) -> None:
        super().__init__()
        widths, width = config.widths, config.widths[-1]
        self.first = nn.Conv2d(config.encoded_size, width, 3, padding=1)
        self.before_middle = ResidualBlock(width, width)
        self.middle_attention = CrossAttention(width, config.heads)
        self.after_middle = ResidualBlock(width, width)
        self.levels = nn.ModuleList(
            _blocks(before, after, config.blocks + 1) for after, before in pairwise((*widths, width))
        )
        """The faces' own resolution first, as in the encoder; so they are gone through from the last to the first."""
        self.attention = nn.ModuleList(CrossAttention(width, config.heads) for _ in range(config.blocks + 1))
        self.doubling = nn.ModuleList(nn.Conv2d(each, each, 3, padding=1) for each in widths[1:])
        self.last = _normalised_conv(widths[0], 3)

    def forward(self, encoded: Features, seen: Seen) -> Faces:
        """The faces."""
        features = self.before_middle(self.first(encoded))
        features = self.after_middle(self.middle_attention(features, seen.late))
        for block, attention in zip(self.levels[-1].children(), self.attention, strict=True):
            features = attention(block(features), seen.early)
        for double, level in zip(self.doubling[::-1], self.levels[-2::-1], strict=True):
            features = level(double(F.interpolate(features, scale_factor=2.0, mode="nearest")))
        faces: Tensor = self.last(features)
        return faces


class ResidualBlock(nn.Module):
    """Two convolutions, each behind a normalisation and a SiLU, beside a shortcut."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = _normalised_conv(in_channels, out_channels)
        self.conv2 = _normalised_conv(out_channels, out_channels)
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else nn.Identity()

    def forward(self, features: Features) -> Features:
        """(N, I, h, w) to (N, O, h, w)."""
        added: Tensor = self.shortcut(features) + self.conv2(self.conv1(features))
        return added


class Attention(nn.Module):
    """Every place asks all places (Vaswani et al., 2017)."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = _norm(channels)
        self.query, self.key, self.value, self.answer = (nn.Conv2d(channels, channels, 1) for _ in range(4))

    def answers(self, asking: Features, asked: Features) -> Features:
        """What each place of `asking` finds in `asked`; both are normalised."""
        query, key, value = (
            each.flatten(2).unflatten(1, (self.heads, -1)).transpose(2, 3)  # (N, heads, h * w, C / heads)
            for each in (self.query(asking), self.key(asked), self.value(asked))
        )
        found = F.scaled_dot_product_attention(query, key, value)
        answers: Tensor = self.answer(found.transpose(2, 3).flatten(1, 2).unflatten(2, asking.shape[2:]))
        return answers


class SelfAttention(Attention):
    """The features ask themselves, and the answers are added."""

    def forward(self, features: Features) -> Features:
        """Features of the same shape."""
        normal = self.norm(features)
        return features + self.answers(normal, normal)


class CrossAttention(Attention):
    """What the encoder saw asks the features, and the answers are added to these."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__(channels, heads)
        self.norm_of_seen = _norm(channels)

    def forward(self, features: Features, seen: Features) -> Features:
        """Features of the same shape."""
        return features + self.answers(self.norm_of_seen(seen), self.norm(features))


def _blocks(in_channels: int, out_channels: int, count: int) -> nn.Sequential:
    widths = [in_channels, *[out_channels] * count]
    return nn.Sequential(*(ResidualBlock(before, after) for before, after in pairwise(widths)))


def _normalised_conv(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(_norm(in_channels), nn.SiLU(), nn.Conv2d(in_channels, out_channels, 3, padding=1))


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(GROUPS, channels, eps=1e-6)
