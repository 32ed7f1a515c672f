"""Processor time of a command and of every process that it starts, whoever waits for them."""

import ctypes
import os
import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SET_CHILD_SUBREAPER = 36
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Taken:
    """What some commands took.

    Attributes:
        wall_s: from the start of the first to the end of the last.
        processor_s: user and system time of all their processes.
    """

    wall_s: float
    processor_s: float


def taken_by(
    commands: Sequence[Sequence[str]],
    cores: int = 1,
    environment: Mapping[str, str] | None = None,
    fine: Sequence[int] = (0,),
) -> Taken:
    """Run commands side by side on so many cores, and wait until all that they started has ended.

    Processes that outlive their parent become this one's children, so that their time is counted as well: workers that
    are forked from a server are children of nobody who waits for them.

    Args:
        commands: what to start, each with its arguments.
        cores: that they may use together; the first ones that this process may use.
        environment: added to this process's.
        fine: exit codes that are no error.

    Raises:
        subprocess.CalledProcessError: if a command ends otherwise.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    own = _children()
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    variables = os.environ | dict(environment or {})
    variables.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled once, not at every start
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:cores])  # children inherit it
    try:
        started = [subprocess.Popen(command, stdout=subprocess.DEVNULL, env=variables) for command in commands]
        codes = [process.wait() for process in started]
    finally:
        os.sched_setaffinity(0, allowed)
    wall_s = time.perf_counter() - began
    while left := _children() - own:
        for child in left:
            os.waitpid(child, 0)
    for code, command in zip(codes, commands, strict=True):
        if code not in fine:
            raise subprocess.CalledProcessError(code, command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Taken(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _children() -> set[int]:
    return {int(child) for child in Path("/proc/thread-self/children").read_text().split()}
