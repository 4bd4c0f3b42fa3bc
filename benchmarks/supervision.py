"""Work in a child process whose time and memory are watched, and which cannot take its parent with it."""

import json
import os
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from retrato.errors import RetratoError

MEGABYTE = 2**20


class Ending(StrEnum):
    """How a child ended."""

    DONE = "done"
    REFUSED = "clear error"
    EXCEPTION = "other exception"
    CRASH = "crash"
    HANG = "hang"


@dataclass(frozen=True)
class Limits:
    """What a child may take."""

    seconds: float = 20.0
    """Of processor time; three times as much on the clock."""
    address_space: int = 4096 * MEGABYTE
    """Bytes beyond what the parent has."""


@dataclass(frozen=True)
class Report:
    """What became of the work."""

    ending: Ending
    words: str
    """What the error says, or which one it was."""
    seconds: float
    """Of processor time."""
    peak_bytes: int
    """Resident memory at its highest, beyond what the child began with."""


def supervised(work: Callable[[], object], limits: Limits = Limits()) -> Report:
    """Do it in a child that is forked, so that what was imported need not be imported again."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_child(work, writing, limits)
    os.close(writing)
    said, in_time = _read(reading, time.monotonic() + 3 * limits.seconds)
    os.close(reading)
    if not in_time:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    parts = json.loads(said.splitlines()[-1]) if said.endswith(b"\n") else {}
    began = json.loads(said.splitlines()[0])["began"] if said else usage.ru_maxrss * 1024
    ending, words = parts.get("ending", Ending.CRASH), parts.get("words", _signal(status))
    if not in_time or (os.WIFSIGNALED(status) and os.WTERMSIG(status) in {signal.SIGXCPU, signal.SIGKILL}):
        ending, words = Ending.HANG, f"after {usage.ru_utime + usage.ru_stime:.0f} s of processor time"
    elif not os.WIFEXITED(status) or "ending" not in parts:
        ending = Ending.CRASH
    spent = usage.ru_utime + usage.ru_stime
    return Report(Ending(ending), words, spent, max(0, usage.ru_maxrss * 1024 - began))


def _be_child(work: Callable[[], object], pipe: int, limits: Limits) -> None:
    """Never returns."""
    try:
        os.write(pipe, json.dumps({"began": _memory("VmRSS")}).encode() + b"\n")
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        seconds = int(limits.seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        space = _memory("VmSize") + limits.address_space
        resource.setrlimit(resource.RLIMIT_AS, (space, space))
        ending, words = _tried(work)
        os.write(pipe, json.dumps({"ending": ending, "words": words[:400]}).encode() + b"\n")
    finally:
        os._exit(0)


def _tried(work: Callable[[], object]) -> tuple[Ending, str]:
    try:
        return Ending.DONE, str(work() or "")
    except RetratoError as error:
        return Ending.REFUSED, f"{type(error).__name__}: {error}"
    except BaseException as error:  # noqa: BLE001 (finding them is what this is for)
        where = traceback.extract_tb(error.__traceback__)[-1]
        return Ending.EXCEPTION, f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"


def _read(pipe: int, until: float) -> tuple[bytes, bool]:
    """All that is written, and whether it came in time."""
    said = b""
    while (left := until - time.monotonic()) > 0:
        if select.select([pipe], [], [], left)[0]:
            part = os.read(pipe, 65536)
            if not part:
                return said, True
            said += part
    return said, False


def _memory(name: str) -> int:
    """A line of what the kernel says of this process, in bytes."""
    with Path("/proc/self/status").open(encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name + ":"))


def _signal(status: int) -> str:
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"exit code {os.WEXITSTATUS(status)}"
