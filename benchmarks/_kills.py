"""Commands that are killed while they write, and what the next ones find."""

import contextlib
import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import polars as pl
from _small_case import DONE, ENVIRONMENT, FORENSIC, ROOT, comparisons_of, run, scanned_and_compared

sys.path.insert(0, str(ROOT / "tests"))

from factories import voice, write_wav

from forensic.workflows.audit import DIFFERENT, audit

KILLS = ROOT / "benchmarks" / "results" / "kills.json"

Command: TypeAlias = tuple[str | Path, ...]

_TRAINING = """
[data]
noise = ""
rooms = ""
splits = []
development_share = 0.4

[augmentation]
piece_s = 18.0
versions = 1

[learning]
init = "random"
steps = 12
batch = 6
min_crop_frames = 60
max_crop_frames = 90
evaluate_every = 2
average_last = 0.5
"""


def kills(work: Path, number: int, seed: int, only: Sequence[str] = ()) -> bool:
    """Kill each command while it writes, and see what the next one finds.

    What earlier runs counted of other commands stays in the file of counts.

    A moment is drawn between a command's first change of the disk and its end: before, there is nothing to lose.
    """
    moments = random.Random(seed)  # noqa: S311 - moments, not secrets
    commands = _commands(work, only)
    kept = (
        json.loads(KILLS.read_text(encoding="utf-8"))
        if only
        else {"kills": {}, "seeds": [], "faults": [], "ended_before": 0}
    )
    others = {name: count for name, count in kept["kills"].items() if name not in commands}
    made: Counter[str] = Counter()
    faults: list[str] = []
    lengths = {name: _length(victim) for name, victim in commands.items()}
    ended = 0
    while made.total() < number:
        name = min(commands, key=lambda each: made[each])
        victim = commands[name]
        victim.prepare()
        if not _killed(victim, moments.uniform(0, lengths[name])):
            ended += 1
            continue
        made[name] += 1
        found = [*victim.half(), *_ends_well(victim), *victim.wrong()]
        faults += [f"{name}, kill {made.total()}: {fault}" for fault in found]
        print(f"{made.total()} of {number}: {name}", *found, flush=True)
        result = {
            "kills": dict(sorted({**others, **made}.items())),
            "seeds": sorted({*kept["seeds"], seed}),
            "faults": [*kept["faults"], *faults],
            "ended_before": kept["ended_before"] + ended,
        }
        KILLS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print("\n".join(f"{count:4} {name}, {lengths[name]:.1f} s of writing" for name, count in sorted(made.items())))
    print(f"{number} kills, {len(faults)} faults, {ended} commands ended before their kill", *faults[:20], sep="\n")
    return not faults


@dataclass(frozen=True, slots=True)
class Victim:
    """A command that is killed.

    Attributes:
        command: its arguments.
        folders: that it writes to.
        prepare: brings them to the state that it starts from.
        half: what looks like a result and is not whole, after the kill.
        wrong: what differs from what was never killed, after the same command ran to its end.
    """

    command: Command
    folders: tuple[Path, ...]
    prepare: Callable[[], None]
    half: Callable[[], Iterable[str]]
    wrong: Callable[[], Iterable[str]]


def _commands(work: Path, only: Sequence[str]) -> dict[str, Victim]:
    """The commands, each with what it needs; all of them, or only some."""
    questioned, suspects, case = scanned_and_compared(work)
    scanned, killed, key = work / "scanned", work / "killed", work / "key"
    run("keys", "new", "--out", key)
    run("scan", questioned, "--case", scanned, "--workers", "1")
    scan = ("scan", questioned, "--case", killed, "--workers", "1")
    compare = ("compare", "--ref", suspects, "--case", killed, "--workers", "1")
    seal = ("seal", killed / "comparisons" / next((case / "comparisons").iterdir()).name, "--key", key)
    made: dict[str, Callable[[], Victim]] = {
        "scan": lambda: _of_case(scanned, killed, scan, is_new=True),
        "compare": lambda: _of_case(case, killed, compare),
        "link": lambda: _of_case(case, killed, ("link", "--case", killed, "--workers", "1")),
        "report": lambda: _of_case(case, killed, ("report", killed, "--format", "docx")),
        "seal": lambda: _of_case(case, killed, seal),
        "validate": lambda: _validation(work),
        "calibrate": lambda: _calibration(work),
        "population build": lambda: _population(work),
        "train": lambda: _training(work),
    }
    return {name: make() for name, make in made.items() if name in (only or made)}


def _of_case(case: Path, killed: Path, command: Command, *, is_new: bool = False) -> Victim:
    """A command on a copy of a case, or on a new one."""

    def prepare() -> None:
        shutil.rmtree(killed, ignore_errors=True)
        if not is_new:
            shutil.copytree(case, killed)

    def wrong() -> Iterator[str]:
        if comparisons_of(killed) != comparisons_of(case):
            yield "the LRs differ from those of a case that was never killed"
        if _rows(killed) != _rows(case):
            yield "the evidence differs from that of a case that was never killed"
        yield from (each.finding for each in audit(killed).checked if each.verdict == DIFFERENT)

    return Victim(command, (killed,), prepare, lambda: _half(killed), wrong)


def _rows(case: Path) -> set[str]:
    """Every row of evidence, embeddings and all, without when it was made."""
    found = set()
    for path in (case / "evidence").glob("*.parquet"):
        table = pl.read_parquet(path)
        table = table.drop(name for name in table.columns if name.endswith("_utc"))
        found |= {f"{path.name.partition('.')[0]} {row}" for row in table.iter_rows(named=True)}
    return found


def _half(case: Path) -> Iterator[str]:
    """Folders that look like results and are not whole."""
    needed = {"comparisons": {"report.pdf", "report.html", "results.json"}, "links": {"report.pdf", "results.json"}}
    for kind, names in needed.items():
        for folder in (case / kind).glob("[!.]*"):
            yield from _lacks(folder, names)
            for pdf in folder.glob("report-*.pdf"):  # the last of a version to get its name
                yield from _lacks(folder, {pdf.with_suffix(".html").name, pdf.with_suffix(".docx").name})


def _lacks(folder: Path, names: set[str]) -> Iterator[str]:
    if missing := names - {path.name for path in folder.iterdir()}:
        yield f"{folder.name} lacks {', '.join(sorted(missing))}"


def _validation(work: Path) -> Victim:
    """A validation of a table of scores."""
    scores, out = work / "scores.csv", work / "validation"
    scores.write_text(_scores(), encoding="utf-8")
    command = ("validate", "--scores", scores, "--out", out)

    def prepare() -> None:
        shutil.rmtree(out, ignore_errors=True)

    def measured() -> object:
        return json.loads((out / "validation.json").read_bytes())["lrs_sha256"]

    run(*command)
    right, names = measured(), {path.name for path in out.iterdir()}

    def half() -> Iterator[str]:
        if (out / "report.pdf").exists() or (out / "validation.json").exists():
            yield from _lacks(out, {name for name in names if not name.startswith(".")})

    def wrong() -> Iterator[str]:
        if measured() != right:
            yield "the measures differ from those of a validation that was never killed"

    return Victim(command, (out,), prepare, half, wrong)


def _training(work: Path) -> Victim:
    """A training of seconds, with a checkpoint at every other step."""
    configuration = work / "training.toml"
    configuration.write_text(_TRAINING, encoding="utf-8")

    def train(out: Path) -> Command:
        options = ("--out", out, "--name", "ours", "--work", _work_of(out), "--workers", "1")
        return ("train", configuration, "--data", _people(work), *options)

    return _of_folder(
        train, work / "model", ("weights.safetensors", "backend.safetensors", "network.onnx", "card.toml")
    )


def _calibration(work: Path) -> Victim:
    """A calibration on scores with the conditions of both sides."""
    scores = work / "scores with conditions.csv"
    sides = ("known", "questioned")
    columns = ",".join(f"net_speech_{side}_s,bandwidth_{side}_hz" for side in sides)
    head, *rows = _scores().splitlines()
    scores.write_text("\n".join([f"{head},{columns}", *(f"{row},30,7000,20,3400" for row in rows)]), encoding="utf-8")
    return _of_folder(
        lambda out: ("calibrate", "--scores", scores, "--out", out),
        work / "calibration",
        ("scores.parquet",),
    )


def _population(work: Path) -> Victim:
    """A reference population of made-up calls, as they are."""
    people = _people(work)
    files = sorted(people.rglob("*.wav"))
    rows = [f"{path},{path.parent.name},made up,CC0,telephone" for path in files]
    (work / "people.csv").write_text("\n".join(["path,speaker,corpus,licence,channel", *rows]), encoding="utf-8")
    days = [f"{path},{path.stem}" for path in files]
    (work / "days.csv").write_text("\n".join(["path,session", *days]), encoding="utf-8")

    def build(out: Path) -> Command:
        options = ("--sessions", work / "days.csv", "--as-recorded", "--work", _work_of(out), "--workers", "1")
        return ("population", "build", work / "people.csv", "--out", out, *options)

    return _of_folder(build, work / "bank", ("population.parquet",))


def _of_folder(command: Callable[[Path], Command], out: Path, same: Sequence[str]) -> Victim:
    """A command that makes a folder.

    Args:
        command: that makes a folder of any name.
        out: what is never killed; that of the kills is beside it.
        same: files of it that come out the same to the bit.
    """
    killed = out.with_name(f"killed {out.name}")
    done = run(*command(out))
    if done.returncode not in DONE:
        raise SystemExit(done.stdout + done.stderr)
    names = {path.name for path in out.iterdir()}
    folders = (killed, _work_of(killed))

    def prepare() -> None:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)

    def half() -> Iterator[str]:
        if killed.exists() and any(not path.name.startswith(".") for path in killed.iterdir()):
            yield from _lacks(killed, names)

    def wrong() -> Iterator[str]:
        yield from _lacks(killed, names)
        for name in same:
            pair = [folder / name for folder in (out, killed)]
            if all(path.exists() for path in pair) and pair[0].read_bytes() != pair[1].read_bytes():
                yield f"{name} differs from that of a command that was never killed"

    return Victim(command(killed), folders, prepare, half, wrong)


def _work_of(out: Path) -> Path:
    """Where a command keeps what its next run need not compute."""
    return out.with_name(f"work of {out.name}")


def _people(work: Path) -> Path:
    """Eight made-up people with three recordings each."""
    folder = work / "people"
    if not folder.exists():
        for person, take in itertools.product(range(8), range(3)):
            path = folder / f"p{person}" / f"{take}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_wav(path, voice(seconds=6.0, seed=100 * person + take, pitch_hz=90.0 + 20 * person))
    return folder


def _ends_well(victim: Victim) -> Iterator[str]:
    """What the command complains of when it is run again; but for what was done when it was killed."""
    done = run(*victim.command)
    if done.returncode not in DONE and not re.search("sealed already|holds a calibration already", done.stderr):
        yield done.stderr


def _scores() -> str:
    draws = random.Random(7)  # noqa: S311 - scores, not secrets
    lines = ["speaker_known,speaker_questioned,same_speaker,score"]
    people = [f"p{index}" for index in range(25)]
    for first in people:
        for second in people:
            same = first == second
            lines.append(f"{first},{second},{str(same).lower()},{draws.gauss(2.0 if same else 0.0, 1.0):.4f}")
    return "\n".join(lines) + "\n"


def _length(victim: Victim) -> float:
    """Seconds from its first change of the disk to its end."""
    victim.prepare()
    process = _started(victim)
    began = time.monotonic()
    if process.wait() not in DONE:
        raise SystemExit(f"This command fails without a kill: {' '.join(map(str, victim.command))}")
    return time.monotonic() - began


def _killed(victim: Victim, after_s: float) -> bool:
    """Start it and kill it with all its children, some seconds after its first change; whether it was still running."""
    process = _started(victim)
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def _started(victim: Victim) -> subprocess.Popen[bytes]:
    """The command, as soon as it has changed the disk or ended."""
    before = _seen(victim.folders)
    process = subprocess.Popen(
        [*FORENSIC, *map(str, victim.command)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        cwd=ROOT,
        start_new_session=True,
    )
    while process.poll() is None and _seen(victim.folders) == before:
        time.sleep(0.005)
    return process


def _seen(folders: Sequence[Path]) -> dict[str, tuple[int, int]]:
    """Size and time of every file below the folders."""
    found = {}
    for path in (path for folder in folders for path in folder.rglob("*")):
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            found[str(path)] = status.st_size, status.st_mtime_ns
    return found
