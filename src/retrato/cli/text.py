"""Words for people."""


def counted(count: int, noun: str) -> str:
    """A count and its noun.

    >>> counted(1, "face"), counted(2, "face")
    ('1 face', '2 faces')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


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
