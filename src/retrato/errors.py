"""What can go wrong, in words for the person who has to put it right.

Every message says what was wrong, what was found and what to do. The command line shows the message alone.
"""


class RetratoError(Exception):
    """Anything that retrato refuses or cannot do."""


class UnreadableImage(RetratoError):
    """A file that is not a picture, or not a whole one."""


class UnwritableOutput(RetratoError):
    """A place where the result cannot be written, or must not be."""


class UnusableFace(RetratoError):
    """Landmarks from which no upright face can be cut."""


class UnknownWeights(RetratoError):
    """A name that is neither in the catalog nor a file."""


class UnusableWeights(RetratoError):
    """A weights file that is broken, or made for something else."""


class UnavailableWeights(RetratoError):
    """Weights that are not on this machine and could not be fetched."""


class UnavailableDevice(RetratoError):
    """A device that this machine does not have."""


class UnknownEngine(RetratoError):
    """A name that is no engine."""


class MissingPackage(RetratoError):
    """An optional package that is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f'this needs the package {package}: pip install "retrato[{extra}]"')


class UnusableData(RetratoError):
    """A folder or archive without the pictures that training or evaluation needs."""


class NotEnoughMemory(RetratoError):
    """Work that does not fit into this machine's memory."""


class Diverged(RetratoError):
    """A loss or gradient that is no longer a number."""


class UnknownMetric(RetratoError):
    """A name that is no metric."""


class UnmeasurablePictures(RetratoError):
    """Pictures, or sets of them, that a metric has no number for."""


class UnknownRecipe(RetratoError):
    """A name that is no recipe."""


class UnusableRun(RetratoError):
    """A run folder that cannot be started or resumed."""


class UnusableSetting(RetratoError):
    """A setting of a recipe that does not exist, or a value that it cannot take."""


class FolderInUse(RetratoError):
    """A folder in which another process is working."""
