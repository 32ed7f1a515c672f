"""How often one person's recordings are taken for two people's, and two people's for one person's.

    python benchmarks/suspect_consistency.py [--speech FOLDER] [--out work/suspect-consistency]

Real people of `population`: the three recordings of each person of alphanumeric; the clips of each person of
speechocean762, joined to recordings of about 18 and 9 s; and the sessions of each person of Common Voice who has two or
more (a jump of the clips' numbers: a day or more). Some kinds are made once more with each recording through another
channel (telephone codecs, noise, a room, MP3). All are scanned as a case's suspects are. Each suspect is then checked
as `forensic compare` checks one, on the shipped reference population without these people: suspects who
are one person (a refusal is a false alarm), and suspects mixed of two people of one corpus and language (no refusal is
a miss), with one recording of the second person or with as many as of the first.

Printed, by kind: suspects, false alarms and misses in percent; the same for other limits than the one in use, and for
another rule, the lowest LR of any two recordings; and the seconds that a check took. What was made and scanned stays in
the folder for the next run.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from _case import write_as
from _people import rows_of_people

from forensic.audio.channel import Band, Channel, Noise, Room, simulate
from forensic.audio.codec import Codec
from forensic.audio.sources import Sources, load_sources, read_samples
from forensic.case.folder import open_case
from forensic.comparison.consistency import ConsistencyCheck
from forensic.comparison.inconsistency import LEAST_LOG10_LR
from forensic.comparison.sides import Side, sides_by_recording
from forensic.engine import default_workers
from forensic.examination.people import with_languages_apart
from forensic.examination.scan import ScanRequest, scan
from forensic.likelihood_ratio.population import load_population, without
from forensic.settings import DiarizationSettings, LanguageSettings, Settings
from forensic.speaker.extractor import default_model_folder, load_model


@dataclass(frozen=True)
class Kind:
    """Recordings of one kind: a corpus, their length (None: as they are), and whether each has another channel."""

    name: str
    corpus: str
    length_s: float | None = None
    is_varied: bool = False


KINDS = (
    Kind("alphanumeric, 3 of 8 s", "alphanumeric"),
    Kind("alphanumeric, 3 of 8 s, other channels", "alphanumeric", is_varied=True),
    Kind("speechocean762, 4 of 18 s", "speechocean762", 18.0),
    Kind("speechocean762, 4 of 18 s, other channels", "speechocean762", 18.0, is_varied=True),
    Kind("speechocean762, 8 of 9 s", "speechocean762", 9.0),
    Kind("Common Voice, one a session", "common-voice"),
)
CHANNELS: tuple[tuple[Channel, Codec | None], ...] = (
    (Channel("telephone"), Codec("AMR-NB", 12_200)),
    (Channel("as it is"), None),
    (Channel("room", (Room(0.4, 3.0),)), Codec("Opus", 16_000)),
    (Channel("line", (Band(300, 3400), Codec("G.711 A-law"))), None),
    (Channel("noise", (Noise(15.0),)), Codec("MP3", 32_000)),
    (Channel("messenger"), Codec("Opus narrowband", 8_000)),
)
LIMITS = (0.5, 0.0, -0.5, -1.0, -2.0)
_SUFFIX = {"AMR-NB": "amr", "MP3": "mp3", "Opus": "opus", "Opus narrowband": "opus", None: "wav"}
_AS_IT_IS = (Channel("as it is"), None)
_LEAST_SESSION_S = 5.0
_FOLDS = 5
_SETTINGS = Settings(language=LanguageSettings(identify=False), diarization=DiarizationSettings(speakers="1"))


def main() -> None:
    """Make, scan, check, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--model", type=Path, default=default_model_folder(), help="model folder with its population")
    parser.add_argument("--out", type=Path, default=Path("work/suspect-consistency"), help="recordings and their case")
    options = parser.parse_args()
    people = write_people(options.speech, options.out / "people")
    voices = scanned(options.out, options.model)
    checked = list(check(people, voices, options.model))
    frame = pl.DataFrame(checked)
    frame.write_parquet(options.out / "checked.parquet")
    report(frame)


def write_people(speech: Path, out: Path) -> pl.DataFrame:
    """Write every person's recordings of every kind, where they are not there yet; columns kind, person, corpus."""
    manifest = rows_of_people(speech / "manifest.csv")
    sessions = pl.read_csv(speech / "sessions.csv", infer_schema=False).select("path", "session")
    manifest = with_languages_apart(manifest.with_columns(origin="corpus")).join(
        sessions, on="path", how="left", suffix="_inferred"
    )
    sources = load_sources(speech / "noise", speech / "rooms")
    rows = []
    for number, kind in enumerate(KINDS):
        folder = out / str(number)
        own = manifest.filter(pl.col("origin") == kind.corpus).sort("speaker", "path")
        for place, ((corpus, speaker), clips) in enumerate(own.group_by(["corpus", "speaker"], maintain_order=True)):
            rows.append((number, str(speaker), str(corpus)))
            if not (folder / ".complete").exists():
                write_person(folder / str(speaker), recordings_of(speech, clips, kind), kind, place, sources)
        (folder / ".complete").touch()
    return pl.DataFrame(rows, ["kind", "speaker", "corpus"], orient="row")


def recordings_of(speech: Path, clips: pl.DataFrame, kind: Kind) -> list[np.ndarray]:
    """One person's recordings: clips as they are, joined to a length, or joined by session."""
    if kind.corpus == "common-voice":
        by_session = clips.with_columns(pl.col("seconds").cast(pl.Float64)).group_by(
            "session_inferred", maintain_order=True
        )
        long = [own for _, own in by_session if own["seconds"].sum() >= _LEAST_SESSION_S]
        return [np.concatenate([read_samples(speech / path) for path in own["path"]]) for own in long if len(long) > 1]
    samples = [read_samples(speech / path) for path in clips["path"]]
    if kind.length_s is None:
        return samples
    joined: list[list[np.ndarray]] = [[]]
    for clip in samples:
        if joined[-1] and sum(map(len, joined[-1])) >= kind.length_s * 16_000:
            joined.append([])
        joined[-1].append(clip)
    return [whole for part in joined if len(whole := np.concatenate(part)) >= 0.6 * kind.length_s * 16_000]


def write_person(folder: Path, recordings: Sequence[np.ndarray], kind: Kind, place: int, sources: Sources) -> None:
    """Write one person's recordings, each through its channel."""
    for index, samples in enumerate(recordings):
        channel, codec = CHANNELS[(place + index) % len(CHANNELS)] if kind.is_varied else _AS_IT_IS
        path = folder / f"{index}.{_SUFFIX[codec.name if codec else None]}"
        write_as(path, simulate(samples, channel, sources, place), codec)


def scanned(out: Path, model_folder: Path) -> dict[tuple[int, str], list[Side]]:
    """The voices of each person, by kind and speaker, in the order of their recordings."""
    model = load_model(model_folder)
    with open_case(out / "case", create=True) as case:
        request = ScanRequest((out / "people",), "reference", model_folder, _SETTINGS, workers=default_workers())
        summary = scan(case, request, lambda _: None, model)
        print(f"{summary.files} recordings, {summary.failed + summary.failed_channels} without evidence")
        evidence = case.evidence.tables_of(model.identity.sha256, _SETTINGS.evidence_sha256)
    by_recording = sides_by_recording(evidence)
    voices: dict[tuple[int, str], list[Side]] = {}
    for path, sha256 in (
        evidence["files"].filter(pl.col("status") == "audio").sort("path").select("path", "sha256").iter_rows()
    ):
        if Path(path).is_relative_to((out / "people").absolute()):
            kind, speaker, _ = Path(path).parts[-3:]
            voices.setdefault((int(kind), speaker), []).extend(by_recording.get(sha256, []))
    return voices


def check(
    people: pl.DataFrame, voices: dict[tuple[int, str], list[Side]], model_folder: Path
) -> Iterator[dict[str, object]]:
    """Every suspect of one person and of two: log10 LR of the check, and the lowest of any two recordings."""
    model = load_model(model_folder)
    population = load_population(model_folder, model.identity.sha256)
    for (number, corpus), own in people.group_by(["kind", "corpus"], maintain_order=True):
        usable = [name for name in own["speaker"] if len(voices.get((number, name), ())) > 1]
        for fold in range(_FOLDS):
            members = usable[fold::_FOLDS]
            others = {name: usable[(usable.index(name) + 1) % len(usable)] for name in members}
            left_out = {f"{corpus}/{name}" for name in (*members, *others.values())} & set(population.speakers)
            checks = ConsistencyCheck(without(population, left_out), model.backend, _SETTINGS.comparison)
            for name, another in others.items():
                mine, other = voices[number, name], voices[number, another]
                half = max(1, min(len(mine), len(other)) // 2)
                suspects = {"one person": mine}
                if another != name:
                    suspects["one recording of another"] = [*mine[:-1], *other[:1]]
                    suspects["two people, half and half"] = [*mine[:half], *other[:half]]
                for truth, suspect in suspects.items():
                    began = time.perf_counter()
                    found = checks.split(name, suspect)
                    elapsed_s = time.perf_counter() - began
                    pairs = [checks.split(name, pair) for pair in itertools.combinations(suspect, 2)]
                    lowest = min((pair.log10_lr for pair in pairs if pair is not None), default=None)
                    yield {
                        "kind": KINDS[number].name,
                        "truth": truth,
                        "log10_lr": None if found is None else found.log10_lr,
                        "lowest_of_pairs": lowest,
                        "elapsed_s": elapsed_s,
                        "speaker": name,
                        "net_speech_s": [side.conditions.net_speech_s for side in suspect if side.conditions],
                    }


def report(checked: pl.DataFrame) -> None:
    """Print false alarms and misses."""
    print(f"{'':44}{'suspects':>9}{'unchecked':>10}{'false alarms %':>15}{'misses %, one':>14}{'half':>6}")
    for rule, name in (("log10_lr", "two groups"), ("lowest_of_pairs", "lowest of any two recordings")):
        for limit in LIMITS:
            is_in_use = rule == "log10_lr" and limit == LEAST_LOG10_LR
            print(f"{name}, refused below {limit:+.1f}{' (in use)' if is_in_use else ''}")
            for (kind,), rows in checked.group_by(["kind"], maintain_order=True):
                print(f"  {kind!s:42}{_line(rows, rule, limit)}")
            print(f"  {'all':42}{_line(checked, rule, limit)}")
    took = checked["elapsed_s"]
    print(f"a check: median {1000 * took.median():.1f} ms, mean {1000 * took.mean():.1f} ms with its calibrations")


def _line(rows: pl.DataFrame, rule: str, limit: float) -> str:
    refused = {
        truth: 100.0 * float((own[rule].fill_null(limit) < limit).mean())
        for (truth,), own in rows.group_by(["truth"], maintain_order=True)
    }
    one = rows.filter(pl.col("truth") == "one person")
    return (
        f"{one.height:9}{rows[rule].null_count():10}{refused['one person']:15.1f}"
        f"{100 - refused['one recording of another']:14.1f}{100 - refused['two people, half and half']:6.1f}"
    )


if __name__ == "__main__":
    main()
