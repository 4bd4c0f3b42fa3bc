"""Real-ESRGAN's parameter names (`SRVGGNetCompact` in realesrgan, `RRDBNet` in basicsr), and ours."""

from retrato.weights.names.rename import Patterns, rename

RRDBNET: Patterns = (
    (r"conv_first\.(weight|bias)", r"first.\1"),
    (r"conv_body\.(weight|bias)", r"after_blocks.\1"),
    (r"conv_up1\.(weight|bias)", r"doubled.0.\1"),
    (r"conv_up2\.(weight|bias)", r"doubled.1.\1"),
    (r"conv_hr\.(weight|bias)", r"before_last.\1"),
    (r"conv_last\.(weight|bias)", r"last.\1"),
    *(
        (
            rf"body\.(\d+)\.rdb{block + 1}\.conv{layer + 1}\.(weight|bias)",
            rf"blocks.\1.dense.{block}.convolutions.{layer}.\2",
        )
        for block in range(3)
        for layer in range(5)
    ),
)


def srvgg_to_ours(name: str) -> str:
    """Our name for a published one: convolutions and activations take turns there.

    Raises:
        KeyError: there is no such published name.
    """
    ours = rename(name, ((r"body\.(\d+)\.(weight|bias)", r"\1 \2"),))
    place, kind = ours.split()
    index, is_activation = divmod(int(place), 2)
    if is_activation and kind == "bias":
        raise KeyError(name)
    return f"{'activations' if is_activation else 'convolutions'}.{index}.{kind}"


def rrdbnet_to_ours(name: str) -> str:
    """Our name for a published one.

    Raises:
        KeyError: there is no such published name.
    """
    return rename(name, RRDBNET)
