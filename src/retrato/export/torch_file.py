"""Restorers as programs of `torch.export`, which torch runs without retrato."""

import json
from pathlib import Path

import torch
from torch.export import ExportedProgram

from retrato.export.label import ExportLabel

LABEL_NAME = "retrato.json"
"""The file inside a program's archive that holds the label."""


def write_torch_program(program: ExportedProgram, label: ExportLabel, path: Path) -> None:
    """Write a traced restorer, with the label inside; a file that exists is replaced.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("wb") as file:  # under any name, whereas torch insists on its own ending
        torch.export.save(program, file, extra_files={LABEL_NAME: json.dumps(label.as_metadata())})
