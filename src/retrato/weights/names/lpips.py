"""The parameter names of LPIPS v0.1 with SqueezeNet, as the ONNX file of lusoris/vmaf spells them, and ours."""

from retrato.weights.names.rename import rename

NAMES = (
    (r"core\.net\.slice1\.0\.(weight|bias)", r"first.\1"),
    (r"core\.scaling_layer\.(shift|scale)", r"\1"),
    (r"core\.lins\.(\d)\.model\.1\.weight", r"weights.\1"),
)

FIRE_MODULES = {
    "2.3": "1.0",
    "2.4": "1.1",
    "3.6": "2.0",
    "3.7": "2.1",
    "4.9": "3.0",
    "5.10": "4.0",
    "6.11": "5.0",
    "7.12": "6.0",
}
"""The published slice and layer of each Fire module, and its place here."""


def lpips_to_ours(name: str) -> str:
    """Our name for a parameter of the published file.

    Raises:
        KeyError: our network has no such parameter; the file holds a few constants besides.
    """
    if ".squeeze." in name or ".expand" in name:
        slice_and_layer, module, kind = name.removeprefix("core.net.slice").rsplit(".", 2)
        return f"slices.{FIRE_MODULES[slice_and_layer]}.{module}.{kind}"
    return rename(name, NAMES)
