"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click

from retrato.device import DeviceName

device_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--device",
    "device_name",
    type=click.Choice([each.value for each in DeviceName]),
    default=DeviceName.AUTO.value,
    show_default=True,
    callback=lambda _context, _parameter, value: DeviceName(value),
    help="Where to compute.",
)
