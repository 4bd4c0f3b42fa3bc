"""Words for people."""

import textwrap
from collections.abc import Sequence
from itertools import zip_longest


def counted(count: int, noun: str) -> str:
    """A count and its noun.

    >>> counted(1, "face"), counted(2, "face")
    ('1 face', '2 faces')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def shown(text: object) -> str:
    r"""On one line, and without what a terminal would obey: a file may have any name.

    >>> print(shown("me\nnot done: you \x1b[31m"))
    me\nnot done: you \x1b[31m
    """
    return "".join(
        letter if letter.isprintable() or "\udc80" <= letter <= "\udcff" else letter.encode("unicode_escape").decode()
        for letter in str(text)
    )


def duration(seconds: float) -> str:
    """How long, in the two largest units.

    >>> duration(42), duration(3 * 3600 + 125), duration(200_000)
    ('42 s', '3 h 2 min', '2 d 7 h')
    """
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {int(seconds % 60)} s" if minutes else f"{seconds:.0f} s"


def megabytes(size_bytes: int | None) -> str:
    """A file's size.

    >>> megabytes(348_632_874), megabytes(232_589), megabytes(None)
    ('349 MB', '0.2 MB', 'unknown')
    """
    if size_bytes is None:
        return "unknown"
    return f"{size_bytes / 1e6:.{0 if size_bytes >= 10_000_000 else 1}f} MB"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """Columns side by side; the last two, which are prose, are wrapped to fit.

    >>> print(table(["name", "licence", "what"], [["one", "MIT", "a short one"]], 60))
    name  licence  what
    one   MIT      a short one
    """
    *short, licence, _prose = zip(header, *rows, strict=True)
    widths = [max(map(len, column)) for column in short]
    widths.append(min(max(map(len, licence)), 22))
    widths.append(max(24, width - sum(widths) - 2 * len(widths)))
    lines = []
    for row in (header, *rows):
        cells = [textwrap.wrap(cell, size) or [""] for cell, size in zip(row, widths, strict=True)]
        for parts in zip_longest(*cells, fillvalue=""):
            lines.append("  ".join(part.ljust(size) for part, size in zip(parts, widths, strict=True)).rstrip())
    return "\n".join(lines)
