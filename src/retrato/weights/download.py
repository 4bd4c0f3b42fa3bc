"""Published files that are not on this machine: fetched once, and checked."""

import errno
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.request import getproxies

from filelock import FileLock, Timeout

from retrato.errors import UnavailableWeights
from retrato.weights.catalog import PublishedFile, published_file
from retrato.weights.copies import HOME, OFFLINE_FOLDER, Content, find_copy, part_of, record_of, sha256, weights_home
from retrato.whole_files import written_whole

logger = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 16
WAIT_SECONDS = 0.2
"""How often a process that waits for another one looks how far that is."""
PASSING_REFUSALS = {408, 425, 429}
"""Answers between 400 and 499 that may be others a moment later."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for servers."""

    timeout_seconds: float = 30.0
    """How long one may be silent."""
    attempts: int = 3
    """How often in a row an address is tried without getting any further; each try goes on where the last broke off."""
    pause_seconds: float = 1.0
    """Between such tries."""


PATIENCE = Patience()


@dataclass(frozen=True)
class Progress:
    """How far a file has come."""

    done_bytes: int
    total_bytes: int | None
    """None where nobody says."""


class _Refusal(HTTPException):
    """An answer that asking again would not change."""


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
    return find_copy(published_file(name))


def download(published: PublishedFile, folder: Path, patience: Patience | None = None) -> Path:
    """Fetch a file into a folder, silently.

    Raises:
        UnavailableWeights: no address gave the right file, or the folder cannot be written.
    """
    for _ in downloading(published, folder, patience):
        pass
    return folder / published.file_name


def downloading(published: PublishedFile, folder: Path, patience: Patience | None = None) -> Iterator[Progress]:
    """Fetch a file into a folder, saying all the while how far it is.

    What an earlier try left is continued, and only a whole, right file gets its name; one that is there is not fetched
    again. A process that finds another one fetching the file waits, and says how far that is. Where nobody has
    published the SHA-256, the first file's is recorded beside it, and later ones must have the same.

    Raises:
        UnavailableWeights: no address gave the right file, or the folder cannot be written.
    """
    if not published.urls:
        source = f"from {published.page}" if published.page else "where you find it"
        raise UnavailableWeights(
            f"{published.name} cannot be fetched: no address gives it. Get {published.file_name} {source}, put it into "
            f"a folder and set {OFFLINE_FOLDER} to that folder"
        )
    patience, target = patience or PATIENCE, folder / published.file_name
    lock = FileLock(folder / f".{published.file_name}.lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        while not _is_taken_by_us(lock):
            yield Progress(_size_bytes(part_of(target)), published.size_bytes)
        try:
            if not (target.is_file() and Content.of(published, target).is_in(target)):
                yield from _fetched(published, target, patience)
        finally:
            lock.release()
    except OSError as error:
        raise UnavailableWeights(
            f"cannot keep {published.name} in {folder}: {_why_not_kept(published, error)}"
        ) from error


def _is_taken_by_us(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=WAIT_SECONDS)
    except Timeout:
        return False
    return True


def _fetched(published: PublishedFile, target: Path, patience: Patience) -> Iterator[Progress]:
    """Try each address until the file is there."""
    part, content = part_of(target), Content.of(published, target)
    failures = []
    for url in published.urls:
        if not content.can_be_continued:
            part.unlink(missing_ok=True)
        failure = yield from _fetched_from(url, part, content, patience)
        if failure is None:
            if content.sha256 is None:
                _record(part, target)
            part.replace(target)
            return
        failures.append(f"{url}: {failure}")
    proxy = (
        "; a proxy is set in the environment, is it right?" if getproxies().keys() & {"http", "https", "all"} else ""
    )
    raise UnavailableWeights(
        f"could not fetch {published.name} ({'; '.join(failures)}{proxy}). Try again later, when what has come is "
        f"continued; or download {published.urls[0]} elsewhere, and put it into {target.parent} as {target.name}, or "
        f"into any folder that you set {OFFLINE_FOLDER} to"
    )


def _fetched_from(url: str, part: Path, content: Content, patience: Patience) -> Generator[Progress, None, str | None]:
    """What went wrong with an address, or nothing when `part` holds the right file."""
    failure = "not tried"
    began_elsewhere, tries = part.exists(), 0  # it may hold the half of something else
    while tries < patience.attempts:
        time.sleep(patience.pause_seconds if tries else 0)
        before = _size_bytes(part)
        try:
            size_bytes = yield from _continued(url, part, content, patience.timeout_seconds)
        except _Refusal as refusal:
            return str(refusal)
        except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
            failure = _why_broken(error, patience)
        else:
            if size_bytes is None or _size_bytes(part) >= size_bytes:
                if content.is_in(part):
                    return None
                failure = f"other content than {content.source} expects (SHA-256 {sha256(part)[:12]}…)"
                part.unlink()
                if not began_elsewhere:
                    return failure
                began_elsewhere = False
            else:
                failure = f"the connection closed after {_size_bytes(part)} bytes"
        tries = 0 if _size_bytes(part) > before else tries + 1
    return failure


def _continued(url: str, part: Path, content: Content, timeout_seconds: float) -> Generator[Progress, None, int | None]:
    """Append what is missing, or begin anew where the server cannot continue; at most a chunk too much is read.

    Gives the size of the whole file, where it is known or the server says it.
    """
    start, size_bytes = _size_bytes(part), content.size_bytes
    if size_bytes is not None and start >= size_bytes:
        if start == size_bytes and content.is_in(part):  # all but its name
            return size_bytes
        part.unlink()
        start = 0
    with _opened(url, part, start, timeout_seconds) as response:
        goes_on = start > 0 and response.status == 206
        if size_bytes is None and response.length is not None:
            size_bytes = response.length + (start if goes_on else 0)
        with part.open("ab" if goes_on else "wb") as file:
            while (size_bytes is None or file.tell() <= size_bytes) and (chunk := response.read(CHUNK_BYTES)):
                file.write(chunk)
                yield Progress(file.tell(), size_bytes)
    return size_bytes


def _opened(url: str, part: Path, start: int, timeout_seconds: float) -> HTTPResponse:
    """A server's answer from byte `start` on."""
    if not url.startswith(("https://", "http://")):
        raise UnavailableWeights(f"{url}: only https and http addresses are fetched")
    headers = {"User-Agent": "retrato"} | ({"Range": f"bytes={start}-"} if start else {})
    opener = urllib.request.build_opener()  # a new one: the shared one keeps the proxies that it first found
    try:
        response: HTTPResponse = opener.open(urllib.request.Request(url, headers=headers), timeout=timeout_seconds)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # what there is cannot be its beginning
            part.unlink(missing_ok=True)
        elif 400 <= error.code < 500 and error.code not in PASSING_REFUSALS:
            raise _Refusal(f"the server says {error.code}, {error.reason}") from error
        raise
    if response.headers.get_content_type() == "text/html":  # such as the login of a hotel's network
        response.close()
        raise _Refusal("a web page instead of the file")
    return response


def _record(part: Path, target: Path) -> None:
    """Keep the SHA-256 of a file that nobody has published, as `sha256sum` writes it, and say so."""
    found = sha256(part)
    with written_whole(record_of(target)) as temporary:
        temporary.write_text(f"{found}  {target.name}\n")
    logger.warning(
        "nobody has published the SHA-256 of %s: this one has %s, recorded in %s, and later ones must have it too",
        target.name,
        found,
        record_of(target).name,
    )


def _why_broken(error: Exception, patience: Patience) -> str:
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, TimeoutError):
        return f"no answer for {patience.timeout_seconds:g} s"
    if isinstance(error, urllib.error.HTTPError):
        return f"the server says {error.code}, {error.reason}"
    return (getattr(reason, "strerror", None) or str(reason) or type(error).__name__).lower()


def _why_not_kept(published: PublishedFile, error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        size = f" {published.size_bytes / 1e6:,.0f} MB," if published.size_bytes else ""
        return f"the disk is full; free some space, it takes{size} and what has come is continued"
    return f"{(error.strerror or str(error)).lower()}; set {HOME} to a folder that you may write"


def _size_bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
