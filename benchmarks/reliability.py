"""Write docs/reliability.md: what becomes of thousands of damaged and hostile picture files, full disks and odd names.

    python benchmarks/reliability.py [--each 6] [--seed 0] [-o docs/reliability.md]

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
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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
BASE_BYTES, BYTES_PER_PIXEL, BYTES_PER_BYTE = 256 * MEGABYTE, 32, 8
"""What reading, restoring and writing a file may take: this much, for each pixel of the result, and for each byte of the
file. More is called a burst."""
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


FAILURES = ("crash", "other exception", "hang", "memory burst", "half-written or left behind")


def main() -> None:
    """Try everything and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=6, help="files of each kind that are damaged in each way")
    parser.add_argument("--seed", type=int, default=0, help="of all damage")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs" / "reliability.md", help="the page")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    warnings.simplefilter("ignore")
    PIL.Image.init()
    started = time.monotonic()
    whole = whole_files()
    damaged = [each for each in _damaged_trials(whole, options.each, options.seed)]
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
    return files | {name: whole[0].data for name in NAMES}


def page_of(damaged: list[Trial], hostile: list[Trial], found: list[Trouble], command: Command, seconds: float) -> str:
    """The whole page."""
    tried = [*damaged, *hostile]
    failed = sum(each.failure is not None for each in tried)
    parts = [
        "# How reliable",
        "Photos come from telephones, scanners, old disks and strangers. Whatever a file holds, `retrato restore` either "
        "writes a whole result or says in one line what is wrong with the file and what to do; the others go on. This page "
        "is what happened when that was tried.",
        f"Made by `python benchmarks/reliability.py` on {datetime.date.today()}, commit {commit()}, in "
        f"{seconds / 60:.0f} minutes on one core ({platform.system()}, {platform.machine()}, Python "
        f"{platform.python_version()}, Pillow {PIL.__version__}). The damage is drawn from a seed: the same command tries "
        "the same files.",
        f"**{len(tried):,} files: {_count(tried, Ending.DONE):,} restored, {_count(tried, Ending.REFUSED):,} refused with a "
        f"clear error, {failed} failures.**",
        "## Damaged files",
        f"{len({(each.format, each.kind) for each in damaged})} whole files of 160 x 144 pixels, with EXIF, XMP and colour "
        f"profiles where the format has them, damaged in {len(DAMAGES)} ways. Each goes through what the command does with "
        "a file (read, find a face, restore it, put it back, write; a third in another format than its own) in a child "
        "process, where a stand-in takes the place of the networks. *Restored* means that Pillow reads the result as a "
        f"whole. A hang is more than {LIMITS.seconds:.0f} s of processor time; a memory burst is more than "
        f"{BASE_BYTES // MEGABYTE} MB, {BYTES_PER_PIXEL} bytes for each pixel of the result and {BYTES_PER_BYTE} for each "
        f"byte of the file, beyond what the process had; and no child could have more than "
        f"{LIMITS.address_space // 2**30} GB. A result beside an error, a temporary file that stays, and a changed input "
        "count as failures, too.",
        _table("format", damaged, lambda each: each.format),
        _table("damage", damaged, lambda each: each.damage),
        "## Hostile files",
        "Made to take a reader's memory or time: small files that claim or become much.",
        _hostile_table(hostile),
        "A picture within the limit of 178,956,970 pixels is read whatever it shows, and takes the memory of its pixels.",
        "## Disks, folders and devices",
        _how_tried(),
        _trouble_table(found),
        "## The command itself",
        f"`retrato restore` with the bundled model, on a folder of {command.photos} files: every kind as it is, every kind "
        f"damaged once, and {len(NAMES)} with odd names (other writings, composed letters, marks that turn the direction "
        "of writing, names that look like options, with new lines and with a terminal's orders in them, 255 bytes long). "
        f"It restored {command.restored}, refused {command.refused} each in one line, left out {command.unnamed}, and ended "
        f"with exit code {command.exit_code}. Faults: {'; '.join(command.faults) or 'none'}. New lines and orders in names "
        "are shown as `\\n` and `\\x1b`, so that no file name can pretend to be a message or steer the terminal.",
        (Path(__file__).with_name("reliability_frame.md")).read_text(encoding="utf-8").rstrip(),
    ]
    return "\n\n".join(parts) + "\n"


def _count(trials: Iterable[Trial], ending: Ending) -> int:
    return sum(each.report.ending is ending for each in trials)


def _table(what: str, trials: list[Trial], key: object) -> str:
    header = [what, "files", "restored", "clear error", *FAILURES, "longest, s", "most memory, MB"]
    groups: dict[str, list[Trial]] = {}
    for each in trials:
        groups.setdefault(key(each), []).append(each)
    rows = [_row(name, group) for name, group in groups.items()]
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
            each.failure or {Ending.DONE: "restored", Ending.REFUSED: "clear error"}[each.report.ending],
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
    words = {Ending.DONE: "restored", Ending.REFUSED: "clear error"}
    rows = [
        [
            each.words,
            words.get(each.report.ending, str(each.report.ending)),
            "yes" if each.is_right else f"no: {each.fault}",
        ]
        for each in found
    ]
    return aligned(["what is wrong", "what became of it", "as it should, nothing left behind"], rows)


if __name__ == "__main__":
    main()
