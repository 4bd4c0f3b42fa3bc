"""Published files on this machine: found where they are, or fetched once and checked."""

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path

from retrato.errors import UnavailableWeights
from retrato.weights.catalog import PublishedFile, published_file

OFFLINE_FOLDER = "RETRATO_WEIGHTS"
"""Environment variable: a folder of published files that a person has copied here, under any names."""
HOME = "RETRATO_HOME"
"""Environment variable: where retrato keeps what it fetches; by default ~/.cache/retrato."""

CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = 30
ATTEMPTS = 3
"""How often an address is tried; each try goes on where the last one broke off."""


def weights_home() -> Path:
    """Where fetched files are kept."""
    return Path(os.environ.get(HOME) or Path.home() / ".cache" / "retrato") / "weights"


def find_weights(name: str) -> Path:
    """The published file of that catalog name, fetched first if it is not on this machine.

    Raises:
        UnknownWeights: the catalog has no such name.
        UnavailableWeights: it is not here and cannot be fetched.
    """
    published = published_file(name)
    offline = os.environ.get(OFFLINE_FOLDER)
    if offline and not os.path.isdir(offline):  # noqa: PTH112 (a Path raises where it may not look)
        raise UnavailableWeights(f"{OFFLINE_FOLDER} names {offline}, which is no folder: correct or unset it")
    folders = [Path(offline)] if offline else []
    for folder in [*folders, weights_home()]:
        found = _find_in(folder, published)
        if found:
            return found
    return download(published, weights_home())


def download(published: PublishedFile, folder: Path) -> Path:
    """Fetch a file into a folder; what an earlier try left is continued, and only a whole, right file gets its name.

    Raises:
        UnavailableWeights: no address gave the right file, or the folder cannot be written.
    """
    target = folder / published.file_name
    part = target.with_name(target.name + ".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        failures = _fetch(published, part)
        if failures is None:
            part.replace(target)
            return target
    except OSError as error:
        raise UnavailableWeights(f"cannot keep {published.name} in {folder}: {error.strerror or error}") from error
    raise UnavailableWeights(
        f"could not fetch {published.name} ({failures}); without a connection, download {published.urls[0]} elsewhere, "
        f"put it into a folder and set {OFFLINE_FOLDER} to that folder"
    )


def _fetch(published: PublishedFile, part: Path) -> str | None:
    """What went wrong, or nothing when `part` holds the right file."""
    failures = []
    for url in published.urls:
        for _ in range(ATTEMPTS):
            try:
                _continue(url, part, published.size_bytes)
            except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
                failures.append(f"{url}: {getattr(error, 'reason', None) or error or type(error).__name__}")
                if isinstance(error, urllib.error.HTTPError):
                    break
                continue
            if part.stat().st_size < published.size_bytes:
                failures.append(f"{url}: the connection closed after {part.stat().st_size} bytes")
                continue
            if has_content(part, published):
                return None
            failures.append(f"{url}: other content than expected (SHA-256 {sha256(part)[:12]}…)")
            part.unlink()
            break
    return "; ".join(dict.fromkeys(failures))


def _continue(url: str, part: Path, size_bytes: int) -> None:
    """Append what is missing, or begin anew where the server cannot continue; at most a chunk too much is read."""
    start = part.stat().st_size if part.exists() else 0
    if start >= size_bytes:
        part.unlink()
        start = 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})  # noqa: S310
    if not url.startswith(("https://", "http://")):
        raise UnavailableWeights(f"{url}: only https and http addresses are fetched")
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
        goes_on = start > 0 and response.status == 206
        with part.open("ab" if goes_on else "wb") as file:
            while file.tell() <= size_bytes and (chunk := response.read(CHUNK_BYTES)):
                file.write(chunk)


def _find_in(folder: Path, published: PublishedFile) -> Path | None:
    if not folder.is_dir():
        return None
    named: Sequence[Path] = [folder / published.file_name]
    others = sorted(each for each in folder.iterdir() if each.name != published.file_name)
    return next((each for each in [*named, *others] if has_content(each, published)), None)


def has_content(path: Path, published: PublishedFile) -> bool:
    """Whether a file is the published one, by size and SHA-256."""
    return path.is_file() and path.stat().st_size == published.size_bytes and sha256(path) == published.sha256


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
