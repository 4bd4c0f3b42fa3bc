"""Downloads under a progress bar."""

from pathlib import Path

from retrato.weights.catalog import PublishedFile, published_file, published_names
from retrato.weights.copies import find_copy, weights_home
from retrato.weights.download import downloading


def fetch_named(name_or_file: str) -> None:
    """Fetch a catalog's file that is not here, before what needs it would do so silently; anything else is left alone.

    Raises:
        UnavailableWeights: it cannot be fetched.
    """
    if name_or_file in published_names() and find_copy(published_file(name_or_file)) is None:
        fetch(published_file(name_or_file), weights_home())


def fetch(published: PublishedFile, folder: Path) -> Path:
    """Fetch a file into a folder, or go on with it.

    Raises:
        UnavailableWeights: no address gave the right file, or the folder cannot be written.
    """
    from tqdm import tqdm

    with tqdm(desc=published.name, total=published.size_bytes, unit="B", unit_scale=True, disable=None) as bar:
        for progress in downloading(published, folder):
            bar.total = progress.total_bytes
            bar.update(progress.done_bytes - bar.n)  # what an earlier try left is there at once
    return folder / published.file_name
