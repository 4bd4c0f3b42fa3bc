"""The parameter names of facexlib's ParseNet, and ours."""

from retrato.weights.names.rename import Patterns, rename

PART = r"(encoder|body|decoder)\.(\d+)"
NAMES: Patterns = (
    (r"encoder\.0\.conv2d\.(.+)", r"first.conv.\1"),
    (rf"{PART}\.shortcut_func\.conv2d\.(.+)", r"\1.\2.shortcut.conv.\3"),
    (rf"{PART}\.(conv[12])\.conv2d\.(weight)", r"\1.\2.\3.conv.0.\4"),
    (rf"{PART}\.(conv[12])\.norm\.norm\.(.+)", r"\1.\2.\3.conv.1.\4"),
    (r"out_mask_conv\.conv2d\.(.+)", r"regions.conv.\1"),
    (r"out_img_conv\.conv2d\.(.+)", r"face.conv.\1"),
)


def parsenet_to_ours(name: str) -> str:
    """Our name for a published one, which may begin with the `module.` of a network trained on several GPUs.

    Raises:
        KeyError: there is no such published name.
    """
    part, _, rest = rename(name.removeprefix("module."), NAMES).partition(".")
    if part != "encoder":
        return f"{part}.{rest}"
    index, _, inner = rest.partition(".")
    return f"encoder.{int(index) - 1}.{inner}"  # the published one begins with what is `first` here
