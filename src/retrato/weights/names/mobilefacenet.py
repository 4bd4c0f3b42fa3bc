"""The parameter names of foamliu/MobileFaceNet, and ours."""

from retrato.weights.names.rename import rename

NAMES = (
    (r"conv1\.([01]\..+)", r"first.\1"),
    (r"dw_conv\.(depthwise|pointwise)\.weight", r"\1.0.weight"),
    (r"dw_conv\.bn1\.(.+)", r"depthwise.1.\1"),
    (r"dw_conv\.bn2\.(.+)", r"pointwise.1.\1"),
    (r"features\.(\d+)\.conv\.0\.([01]\..+)", r"blocks.\1.expand.\2"),
    (r"features\.(\d+)\.conv\.1\.([01]\..+)", r"blocks.\1.filter.\2"),
    (r"features\.(\d+)\.conv\.2\.weight", r"blocks.\1.project.0.weight"),
    (r"features\.(\d+)\.conv\.3\.(.+)", r"blocks.\1.project.1.\2"),
    (r"conv2\.([01]\..+)", r"last.\1"),
    (r"gdconv\.depthwise\.weight", r"gather.0.weight"),
    (r"gdconv\.bn\.(.+)", r"gather.1.\1"),
    (r"conv3\.(weight|bias)", r"project.0.\1"),
    (r"bn\.(.+)", r"project.1.\1"),
)


def mobilefacenet_to_ours(name: str) -> str:
    """Our name for a published one.

    Raises:
        KeyError: there is no such published name.
    """
    return rename(name, NAMES)
