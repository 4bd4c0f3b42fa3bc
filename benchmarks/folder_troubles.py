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
from contextlib import AbstractContextManager, contextmanager, nullcontext
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


@dataclass(frozen=True)
class Places:
    """Where the photo is, and where its result is to be."""

    photo: Path
    result: Path


Prepare = Callable[[Places], AbstractContextManager[None]]
Case = tuple[str, Ending, Prepare, Callable[[], None]]
"""What is wrong, how it should end, what makes it so, and what the child does to itself first."""


def troubles(whole: PictureFile) -> Iterator[Trouble]:
    """All of them, each in folders of its own."""
    for words, wanted, prepare, pretend in _cases():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o755)
            (folder / "out").mkdir()
            path, target = folder / "photo.jpg", folder / "out" / "photo.jpg"
            path.write_bytes(whole.data)
            with prepare(Places(path, target)):
                report = supervised(lambda path=path, target=target, pretend=pretend: _tried(path, target, pretend))
                fault = faults_left(path, target, whole.data, report.ending is Ending.DONE)
            yield Trouble(words, wanted, report, fault)


def _tried(path: Path, target: Path, pretend: Callable[[], None]) -> str:
    pretend()
    return restored_file(path, target)


def _cases() -> Iterator[Case]:
    if can_mount():
        yield "the disk is full (a disk of 4 KB in memory)", Ending.REFUSED, _full_disk, _nothing
        yield "the disk is read-only", Ending.REFUSED, _read_only_disk, _nothing
    yield "files may have 4 KB (a limit of the process)", Ending.REFUSED, _unchanged, _limit_file_size
    locked, unreadable = (_changed(each) for each in (_lock_folder, _lock_photo))
    yield "the folder for the results is read-only", Ending.REFUSED, locked, _be_nobody
    yield "the photo may not be read", Ending.REFUSED, unreadable, _be_nobody
    yield "the photo has vanished", Ending.REFUSED, _changed(lambda places: places.photo.unlink()), _nothing
    yield (
        "the folder for the results has vanished",
        Ending.DONE,
        _changed(lambda places: places.result.parent.rmdir()),
        _nothing,
    )
    for words, make in _KINDS_OF_FILES.items():
        yield f"the photo is {words}", Ending.REFUSED, _in_place_of_photo(make), _nothing
    for words in ("a pipe", "/dev/full", "a folder"):
        yield f"the result's name is that of {words}", Ending.REFUSED, _in_place_of_result(words), _nothing


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
def _full_disk(places: Places) -> Iterator[None]:
    with _mounted(places, "size=4k"):
        yield


@contextmanager
def _read_only_disk(places: Places) -> Iterator[None]:
    with _mounted(places, "ro"):
        yield


@contextmanager
def _mounted(places: Places, options: str) -> Iterator[None]:
    _mount(places.result.parent, options)
    try:
        yield
    finally:
        _unmount(places.result.parent)


def _unchanged(_: Places) -> AbstractContextManager[None]:
    return nullcontext()


def _changed(change: Callable[[Places], object]) -> Prepare:
    def changed(places: Places) -> AbstractContextManager[None]:
        change(places)
        return nullcontext()

    return changed


def _lock_folder(places: Places) -> None:
    places.result.parent.chmod(0o555)


def _lock_photo(places: Places) -> None:
    places.photo.chmod(0)


def _in_place_of_photo(make: Callable[[Path], object]) -> Prepare:
    return _changed(lambda places: (places.photo.unlink(), make(places.photo)))


def _in_place_of_result(words: str) -> Prepare:
    return _changed(lambda places: _KINDS_OF_FILES[words](places.result))


def _make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


def _make_link(to: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(to)


_KINDS_OF_FILES: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a socket": _make_socket,
    **{device: _make_link(device) for device in ("/dev/zero", "/dev/null", "/dev/full", "/proc/self/mem")},
    "a link to itself": lambda path: path.symlink_to(path),
}


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
