"""How well the accent model does on people of the split "population", by corpus, and so where it was never trained.

    python benchmarks/accent_accuracy.py [--model FOLDER] [--manifest FILE] [--out FOLDER] [--people 12]

People whose accent the manifest names, none of whom took part in training; at most so many of a corpus and accent,
those with the most audio; up to 12 s of net speech each, as it was recorded. Of alphanumeric nothing was in training.
Printed, and written to ACCURACY.md in --out: how many are told rightly, and what the others are taken for.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import torch

from forensic.audio.sources import read_samples
from forensic.audio.speech import find_speech, speech_probability
from forensic.examination.hearing import hear_each
from forensic.examination.manifest import name_hash
from forensic.language.classifier import default_accent_model_folder, load_language_model, recognise
from forensic.records import Samples
from forensic.settings import SpeechSettings
from forensic.speaker.features import frame_mask, level_gain, mel_power

_LONGEST_S = 12.0


def main() -> None:
    """Judge everybody, print and write the table."""
    options = _options()
    torch.set_num_threads(1)
    model = load_language_model(options.model)
    trained = set(json.loads((options.model / "training.json").read_text(encoding="utf-8"))["people_sha256"])
    rows = pl.read_csv(options.manifest, infer_schema=False).filter(
        pl.col("split") == "population", pl.col("accent").is_in(model.classes)
    )
    rows = rows.with_columns(pl.col("seconds").cast(pl.Float64))
    people = rows.group_by("corpus", "accent", "speaker").agg(pl.col("path").sort(), pl.col("seconds").sum())
    lines = [
        f"# Accuracy of {model.name}",
        "",
        "`python benchmarks/accent_accuracy.py`: people who took no part in training, up to",
        f"{_LONGEST_S:.0f} s of net speech each, as it was recorded. Nothing of alphanumeric was in training. *Right*",
        "counts the likeliest accent whether or not it is named.",
        "",
        "| Corpus | Accent | People | Right | Taken for, when wrong | Named | Right of these |",
        "|---|---|---|---|---|---|---|",
    ]
    for (corpus, accent), group in people.sort("corpus", "accent", "seconds", descending=[False, False, True]).group_by(
        ["corpus", "accent"], maintain_order=True
    ):
        found = []
        for speaker, paths in group.head(options.people).select("speaker", "path").iter_rows():
            if name_hash(f"{corpus}/{speaker}") in trained:
                raise SystemExit(f"{speaker} of {corpus} took part in training.")
            (heard,) = hear_each([_speech(options.manifest.parent, paths)], model.body)
            found.append(recognise(heard, model))
        judged = [each for each in found if each.top]
        wrong = Counter(each.top[0].name for each in judged if each.top[0].name != accent)
        named = [each for each in judged if each.name]
        taken = ", ".join(f"{name} {count}" for name, count in wrong.most_common()) or "-"
        right = sum(each.name == accent for each in named)
        counts = f"{len(judged)} | {len(judged) - sum(wrong.values())} | {taken} | {len(named)} | {right}"
        line = f"| {corpus} | {accent} | {counts} |"
        print(line, flush=True)
        lines.append(line)
    (options.out / "ACCURACY.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _speech(root: Path, paths: list[str]) -> Samples:
    parts: list[Samples] = []
    for path in paths:
        samples = read_samples(root / path)
        segments = find_speech(speech_probability([samples])[0], len(samples), SpeechSettings())
        mask = frame_mask(segments, 0.0, 1 + len(samples) // 160)
        if mask.any():
            parts.append(mel_power(samples)[mask] * np.float32(level_gain(samples, mask)))
        if sum(map(len, parts)) >= 100 * _LONGEST_S:
            break
    speech: Samples = np.concatenate(parts) if parts else np.zeros((0, 40), np.float32)
    return speech[: int(100 * _LONGEST_S)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=default_accent_model_folder(), help="model folder")
    parser.add_argument(
        "--manifest", type=Path, default=Path("../shared/speech/manifest.csv"), help="CSV of recordings"
    )
    parser.add_argument("--people", type=int, default=12, help="at most so many of a corpus and accent")
    parser.add_argument("--out", type=Path, default=Path("models/lstm-accent-3"), help="folder for ACCURACY.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
