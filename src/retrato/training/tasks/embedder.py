"""Teaching a small network to embed faces as a large one does, by showing both the same pictures.

Matched as a function, on pictures that no photo looks like, too: the few faces there are would be learnt by heart
otherwise (Beyer et al., 2022, Knowledge distillation: a good teacher is patient and consistent).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import UInt8
from torch import Tensor

from retrato.data import FaceBatch, Framing
from retrato.degradation import Preset, degrade, draw
from retrato.images.tensors import from_levels, to_image
from retrato.losses import identity_loss, likeness_loss, relation_loss
from retrato.metrics.correlation import pearson
from retrato.networks.mobilefacenet import Embeddings, MobileFaceNet, MobileFaceNetConfig
from retrato.precision import Precision
from retrato.shapes import Faces, Image, PerPicture, Scalar
from retrato.training.division import Division
from retrato.training.player import LearningConfig, Player, total
from retrato.training.task import Numbers, Terms, resume_players, states
from retrato.training.tasks.views import TwoViewsRecord, ViewRanges, draw_two_views, two_views
from retrato.weights.store import StoredWeights, config_fields

PREVIEW_SEED = 0
STRENGTHS = (Preset.LIGHT, Preset.PAPER, Preset.HEAVY)
"""In which faces are degraded for the score and the preview."""
BAR_HEIGHT = 5
TEACHER_COLOUR, STUDENT_COLOUR = (1.0, 1.0, 1.0), (1.0, 0.2, -1.0)


@dataclass(frozen=True)
class EmbedderTaskConfig:
    """What is trained, on what, and how."""

    network: MobileFaceNetConfig = field(default_factory=MobileFaceNetConfig)
    """Shape of the embedder."""
    image_size: int = 150
    """Of the faces it learns from, of which three quarters are the 112 px that both networks look at."""
    views: ViewRanges = field(default_factory=ViewRanges)
    """How faces are seen."""
    likeness_weight: float = 4.0
    """What it counts how alike it finds two looks at one face, compared with the teacher."""
    relation_weight: float = 4.0
    """What it counts how alike it finds all faces of a batch (Park et al., 2019, Relational knowledge distillation)."""
    learning: LearningConfig = field(default_factory=LearningConfig)
    """How it learns."""
    precision: Precision = Precision.BF16
    """What networks are computed in."""

    def require_whole(self) -> None:
        """Check that the parts fit together.

        Raises:
            ValueError: they do not.
        """
        if self.image_size < 32:
            raise ValueError(f"task.image_size is {self.image_size}: nobody is known by less than 32 px")
        if min(self.likeness_weight, self.relation_weight) < 0:
            raise ValueError("task.likeness_weight and task.relation_weight must not be negative")


class EmbedderTask:
    """The embedder learns to say of each picture what its teacher says, and of each two how alike they are.

    It normalises by batches and compares within them, so here, as in DCGAN, it matters into what parts a batch is
    divided.
    """

    framing = Framing.SQUARE
    heavy_iterations = (0, 1)

    def __init__(
        self,
        config: EmbedderTaskConfig,
        teacher: MobileFaceNet,
        device: torch.device,
        division: Division | None = None,
    ) -> None:
        """Begin with weights by chance.

        Args:
            config: what is trained.
            teacher: whom to agree with.
            device: where to compute.
            division: how batches are divided.
        """
        self.config = config
        self.teacher = teacher
        self.device = device
        self.division = division or Division()
        embedder = MobileFaceNet(config.network).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.embedder = Player(embedder, config.learning, self.division)

    @property
    def image_size(self) -> int:
        """Width and height of the faces."""
        return self.config.image_size

    @property
    def players(self) -> Mapping[str, Player[Any]]:
        """The embedder alone."""
        return {"embedder": self.embedder}

    def step(self, batch: FaceBatch, rng: torch.Generator, iteration: int, decay: float) -> Terms:
        """Look at each face twice, ask the teacher, learn."""
        count = len(batch.pictures) * self.division.processes
        record = self.division.share(draw_two_views(rng, count, self.config.views))
        numbers = Numbers()

        def part_loss(part: int) -> Scalar:
            losses = self._losses(self.division.part(batch.pictures, part), self.division.part(record, part))
            numbers.add(losses, "loss/")
            return total(losses.values())

        norm = self.embedder.minimize(map(part_loss, range(self.division.parts)), iteration, decay)
        numbers.add({"gradient": norm})
        return numbers.means()

    def _losses(self, pictures: UInt8[Tensor, "n 3 s s"], record: TwoViewsRecord) -> dict[str, Scalar]:
        views = two_views(pictures, record, self.device)
        with self.config.precision.on(self.device):
            with torch.no_grad():
                wanted = self.teacher(views)
            found = self.embedder.network(views)
        return {
            "identity": identity_loss(found, wanted),
            "likeness": self.config.likeness_weight * likeness_loss(found, wanted),
            "relation": self.config.relation_weight * relation_loss(found, wanted),
        }

    @torch.no_grad()
    def preview(self, pictures: UInt8[Tensor, "n 3 s s"]) -> Image:
        """Rows of good, light, paper, heavy; below each face how alike it is to the good one: bars from 0 to 1.

        The teacher's bar is white and the embedder's orange.
        """
        good = from_levels(pictures.to(self.device))
        rows = [torch.cat(list(good), 2)]
        for bad in self._degraded(good):
            likenesses = (_likenesses(self.teacher, good, bad), _likenesses(self.embedder.average, good, bad))
            barred = [_with_bars(*each) for each in zip(bad, *likenesses, strict=True)]
            rows.append(torch.cat(barred, 2))
        return to_image(torch.cat(rows, 1))

    @torch.no_grad()
    def score(self, pictures: UInt8[Tensor, "n 3 s s"]) -> float | None:
        """1 minus the correlation with the teacher of how alike good and degraded faces are; light, paper, heavy."""
        good = from_levels(pictures.to(self.device))
        bad = self._degraded(good)
        wanted, found = (
            torch.cat([_likenesses(each, good, degraded) for degraded in bad])
            for each in (self.teacher, self.embedder.average)
        )
        return 1 - pearson(found, wanted)

    def _degraded(self, good: Faces) -> list[Faces]:
        """In each strength, the same way every time."""
        rng = torch.Generator().manual_seed(PREVIEW_SEED)
        return [degrade(good, draw(rng, len(good), each.ranges).to(self.device))[0] for each in STRENGTHS]

    def state(self) -> dict[str, Any]:
        """Of the embedder."""
        return states(self.players)

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        resume_players(self.players, state)

    def weights(self) -> StoredWeights:
        """The averaged embedder."""
        config = config_fields(self.config.network)
        return StoredWeights("mobilefacenet", config, self.embedder.average.state_dict(), {})


def _likenesses(network: MobileFaceNet, good: Faces, bad: Faces) -> PerPicture:
    return _cosines(network(good), network(bad))


def _cosines(found: Embeddings, others: Embeddings) -> PerPicture:
    return F.cosine_similarity(found.float(), others.float()).cpu()


def _with_bars(face: Tensor, teacher: Tensor, student: Tensor) -> Tensor:
    """The face (3, S, S) with two bars at its lower end."""
    size = face.shape[-1]
    barred = face.clone()
    for row, (length, colour) in enumerate(((teacher, TEACHER_COLOUR), (student, STUDENT_COLOUR)), -2):
        top, bottom = size + row * BAR_HEIGHT, size + (row + 1) * BAR_HEIGHT
        barred[:, top:bottom] = -1
        barred[:, top:bottom, : round(size * float(length.clamp(0, 1)))] = face.new_tensor(colour)[:, None, None]
    return barred
