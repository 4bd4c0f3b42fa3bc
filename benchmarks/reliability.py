"""Write docs/reliability.md: what becomes of thousands of damaged and hostile picture files, full disks and odd names.

    python benchmarks/reliability.py [--each 12] [--seed 0] [-o docs/reliability.md]

Each file goes through what `retrato restore` does with it, in a child process whose time and memory are watched, with a
stand-in for the networks; some go through the command itself. Some minutes on one core (Linux).
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: children are forked, which threads do not survive

import argparse
import datetime
import platform
import random
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from string import Template

import cv2
import PIL
import torch
from damaged_files import DAMAGES, PictureFile, whole_files
from folder_troubles import NAMES, Command, Trouble, can_mount, commanded, troubles
from hostile_files import hostile_files
from results_page import ROOT, commit
from stand_in import faults_left, restored_file
from supervision import MEGABYTE, Ending, Limits, Report, supervised
from tqdm import tqdm

from retrato.evaluation.reports.markdown import aligned
from retrato.images.encoding import suffix_for

LIMITS = Limits()
FRAME = Path(__file__).with_name("reliability_frame.md")
"""The words of the page, with names for figures and tables."""
BASE_BYTES, BYTES_PER_PIXEL, BYTES_PER_BYTE = 256 * MEGABYTE, 32, 8
"""What reading, restoring and writing a file may take: in all, for each pixel of the result, for each byte of the file.
More is called a burst."""
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF", "HEIF")


@dataclass(frozen=True)
class Trial:
    """A file, what was done to it, and what became of it."""

    format: str
    kind: str
    damage: str
    report: Report
    bytes_allowed: int
    fault: str | None

    @property
    def is_burst(self) -> bool:
        """Whether it took more memory than it may."""
        return self.report.peak_bytes > self.bytes_allowed

    @property
    def failure(self) -> str | None:
        """What of it should not be, in a word for the tables."""
        if self.report.ending not in {Ending.DONE, Ending.REFUSED}:
            return str(self.report.ending)
        return "half-written or left behind" if self.fault else "memory burst" if self.is_burst else None


WORDS = {Ending.DONE: "restored", Ending.REFUSED: "clear error"}
FAILURES = ("crash", "other exception", "hang", "memory burst", "half-written or left behind")


def main() -> None:
    """Try everything and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=12, help="files of each kind that are damaged in each way")
    parser.add_argument("--seed", type=int, default=0, help="of all damage")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs" / "reliability.md", help="the page")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    warnings.simplefilter("ignore")
    PIL.Image.init()
    started = time.monotonic()
    whole = whole_files()
    damaged = list(_damaged_trials(whole, options.each, options.seed))
    hostile = [_tried(each.file, "hostile", each.target_format) for each in tqdm(hostile_files(), desc="hostile")]
    found = list(troubles(whole[0]))
    command = commanded(_files_for_the_command(whole, options.seed))
    page = page_of(damaged, hostile, found, command, time.monotonic() - started)
    options.output.write_text(page, encoding="utf-8")
    for each in (*damaged, *hostile):
        if each.failure:
            print(each.failure, each.format, each.kind, each.damage, each.report.words, each.fault)
    for trouble in found:
        if not trouble.is_right:
            print("trouble", trouble)
    print(command)


def _damaged_trials(whole: list[PictureFile], each: int, seed: int) -> Iterable[Trial]:
    rows = [(file, name, number) for file in whole for name in DAMAGES for number in range(each)]
    for file, name, number in tqdm(rows, desc="damaged"):
        rng = random.Random(f"{seed} {file.format} {file.kind} {name} {number}")
        data = DAMAGES[name](file.data, rng)
        target_format = file.format if rng.random() < 0.7 else rng.choice(FORMATS)
        yield _tried(PictureFile(file.format, file.kind, data), name, target_format)


def _tried(file: PictureFile, damage: str, target_format: str) -> Trial:
    with tempfile.TemporaryDirectory() as folder:
        path, target = Path(folder) / "photo", Path(folder) / "out" / f"photo{suffix_for(target_format)}"
        target.parent.mkdir()
        path.write_bytes(file.data)
        report = supervised(lambda: restored_file(path, target), LIMITS)
        fault = faults_left(path, target, file.data, report.ending is Ending.DONE)
        pixels = _pixels_of(target) if report.ending is Ending.DONE and fault is None else 0
    allowed = BASE_BYTES + BYTES_PER_PIXEL * pixels + BYTES_PER_BYTE * len(file.data)
    return Trial(file.format, file.kind, damage, report, allowed, fault)


def _pixels_of(target: Path) -> int:
    with PIL.Image.open(target) as picture:
        return picture.width * picture.height


def _files_for_the_command(whole: list[PictureFile], seed: int) -> dict[str, bytes]:
    """Each kind as it is, each kind damaged once, and whole ones under odd names."""
    files = {f"whole-{number}{suffix_for(each.format)}": each.data for number, each in enumerate(whole)}
    for number, each in enumerate(whole):
        rng = random.Random(f"{seed} {number}")
        name = rng.choice(list(DAMAGES))
        files[f"damaged-{number}{suffix_for(each.format)}"] = DAMAGES[name](each.data, rng)
    return files | dict.fromkeys(NAMES, whole[0].data)


def page_of(damaged: list[Trial], hostile: list[Trial], found: list[Trouble], command: Command, seconds: float) -> str:
    """The whole page."""
    tried = [*damaged, *hostile]
    failed = sum(each.failure is not None for each in tried)
    words = {
        "files": f"{len(tried):,}",
        "restored": f"{_count(tried, Ending.DONE):,}",
        "refused": f"{_count(tried, Ending.REFUSED):,}",
        "failed": str(failed),
        "date": str(datetime.date.today()),
        "commit": commit(),
        "minutes": f"{seconds / 60:.0f}",
        "machine": f"{platform.system()}, {platform.machine()}",
        "versions": f"Python {platform.python_version()}, Pillow {PIL.__version__}",
        "kinds": str(len({(each.format, each.kind) for each in damaged})),
        "damages": str(len(DAMAGES)),
        "limit_seconds": f"{LIMITS.seconds:.0f}",
        "limit_gigabytes": str(LIMITS.address_space // 2**30),
        "base_megabytes": str(BASE_BYTES // MEGABYTE),
        "bytes_per_pixel": str(BYTES_PER_PIXEL),
        "bytes_per_byte": str(BYTES_PER_BYTE),
        "table_of_formats": _table("format", damaged, lambda each: each.format),
        "table_of_damages": _table("damage", damaged, lambda each: each.damage),
        "table_of_hostile_files": _hostile_table(hostile),
        "how_tried": _how_tried(),
        "table_of_troubles": _trouble_table(found),
        "command_files": str(command.photos),
        "command_names": str(len(NAMES)),
        "command_restored": str(command.restored),
        "command_refused": str(command.refused),
        "command_unnamed": str(command.unnamed),
        "command_exit_code": str(command.exit_code),
        "command_faults": "; ".join(command.faults) or "none",
    }
    return Template(FRAME.read_text(encoding="utf-8")).substitute(words)


def _count(trials: Iterable[Trial], ending: Ending) -> int:
    return sum(each.report.ending is ending for each in trials)


def _table(what: str, trials: list[Trial], key: Callable[[Trial], str]) -> str:
    header = [what, "files", "restored", "clear error", *FAILURES, "longest, s", "most memory, MB"]
    names = dict.fromkeys(key(each) for each in trials)
    rows = [_row(name, [each for each in trials if key(each) == name]) for name in names]
    return aligned(header, [*rows, _row("all", trials)])


def _row(name: str, trials: list[Trial]) -> list[str]:
    failures = Counter(each.failure for each in trials)
    restored = sum(each.report.ending is Ending.DONE and each.failure is None for each in trials)
    refused = sum(each.report.ending is Ending.REFUSED and each.failure is None for each in trials)
    longest, most = max(each.report.seconds for each in trials), max(each.report.peak_bytes for each in trials)
    counts = [len(trials), restored, refused, *(failures[each] for each in FAILURES)]
    return [name, *map(str, counts), f"{longest:.1f}", str(most // MEGABYTE)]


def _hostile_table(trials: list[Trial]) -> str:
    rows = [
        [
            each.format,
            each.kind,
            each.failure or WORDS[each.report.ending],
            f"{each.report.seconds:.1f}",
            str(each.report.peak_bytes // MEGABYTE),
        ]
        for each in trials
    ]
    return aligned(["format", "file", "what became of it", "s", "memory, MB"], rows)


def _how_tried() -> str:
    disks = "Full and read-only disks are real ones, in memory." if can_mount() else "Disks could not be made here."
    user = "another user than the superuser" if os.geteuid() == 0 else "the user who made this page"
    return f"One whole JPEG, restored where something is wrong. {disks} Permissions are those of {user}."


def _trouble_table(found: list[Trouble]) -> str:
    rows = []
    for each in found:
        became = WORDS.get(each.report.ending, str(each.report.ending))
        said = each.report.words.rpartition("photo.jpg: ")[2] if each.report.ending is Ending.REFUSED else ""
        rows.append([each.words, became, said, "yes" if each.is_right else f"no: {each.fault}"])
    return aligned(["what is wrong", "what became of it", "what it says", "as it should, nothing left behind"], rows)


if __name__ == "__main__":
    main()
