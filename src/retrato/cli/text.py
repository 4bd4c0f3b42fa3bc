"""Words for people."""


def counted(count: int, noun: str) -> str:
    """A count and its noun.

    >>> counted(1, "face"), counted(2, "face")
    ('1 face', '2 faces')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
