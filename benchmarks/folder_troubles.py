"""Disks, folders and names that go wrong, and what restoring a file does then."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from damaged_files import PictureFile
from stand_in import faults_left, restored_file
from supervision import Ending, Report, supervised

NOBODY = 65534
"""As whom the superuser tries what the superuser may do anyway."""

NAMES = (
    "großmutter 祖母 👵.jpg",
    "e\u0301te\u0301.jpg",
    "\u202egpj.sdrawkcab.jpg",
    "-o.jpg",
    "--help.jpg",
    "a\nnot done: b.jpg",
    "\x1b[31mred\x07.jpg",
    " .jpg",
    "%s $HOME `id` ;.jpg",
    "…" * 83 + ".jpg",
)
"""Of files: signs of many writings, composed letters, marks that turn the direction, options, new lines, a terminal's
orders, spaces, what a shell would replace, and as many bytes as a name may have."""


@dataclass(frozen=True)
class Trouble:
    """What was tried, and what came of it."""

    words: str
    wanted: Ending
    report: Report
    fault: str | None

    @property
    def is_right(self) -> bool:
        """Whether it ended as it should, and left the files as it should."""
        return self.report.ending is self.wanted and self.fault is None


def troubles(whole: PictureFile) -> Iterator[Trouble]:
    """All of them, each in folders of its own."""
    for words, wanted, prepare, pretend in _cases():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o755)
            (folder / "out").mkdir()
            path, target = folder / "photo.jpg", folder / "out" / "photo.jpg"
            path.write_bytes(whole.data)
            with prepare(path, target):
                report = supervised(lambda path=path, target=target, pretend=pretend: _tried(path, target, pretend))
                is_ours = path.is_file() and path.read_bytes() == whole.data
                fault = faults_left(path, target, whole.data, report.ending is Ending.DONE) if is_ours else None
            yield Trouble(words, wanted, report, fault)


def _tried(path: Path, target: Path, pretend: Callable[[], None]) -> str:
    pretend()
    return restored_file(path, target)


Prepare = Callable[[Path, Path], "contextmanager[None]"]


def _cases() -> Iterator[tuple[str, Ending, Callable[..., object], Callable[[], None]]]:
    if can_mount():
        yield "the disk is full (a disk of 64 KB in memory)", Ending.REFUSED, _full_disk, _nothing
        yield "the disk is read-only", Ending.REFUSED, _read_only_disk, _nothing
    yield "files may have 4 KB (a limit of the process)", Ending.REFUSED, _unchanged, _limit_file_size
    yield (
        "the folder is read-only",
        Ending.REFUSED,
        _changed(lambda path, target: target.parent.chmod(0o555)),
        _be_nobody,
    )
    yield "the photo may not be read", Ending.REFUSED, _changed(lambda path, target: path.chmod(0)), _be_nobody
    yield "the photo has vanished", Ending.REFUSED, _changed(lambda path, target: path.unlink()), _nothing
    yield "the folder has vanished", Ending.DONE, _changed(lambda path, target: target.parent.rmdir()), _nothing
    yield "the photo is a folder", Ending.REFUSED, _in_place_of_photo(Path.mkdir), _nothing
    yield "the photo is a pipe that nobody writes", Ending.REFUSED, _in_place_of_photo(os.mkfifo), _nothing
    yield "the photo is a socket", Ending.REFUSED, _in_place_of_photo(_make_socket), _nothing
    for device in ("/dev/zero", "/dev/null", "/dev/full", "/proc/self/mem"):
        link = _in_place_of_photo(lambda path, device=device: path.symlink_to(device))
        yield f"the photo is {device}", Ending.REFUSED, link, _nothing
    yield (
        "the photo is a link to itself",
        Ending.REFUSED,
        _in_place_of_photo(lambda path: path.symlink_to(path)),
        _nothing,
    )
    yield "the result would be a pipe", Ending.REFUSED, _in_place_of_result(os.mkfifo), _nothing
    yield (
        "the result would be /dev/full",
        Ending.REFUSED,
        _in_place_of_result(lambda path: path.symlink_to("/dev/full")),
        _nothing,
    )
    yield "the result's name is taken", Ending.REFUSED, _in_place_of_result(Path.mkdir), _nothing


def can_mount() -> bool:
    """Whether this user may make disks in memory."""
    with tempfile.TemporaryDirectory() as folder:
        done = _mount(Path(folder), "size=64k")
        if done:
            _unmount(Path(folder))
    return done


def _mount(folder: Path, options: str) -> bool:
    mount = shutil.which("mount")
    command = [mount, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return mount is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", str(folder)], capture_output=True, check=False)


@contextmanager
def _full_disk(path: Path, target: Path) -> Iterator[None]:
    _mount(target.parent, "size=64k")
    (target.parent / "photo.jpg.others").write_bytes(bytes(61_000))
    try:
        yield
        (target.parent / "photo.jpg.others").unlink()
    finally:
        _unmount(target.parent)


@contextmanager
def _read_only_disk(path: Path, target: Path) -> Iterator[None]:
    _mount(target.parent, "ro")
    try:
        yield
    finally:
        _unmount(target.parent)


@contextmanager
def _unchanged(path: Path, target: Path) -> Iterator[None]:
    yield


def _changed(change: Callable[[Path, Path], object]) -> Callable[..., object]:
    @contextmanager
    def changed(path: Path, target: Path) -> Iterator[None]:
        change(path, target)
        yield

    return changed


def _in_place_of_photo(make: Callable[[Path], object]) -> Callable[..., object]:
    return _changed(lambda path, target: (path.unlink(), make(path)))


def _in_place_of_result(make: Callable[[Path], object]) -> Callable[..., object]:
    return _changed(lambda path, target: make(target))


def _make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


def _nothing() -> None:
    """As it is."""


def _limit_file_size() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def _be_nobody() -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


@dataclass(frozen=True)
class Command:
    """What `retrato restore` did with a folder."""

    exit_code: int
    photos: int
    restored: int
    refused: int
    unnamed: int
    """Neither restored nor refused."""
    seconds: float
    faults: tuple[str, ...]


def commanded(files: dict[str, bytes]) -> Command:
    """Those files, by their names, through the real command with the bundled model."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        for file_name, data in files.items():
            (folder / "in" / file_name).write_bytes(data)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "retrato", "restore", "in", "-o", "out", "--device", "cpu"]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=1200, check=False
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        out = folder / "out"
        results = {each.name for each in out.iterdir()} if out.exists() else set()
        refused = [line for line in done.stderr.splitlines() if line.startswith("not done: ")]
        faults = [words for words in (_why_wrong(folder, each, files[each]) for each in results) if words]
        faults += [
            f"{each!r} in its words" for each in ("Traceback", "\x1b", "\x07") if each in done.stdout + done.stderr
        ]
        unnamed = len(files) - len(results) - len(refused)
        seconds = after.ru_utime - before.ru_utime
        return Command(done.returncode, len(files), len(results), len(refused), unnamed, seconds, tuple(faults))


def _why_wrong(folder: Path, name: str, before: bytes) -> str | None:
    alone = folder / "alone" / name
    alone.parent.mkdir(exist_ok=True)
    (folder / "out" / name).rename(alone)
    fault = faults_left(folder / "in" / name, alone, before, is_done=True)
    alone.unlink(missing_ok=True)
    return fault and f"{name!r}: {fault}"
