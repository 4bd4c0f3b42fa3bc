"""A restorer traced: one graph of tensor operations from faces to restored faces."""

import torch
from torch import nn
from torch.export import Dim, ExportedProgram

from retrato.networks.gfpgan import GFPGAN
from retrato.shapes import Faces

EXAMPLE_FACES = 2
"""What is traced with one picture is made for one picture."""


class Restoring(nn.Module):
    """What is exported of a GFP-GAN: its restored faces alone, drawn with the stored noise, in range."""

    def __init__(self, network: GFPGAN) -> None:
        super().__init__()
        self.network = network

    def forward(self, faces: Faces) -> Faces:
        """Restored faces, in [-1, 1]."""
        return self.network.restore(faces).clamp(-1, 1)


def trace(network: GFPGAN) -> ExportedProgram:
    """The graph of a restorer on the CPU, for any number of faces; weights and stored noise are its constants."""
    size = network.config.image_size
    faces = torch.zeros(EXAMPLE_FACES, 3, size, size)
    with torch.no_grad():
        program = torch.export.export(Restoring(network), (faces,), dynamic_shapes=({0: Dim("batch", min=1)},))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # it names folders of this machine, and would go with the file
    return program
