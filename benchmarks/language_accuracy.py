"""How well the language model does on people of the split "population", by duration and channel.

    python benchmarks/language_accuracy.py [--model FOLDER] [--manifest FILE] [--out FOLDER]

Common Voice people, none of whom took part in training (checked against the hashes that training left). Their clips
last about 4 s, so the clips of one person in one language are joined in the order of their names, up to 30 s; the first
3, 5 and 10 s of net speech in them are judged, one stretch a person, language and duration. Speech is found in the
clean recording, and the same instants are taken in every channel, which is simulated on the joined recording.

People of other corpora are judged apart: how well a language carries over to recordings that its speech in Common Voice
is unlike.

Printed, and written to ACCURACY.md in --out: share of stretches whose language is the first, or among the first five,
of the model's (the mean over stretches, and the mean over languages), Cavg, how often the model names a language and
how often that is right. Features are kept in --work, so that another model is measured in a minute.
"""

import argparse
import hashlib
import json
import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch

from forensic.audio.channel import CASE_CHANNELS, simulate
from forensic.audio.sources import load_sources, read_samples
from forensic.audio.speech import find_speech, speech_probability
from forensic.examination.hearing import hear_each
from forensic.examination.manifest import name_hash
from forensic.language.classifier import (
    LanguageModel,
    decide,
    default_language_model_folder,
    load_language_model,
    score_windows,
)
from forensic.records import Samples, Vector
from forensic.settings import SpeechSettings
from forensic.speaker.features import frame_mask, level_gain, mel_power

_CHANNELS = ("clean", "G.711", "AMR-NB 12.2", "AMR-NB 5.9 + 10 dB noise", "Opus 8k", "MP3 16k")
_DURATIONS_S = (3, 5, 10)
_LONGEST_S = 30.0
_MOST_CLIPS = 30
_CORPUS = "common-voice"


@dataclass(frozen=True)
class Person:
    """One person in one language, and the speech of their clips in each channel, frames of mel power."""

    name: str
    corpus: str
    language: str
    speech: dict[str, Samples]


@dataclass(frozen=True)
class Cell:
    """Results at one duration in one channel."""

    seconds: int
    channel: str
    people: int
    languages: int
    stretches: int
    first: float
    five: float
    first_by_language: float
    five_by_language: float
    cavg: float
    named: float
    named_right: float


def main() -> None:
    """Make or read the features, score them, print and write the tables."""
    options = _options()
    torch.set_num_threads(1)
    people = prepare(options.manifest, options.work)
    model = load_language_model(options.model)
    _check_people(options.model, people)
    elsewhere = [person for person in people if person.corpus != _CORPUS]
    known = [person for person in people if person.corpus == _CORPUS and person.language in model.classes]
    others = [person for person in people if person.language not in model.classes]
    lines = _heading(model, known)
    cells, by_language = [], {}
    for seconds in _DURATIONS_S:
        for channel in _CHANNELS:
            cell, hits = _measure(model, known, seconds, channel)
            cells.append(cell)
            by_language[seconds, channel] = hits
            print(_row(cell), flush=True)
    lines += [_row(cell) for cell in cells]
    lines += _elsewhere(model, elsewhere)
    lines += _language_table(model, by_language[5, "clean"], by_language[3, "clean"])
    lines += _unknown(model, others)
    text = "\n".join(lines) + "\n"
    print(text)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "ACCURACY.md").write_text(text, encoding="utf-8")


def prepare(manifest: Path, work: Path) -> list[Person]:
    """Features of everybody in every channel, made once."""
    rows = pl.read_csv(manifest, infer_schema=False).filter(
        pl.col("split") == "population", pl.col("language").fill_null("") != ""
    )
    work.mkdir(parents=True, exist_ok=True)
    channels = {channel.name: channel for channel in CASE_CHANNELS}
    sources = None
    people = []
    for (corpus, speaker, language), clips in rows.sort("corpus", "language", "speaker", "path").group_by(
        ["corpus", "speaker", "language"], maintain_order=True
    ):
        name = f"{corpus}/{speaker}"
        path = work / f"{hashlib.sha256(f'{name} {language}'.encode()).hexdigest()[:24]}.npz"
        if not path.exists():
            sources = sources or load_sources(manifest.parent / "noise", manifest.parent / "rooms")
            samples = np.concatenate([read_samples(manifest.parent / clip) for clip in clips["path"][:_MOST_CLIPS]])
            samples = samples[: int(_LONGEST_S * 16_000)]
            mask = _speech_mask(samples)
            made = {}
            for channel in _CHANNELS:
                heard = simulate(samples, channels[channel], sources, seed=1)
                frames = mel_power(heard)[mask] * np.float32(level_gain(heard, mask))
                made[channel] = np.sqrt(frames).astype(np.float16)
            np.savez(path, **made)
            print(f"{language} {name}", flush=True)
        with np.load(path) as kept:
            speech = {channel: np.square(kept[channel].astype(np.float32)) for channel in _CHANNELS}
        people.append(Person(name, str(corpus), str(language), speech))
    return people


def _speech_mask(samples: Samples) -> np.ndarray:
    segments = find_speech(speech_probability([samples])[0], len(samples), SpeechSettings())
    return frame_mask(segments, 0.0, 1 + len(samples) // 160)


def _check_people(folder: Path, people: list[Person]) -> None:
    """Nobody may have been trained on, or calibrated with."""
    trained = set(json.loads((folder / "training.json").read_text(encoding="utf-8"))["people_sha256"])
    if met := [person.name for person in people if name_hash(person.name) in trained]:
        raise SystemExit(f"{len(met)} of these people took part in training: {met[0]}, ...")


def _stretches(person: Person, seconds: int, channel: str) -> list[Samples]:
    frames, size = person.speech[channel], 100 * seconds
    count = min(1, len(frames) // size)
    return [frames[index * size : (index + 1) * size] for index in range(count)]


def _measure(
    model: LanguageModel, people: list[Person], seconds: int, channel: str
) -> tuple[Cell, dict[str, list[bool]]]:
    stretches, labels, measured = [], [], 0
    for person in people:
        own = _stretches(person, seconds, channel)
        measured += bool(own)
        stretches += own
        labels += [model.classes.index(person.language)] * len(own)
    cut = [own.cut() for own in hear_each(stretches, model.body)]  # as many windows of each, since all are as long
    scores = score_windows([window for each in cut for window in each], model)
    matrix, truth = scores.reshape(len(cut), -1, scores.shape[1]).mean(axis=1), np.array(labels)
    rank = (matrix > matrix[np.arange(len(truth)), truth][:, None]).sum(axis=1)
    decided = [decide(row, float(seconds), model) for row in matrix]
    named = np.array([each.name is not None for each in decided])
    right = np.array([each.name == model.classes[label] for each, label in zip(decided, truth, strict=True)])
    present = np.unique(truth)
    cell = Cell(
        seconds=seconds,
        channel=channel,
        people=measured,
        languages=len(present),
        stretches=len(truth),
        first=float((rank == 0).mean()),
        five=float((rank < 5).mean()),
        first_by_language=float(np.mean([(rank[truth == label] == 0).mean() for label in present])),
        five_by_language=float(np.mean([(rank[truth == label] < 5).mean() for label in present])),
        cavg=cavg(model.decision.probabilities(matrix, float(seconds)), truth),
        named=float(named.mean()),
        named_right=float(right[named].mean()) if named.any() else 0.0,
    )
    hits: dict[str, list[bool]] = {}
    for label, hit in zip(truth, rank == 0, strict=True):
        hits.setdefault(model.classes[label], []).append(bool(hit))
    return cell, hits


def cavg(probabilities: Vector, truth: np.ndarray) -> float:
    """Mean detection cost over languages at even odds, misses and false alarms weighing the same.

    A language is detected where its likelihood is above the mean of the others'. Languages without speech are left out.

    Source: the NIST Language Recognition Evaluation plan of 2009, C_avg for the closed set.
    """
    present = np.unique(truth)
    others = (1.0 - probabilities) / (probabilities.shape[1] - 1)
    detected = probabilities > others
    costs = []
    for target in present:
        missed = 1.0 - detected[truth == target, target].mean()
        alarms = np.mean([detected[truth == other, target].mean() for other in present if other != target])
        costs.append((missed + alarms) / 2)
    return float(np.mean(costs))


def _heading(model: LanguageModel, people: list[Person]) -> list[str]:
    covered = sum(model.decision.covers(name) for name in model.classes)
    names = {person.name for person in people}
    languages = {person.language for person in people}
    columns = (
        *("Speech s", "Channel", "People", "Languages", "Stretches", "Top one %", "Top five %"),
        *("Mean over languages: top one %", "top five %", "Cavg %", "Named %", "Right of these %"),
    )
    text = (
        f"`python benchmarks/language_accuracy.py`: {len(names)} Common Voice people who took no part in training or "
        f"calibration, {len(languages)} of the model's {len(model.classes)} languages, read speech; the first 3, 5 or "
        "10 s of net speech, one stretch a person and language. A person's clips of about 4 s were joined, so that "
        "longer stretches come from fewer people. Channels are simulated. *Top one* and *top five* count the model's "
        f"scores as they are, whether or not it names a language; *named* is the share in which it does ({covered} "
        "languages are covered), *right of these* how many of those are right."
    )
    table = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return [f"# Accuracy of {model.name}", "", *textwrap.wrap(text, 120), "", *table]


def _row(cell: Cell) -> str:
    shares = (
        cell.first,
        cell.five,
        cell.first_by_language,
        cell.five_by_language,
        cell.cavg,
        cell.named,
        cell.named_right,
    )
    figures = " | ".join(f"{100 * share:.1f}" for share in shares)
    return f"| {cell.seconds} | {cell.channel} | {cell.people} | {cell.languages} | {cell.stretches} | {figures} |"


def _elsewhere(model: LanguageModel, people: list[Person]) -> list[str]:
    """The people of other corpora, 5 s of speech, as the rows of the first table."""
    lines = [
        "",
        "## People of other corpora",
        "",
        "| Corpus | Language | Channel | People | Top one % | Top five % | Named % | Right of these % |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for corpus, language in sorted({(person.corpus, person.language) for person in people}):
        own = [person for person in people if (person.corpus, person.language) == (corpus, language)]
        for channel in _CHANNELS[:4]:
            cell, _ = _measure(model, own, 5, channel)
            figures = " | ".join(
                f"{100 * share:.1f}" for share in (cell.first, cell.five, cell.named, cell.named_right)
            )
            lines.append(f"| {corpus} | {language} | {channel} | {cell.people} | {figures} |")
    return lines


def _language_table(model: LanguageModel, five: dict[str, list[bool]], three: dict[str, list[bool]]) -> list[str]:
    lines = [
        "",
        "## By language, clean",
        "",
        "| Language | Covered | Stretches of 5 s | Right % | Stretches of 3 s | Right % |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for name in model.classes:
        figures = " | ".join(
            f"{len(hits)} | {100 * np.mean(hits):.0f}" if hits else "0 | " for hits in (five.get(name), three.get(name))
        )
        lines.append(f"| {name} | {'yes' if model.decision.covers(name) else 'no'} | {figures} |")
    return lines


def _unknown(model: LanguageModel, others: list[Person]) -> list[str]:
    """What is said of languages that the model does not know."""
    lines = []
    for person in others:
        frames = person.speech["clean"]
        scores = score_windows(hear_each([frames], model.body)[0].cut(), model).mean(axis=0)
        found = decide(scores, len(frames) / 100, model)
        first = found.top[0]
        said = f"{found.name or found.answer} (first: {first.name}, {first.probability:.2f})"
        lines.append(f"- {person.language}, {len(frames) / 100:.1f} s of speech: {said}")
    return ["", "## Languages that the model does not know", "", *lines] if lines else []


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=default_language_model_folder(), help="model folder")
    parser.add_argument(
        "--manifest", type=Path, default=Path("../shared/speech/manifest.csv"), help="CSV of recordings"
    )
    parser.add_argument("--work", type=Path, default=Path("work/language_accuracy"), help="features")
    parser.add_argument("--out", type=Path, default=Path("models/lstm-language-2"), help="folder for ACCURACY.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
