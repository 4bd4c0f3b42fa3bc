"""Published files on this machine: found where they are, or fetched once and checked."""

import hashlib
import logging
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from retrato.errors import UnavailableWeights
from retrato.weights.catalog import PublishedFile, published_file
from retrato.whole_files import written_whole

logger = logging.getLogger(__name__)

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
    return find_here(name) or download(published_file(name), weights_home())


def find_here(name: str) -> Path | None:
    """The published file of that catalog name, if it is on this machine.

    Raises:
        UnknownWeights: the catalog has no such name.
        UnavailableWeights: `RETRATO_WEIGHTS` names no folder.
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
    return None


def download(published: PublishedFile, folder: Path) -> Path:
    """Fetch a file into a folder; what an earlier try left is continued, and only a whole, right file gets its name.

    Where nobody has published the SHA-256, the first file's is recorded beside it, and later ones must have the same.

    Raises:
        UnavailableWeights: no address gave the right file, or the folder cannot be written.
    """
    if not published.urls:
        source = f"from {published.page}" if published.page else "where you find it"
        raise UnavailableWeights(
            f"{published.name} cannot be fetched: no address gives it. Get {published.file_name} {source}, put it into "
            f"a folder and set {OFFLINE_FOLDER} to that folder"
        )
    target = folder / published.file_name
    part = target.with_name(target.name + ".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        content = _Content.of(published, target)
        failures = _fetch(published, part, content)
        if failures is None:
            if content.sha256 is None:
                _record(part, target)
            part.replace(target)
            return target
    except OSError as error:
        raise UnavailableWeights(f"cannot keep {published.name} in {folder}: {error.strerror or error}") from error
    raise UnavailableWeights(
        f"could not fetch {published.name} ({failures}); without a connection, download {published.urls[0]} elsewhere, "
        f"put it into a folder and set {OFFLINE_FOLDER} to that folder"
    )


@dataclass(frozen=True)
class _Content:
    """What is known of a file's content."""

    size_bytes: int | None
    sha256: str | None
    source: str
    """Who says so."""

    @classmethod
    def of(cls, published: PublishedFile, path: Path) -> "_Content":
        """As published, or as recorded when the file was first fetched."""
        record = _record_of(path)
        if published.sha256 is not None or not record.is_file():
            return cls(published.size_bytes, published.sha256, "the catalog")
        recorded = record.read_text(errors="replace").split()
        return cls(published.size_bytes, recorded[0] if recorded else "", f"{record}, from when it was first fetched")

    @property
    def can_be_continued(self) -> bool:
        """Whether two halves from different days can be told to belong together."""
        return self.size_bytes is not None and self.sha256 is not None

    def is_in(self, path: Path) -> bool:
        """Whether that file has it; the SHA-256 is computed last, and only where there is one to compare with."""
        has_size = self.size_bytes in {None, path.stat().st_size}
        return has_size and (self.sha256 is None or (self.sha256 != "" and sha256(path).startswith(self.sha256)))


def _fetch(published: PublishedFile, part: Path, content: _Content) -> str | None:
    """What went wrong, or nothing when `part` holds the right file."""
    failures = []
    for url in published.urls:
        if not content.can_be_continued:
            part.unlink(missing_ok=True)
        for _ in range(ATTEMPTS):
            try:
                size_bytes = _continue(url, part, content.size_bytes)
            except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
                failures.append(f"{url}: {getattr(error, 'reason', None) or error or type(error).__name__}")
                if isinstance(error, urllib.error.HTTPError):
                    break
                continue
            if size_bytes is not None and part.stat().st_size < size_bytes:
                failures.append(f"{url}: the connection closed after {part.stat().st_size} bytes")
                continue
            if content.is_in(part):
                return None
            failures.append(f"{url}: other content than {content.source} expects (SHA-256 {sha256(part)[:12]}…)")
            part.unlink()
            break
    return "; ".join(dict.fromkeys(failures))


def _continue(url: str, part: Path, size_bytes: int | None) -> int | None:
    """Append what is missing, or begin anew where the server cannot continue; at most a chunk too much is read.

    Gives the size of the whole file, where it is known or the server says it.
    """
    start = part.stat().st_size if part.exists() else 0
    if size_bytes is not None and start >= size_bytes:
        part.unlink()
        start = 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})  # noqa: S310
    if not url.startswith(("https://", "http://")):
        raise UnavailableWeights(f"{url}: only https and http addresses are fetched")
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
        if response.headers.get_content_type() == "text/html":
            raise HTTPException("a web page instead of the file")  # such as the login of a hotel's network
        goes_on = start > 0 and response.status == 206
        if size_bytes is None and response.length is not None:
            size_bytes = response.length + (start if goes_on else 0)
        with part.open("ab" if goes_on else "wb") as file:
            while (size_bytes is None or file.tell() <= size_bytes) and (chunk := response.read(CHUNK_BYTES)):
                file.write(chunk)
    return size_bytes


def _record(part: Path, target: Path) -> None:
    """Keep the SHA-256 of a file that nobody has published, as `sha256sum` writes it, and say so."""
    found = sha256(part)
    with written_whole(_record_of(target)) as temporary:
        temporary.write_text(f"{found}  {target.name}\n")
    logger.warning(
        "nobody has published the SHA-256 of %s: this one has %s, recorded in %s, and later ones must have it too",
        target.name,
        found,
        _record_of(target).name,
    )


def _record_of(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _find_in(folder: Path, published: PublishedFile) -> Path | None:
    if not folder.is_dir():
        return None
    named: Sequence[Path] = [folder / published.file_name]
    others = sorted(each for each in folder.iterdir() if each.name != published.file_name)
    return next((each for each in [*named, *others] if has_content(each, published)), None)


def has_content(path: Path, published: PublishedFile) -> bool:
    """Whether a file is the published one, by size and SHA-256; also by its name where one of them is not known."""
    is_known = published.sha256 is not None and published.size_bytes is not None
    if not path.is_file() or not (is_known or path.name == published.file_name):
        return False
    return _Content.of(published, path).is_in(path)


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
