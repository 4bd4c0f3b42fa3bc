"""The restorer that weights are for."""

from pathlib import Path

from retrato.device import DeviceName, choose_device
from retrato.errors import UnknownEngine, UnusableWeights
from retrato.networks.gfpgan import GFPGAN
from retrato.networks.pix2pix import UNet
from retrato.networks.restoreformer import RestoreFormer
from retrato.networks.stylegan2 import StyleGAN2Generator
from retrato.precision import Precision, fastest_precision
from retrato.restoration.engines.choose import choose_engine, run_by
from retrato.restoration.engines.names import EngineName
from retrato.restoration.pulse import PulseRestorer
from retrato.restoration.restoreformer import RestoreFormerRestorer
from retrato.restoration.restorer import FaceRestorer, GFPGANRestorer
from retrato.translation import PairKind, Translator, pairs_of
from retrato.weights.load import describe_weights, load_network, title_of


def load_restorer(
    name_or_file: str | Path = "bundled",
    device: DeviceName | str = DeviceName.AUTO,
    precision: Precision | None = None,
    noise_seed: int | None = None,
    engine: EngineName | str | None = None,
) -> FaceRestorer:
    """GFP-GAN, RestoreFormer, or a Pix2Pix that has learned from degraded faces, whichever these weights are for.

    A StyleGAN2 prior restores by search (PULSE), which takes a hundred times as long as the others.

    Args:
        name_or_file: bundled; a catalog name such as gfpgan-v1.4 or restoreformer, fetched if it is not here; our file;
            or a published one, .pth or .safetensors; or a file that `retrato export onnx` wrote.
        device: where to compute; engines other than torch do on the CPU.
        precision: what in; by default bf16 where the machine multiplies in it, and is several times faster for it.
            RestoreFormer, and all that ONNX Runtime runs, is always computed in float32.
        noise_seed: decides the prior's noise, together with the face; by default that is stored with the weights.
            RestoreFormer has none; in Pix2Pix it decides which features are dropped, by default none; in PULSE where
            the search begins, by default 0; engines other than torch have the stored one only.
        engine: what computes; by default torch, and for an exported file the fastest that is installed.

    Raises:
        UnknownWeights: neither a known name nor a file.
        UnavailableWeights: a catalog name whose file is not here and cannot be fetched.
        UnusableWeights: the file is missing, broken or holds something else.
        UnavailableDevice: this machine has no such device, or the engine does not compute on it.
        UnknownEngine: there is no such engine, or it cannot do what is asked.
        MissingPackage: the engine is not installed.
    """
    on_cpu = precision or fastest_precision(choose_device(DeviceName.CPU))
    runs = choose_engine(name_or_file, engine, device, on_cpu)
    if runs is not EngineName.TORCH:
        if noise_seed is not None:
            raise UnknownEngine(f"{runs} has the stored noise only: leave out the seed, or use the engine torch")
        return run_by(runs, name_or_file, on_cpu)
    chosen = choose_device(device)
    network, weights = load_network(name_or_file), describe_weights(name_or_file)
    match network:
        case GFPGAN():
            return GFPGANRestorer(network, weights, chosen, precision or fastest_precision(chosen), noise_seed)
        case RestoreFormer():
            return RestoreFormerRestorer(network, weights, chosen)
        case StyleGAN2Generator():
            return PulseRestorer(network, weights, chosen, seed=noise_seed or 0)
        case UNet() if pairs_of(name_or_file) is PairKind.DEGRADED:
            return Translator(network, weights, PairKind.DEGRADED, chosen, noise_seed)
        case UNet():
            raise UnusableWeights(
                f"{name_or_file} holds weights for Pix2Pix that has learned from {pairs_of(name_or_file)} pairs, not "
                "from degraded faces: apply it with retrato translate"
            )
        case _:
            raise UnusableWeights(f"{name_or_file} holds weights for {title_of(network)}, which restores no faces")
