"""The parameter names of facexlib's RetinaFace, and ours."""

import re

from retrato.weights.names.rename import Patterns, rename

AROUND: Patterns = (
    (r"fpn\.output1\.(.+)", r"merge.inputs.0.\1"),
    (r"fpn\.output2\.(.+)", r"merge.inputs.1.\1"),
    (r"fpn\.output3\.(.+)", r"merge.inputs.2.\1"),
    (r"fpn\.merge1\.(.+)", r"merge.merged.0.\1"),
    (r"fpn\.merge2\.(.+)", r"merge.merged.1.\1"),
    (r"ClassHead\.([0-2])\.conv1x1\.(.+)", r"heads.\1.is_face.\2"),
    (r"BboxHead\.([0-2])\.conv1x1\.(.+)", r"heads.\1.boxes.\2"),
    (r"LandmarkHead\.([0-2])\.conv1x1\.(.+)", r"heads.\1.landmarks.\2"),
)
"""Whole names outside the trunk and the contexts."""

CONTEXT: Patterns = (
    (r"conv3X3\.(.+)", r"near.\1"),
    (r"conv5X5_1\.(.+)", r"shared.\1"),
    (r"conv5X5_2\.(.+)", r"middle.\1"),
    (r"conv7X7_2\.(.+)", r"far.0.\1"),
    (r"conv7x7_3\.(.+)", r"far.1.\1"),
)
"""Names within a context."""

MOBILENET_FIRST = r"stage1\.0\.([01]\..+)"
MOBILENET_LAYER: Patterns = (
    (r"([01]\..+)", r"filter.\1"),
    (r"3\.(.+)", r"mix.0.\1"),
    (r"4\.(.+)", r"mix.1.\1"),
)
"""Names within a layer of MobileNet, whose activations take the numbers 2 and 5."""

RESNET_FIRST: Patterns = ((r"conv1\.(weight)", r"first.0.\1"), (r"bn1\.(.+)", r"first.1.\1"))
RESNET_BLOCK: Patterns = (
    (r"conv1\.(weight)", r"narrow.0.\1"),
    (r"bn1\.(.+)", r"narrow.1.\1"),
    (r"conv2\.(weight)", r"filter.0.\1"),
    (r"bn2\.(.+)", r"filter.1.\1"),
    (r"conv3\.(weight)", r"widen.0.\1"),
    (r"bn3\.(.+)", r"widen.1.\1"),
    (r"downsample\.([01]\..+)", r"shortcut.\1"),
)
"""Names within a block of ResNet-50."""


def retinaface_to_ours(name: str) -> str:
    """Our name for a published one, which may begin with the `module.` of a network trained on several GPUs.

    Raises:
        KeyError: there is no such published name.
    """
    name = name.removeprefix("module.")
    if name.startswith("body."):
        return f"trunk.{_trunk(name.removeprefix('body.'))}"
    context = re.fullmatch(r"ssh([1-3])\.(.+)", name)
    if context:
        number, inner = context.groups()
        return f"contexts.{int(number) - 1}.{rename(inner, CONTEXT)}"
    return rename(name, AROUND)


def _trunk(name: str) -> str:
    """Our name within the trunk, of either kind."""
    first = re.fullmatch(MOBILENET_FIRST, name)
    if first:
        return f"first.{first[1]}"
    layer = re.fullmatch(r"stage([1-3])\.(\d+)\.(.+)", name)
    if layer:
        stage, index, inner = layer.groups()
        return f"stages.{int(stage) - 1}.{int(index) - (stage == '1')}.{rename(inner, MOBILENET_LAYER)}"
    block = re.fullmatch(r"layer([1-4])\.(\d+)\.(.+)", name)
    if block:
        stage, index, inner = block.groups()
        return f"stages.{int(stage) - 1}.{index}.{rename(inner, RESNET_BLOCK)}"
    return rename(name, RESNET_FIRST)
