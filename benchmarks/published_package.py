"""The published GFPGAN, facexlib and what they need of BasicSR, fetched from the package index to compare with.

They no longer import beside a current torchvision, and there is no CPU build of that for every torch: their own modules
run here unchanged, on stand-ins for the few functions that they take from torchvision and BasicSR.
"""

import subprocess
import sys
import tarfile
import types
import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

from retrato.faces.detector import keep_best

PACKAGES = ("gfpgan==1.3.8", "facexlib==0.3.0", "basicsr==1.4.2")
FOLDER = Path(__file__).parent / ".published"


def fetch(folder: Path = FOLDER) -> Path:
    """Download and unpack the packages, once."""
    if not (folder / "done").exists():
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "-d",
            folder,
        ]
        for each in PACKAGES:
            subprocess.run([*command, each], check=True)
        for archive in folder.glob("*.whl"):
            zipfile.ZipFile(archive).extractall(folder)
        for archive in folder.glob("*.tar.gz"):
            with tarfile.open(archive) as unpacked:
                unpacked.extractall(folder, filter="data")
        (folder / "done").touch()
    return folder


def import_published() -> tuple[type[nn.Module], type, types.ModuleType]:
    """GFPGANv1Clean, FaceRestoreHelper, and facexlib's detection, as published."""
    folder = fetch()
    sys.path.insert(0, str(folder))
    _stand_in("torchvision.models._utils", IntermediateLayerGetter=LayersByName)
    _stand_in("torchvision.transforms.functional", normalize=normalize)
    _stand_in("torchvision.ops", nms=nms)
    _stand_in("basicsr.utils.registry", ARCH_REGISTRY=types.SimpleNamespace(register=lambda: lambda kind: kind))
    _stand_in("basicsr.archs.arch_util", default_init_weights=kaiming)
    for package in ("gfpgan", "gfpgan.archs"):  # their own __init__ import everything, training included
        module = types.ModuleType(package)
        module.__path__ = [str(folder / package.replace(".", "/"))]
        sys.modules[package] = module
    import facexlib.detection
    from facexlib.utils.face_restoration_helper import FaceRestoreHelper
    from gfpgan.archs.gfpganv1_clean_arch import GFPGANv1Clean

    return GFPGANv1Clean, FaceRestoreHelper, facexlib.detection


def published_network() -> nn.Module:
    """GFP-GAN as v1.2, v1.3 and v1.4 are, with the weights it begins with; its drawings fill [-1, 1], as faces do."""
    kind, _, _ = import_published()
    torch.manual_seed(0)
    network = kind(
        out_size=512,
        num_style_feat=512,
        channel_multiplier=2,
        decoder_load_path=None,
        fix_decoder=False,
        num_mlp=8,
        input_is_latent=True,
        different_w=True,
        narrow=1,
        sft_half=True,
    )
    with torch.no_grad():
        for name, each in network.named_parameters():
            if "to_rgb" in name and name.endswith("modulated_conv.weight"):
                each.mul_(0.3)
            if "style_conv" in name and each.numel() == 1:  # the strength of noise, which begins at nothing
                each.fill_(0.1)
    return network.eval().requires_grad_(False)


class LayersByName(nn.ModuleDict):
    """What torchvision's IntermediateLayerGetter does."""

    def __init__(self, model: nn.Module, return_layers: dict[str, object]) -> None:
        names = list(model._modules)
        last = max(names.index(name) for name in return_layers)
        super().__init__({name: model._modules[name] for name in names[: last + 1]})
        self.kept = {str(name): str(given) for name, given in return_layers.items()}

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """What the kept layers give."""
        found = {}
        for name, layer in self.items():
            features = layer(features)
            if name in self.kept:
                found[self.kept[name]] = features
        return found


def normalize(picture: torch.Tensor, mean: tuple, std: tuple, inplace: bool = False) -> torch.Tensor:
    """What torchvision's does."""
    if not inplace:
        picture = picture.clone()
    shape = (-1, 1, 1)
    return picture.sub_(torch.tensor(mean).view(shape)).div_(torch.tensor(std).view(shape))


def nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """What torchvision's does."""
    return torch.from_numpy(keep_best(boxes.double().numpy(), scores.double().numpy(), iou_threshold))


def kaiming(layers: list[nn.Module] | nn.Module, scale: float = 1, bias_fill: float = 0, **how: float) -> None:
    """What BasicSR's default_init_weights does."""
    for layer in layers if isinstance(layers, list) else [layers]:
        for each in layer.modules():
            if isinstance(each, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(each.weight, **how)
                each.weight.data *= scale
                if each.bias is not None:
                    each.bias.data.fill_(bias_fill)


def to_image(output: torch.Tensor) -> np.ndarray:
    """(3, S, S) in [-1, 1] to (S, S, 3) of 0 to 255, as BasicSR's tensor2img does."""
    return np.rint((output.clamp(-1, 1).numpy().transpose(1, 2, 0) + 1) * 127.5).astype(np.uint8)


def _stand_in(name: str, **contents: object) -> None:
    """A module of that name, and those above it."""
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        above = ".".join(parts[:count])
        if above not in sys.modules:
            sys.modules[above] = types.ModuleType(above)
            sys.modules[above].__path__ = []
            if count > 1:
                setattr(sys.modules[".".join(parts[: count - 1])], parts[count - 1], sys.modules[above])
    vars(sys.modules[name]).update(contents)
