"""How many windows of a recording the language model has to hear.

    python benchmarks/language_windows.py [--speech FOLDER] [--model FOLDER] [--longest 60]

People of the split ``population`` whose clips, joined, have 30 s of net speech or more, clean and through two channels.
The network scores windows of 4.8 s side by side; then a few of them, evenly spaced, stand for all. Printed for each
number of windows and each corpus: how often the language is the first, or among the first five, and the mean negative
logarithm of its probability.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from forensic.audio.channel import CASE_CHANNELS, simulate
from forensic.audio.sources import load_sources, read_samples
from forensic.audio.speech import find_speech, speech_probability
from forensic.examination.hearing import hear_each
from forensic.language.classifier import (
    LanguageModel,
    default_language_model_folder,
    load_language_model,
    score_windows,
)
from forensic.language.hearing import HEARD_FRAMES
from forensic.records import Samples, Vector
from forensic.settings import SpeechSettings
from forensic.speaker.features import frame_mask, level_gain, mel_power

_CHANNELS = ("clean", "AMR-NB 5.9 + 10 dB noise", "MP3 16k")
_LEAST_S, _CLIPS_S = 30.0, 80.0
_NUMBERS = (12, 8, 6, 4, 3, 2)


@dataclass(frozen=True, slots=True)
class Heard:
    """One person in one channel: scores of the windows, shape (windows, classes)."""

    corpus: str
    language: int
    speech_s: float
    scores: Vector


def main() -> None:
    """Score all windows once, choose among them, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--model", type=Path, default=default_language_model_folder(), help="model folder")
    parser.add_argument("--longest", type=float, default=60.0, help="seconds of speech of a person that are heard")
    options = parser.parse_args()
    model = load_language_model(options.model)
    heard = list(hear(options.speech, model, options.longest))
    print(f"{'corpus':16}{'windows':>8}{'n':>6}{'first':>8}{'of five':>9}{'-ln p':>8}")
    for corpus in sorted({one.corpus for one in heard}):
        own = [one for one in heard if one.corpus == corpus]
        for number in _NUMBERS:
            rank, loss = np.transpose([judged(one, number, model) for one in own])
            print(
                f"{corpus:16}{number:8}{len(own):6}{np.mean(rank == 0):8.3f}{np.mean(rank < 5):9.3f}{loss.mean():8.3f}"
            )


def hear(speech: Path, model: LanguageModel, longest_s: float) -> Iterator[Heard]:
    """Everybody with enough speech of a language that the model knows, in every channel."""
    rows = pl.read_csv(speech / "manifest.csv", infer_schema=False).filter(
        pl.col("split") == "population", pl.col("language").is_in(model.classes)
    )
    channels = {channel.name: channel for channel in CASE_CHANNELS}
    sources = load_sources(speech / "noise", speech / "rooms")
    people = ["corpus", "speaker", "language"]
    for (corpus, _, language), clips in rows.sort(*people, "path").group_by(people, maintain_order=True):
        seconds = clips["seconds"].cast(pl.Float64)
        if seconds.sum() < _LEAST_S:
            continue
        paths = clips["path"].filter(seconds.cum_sum() - seconds < _CLIPS_S)
        samples = np.concatenate([read_samples(speech / path) for path in paths])
        segments = find_speech(speech_probability([samples])[0], len(samples), SpeechSettings())
        mask = frame_mask(segments, 0.0, 1 + len(samples) // 160)
        if mask.sum() < 100 * _LEAST_S:
            continue
        for name in _CHANNELS:
            through = simulate(samples, channels[name], sources, seed=1)
            frames = mel_power(through)[mask][: int(100 * longest_s)] * np.float32(level_gain(through, mask))
            windows = [own.cut()[0] for own in hear_each(side_by_side(frames), model.body)]
            scores = score_windows(windows, model)
            yield Heard(str(corpus), model.classes.index(str(language)), len(frames) / 100, scores)


def side_by_side(frames: Samples) -> Samples:
    """Windows over all of the speech, as few as hold it."""
    starts = np.linspace(0, len(frames) - HEARD_FRAMES, -(-len(frames) // HEARD_FRAMES)).round().astype(int)
    return np.stack([frames[start : start + HEARD_FRAMES] for start in starts])


def judged(one: Heard, number: int, model: LanguageModel) -> tuple[int, float]:
    """Rank of the language, 0 for the first, and the negative logarithm of its probability, from so many windows."""
    count = len(one.scores)
    chosen = np.linspace(0, count - 1, min(number, count)).round().astype(int)
    scores = one.scores[chosen].mean(axis=0)
    probability = model.decision.probabilities(scores, one.speech_s)[one.language]
    return int((scores > scores[one.language]).sum()), -float(np.log(max(probability, 1e-9)))


if __name__ == "__main__":
    main()
