"""When two groups of windows are two speakers: how often one voice passes, and how often two, by the number of windows.

    python benchmarks/diarization_bars.py [--speech FOLDER] [--split train] [--corpora NAME ...] [--most 40]

What the bars of ``forensic.speaker.diarize`` were set on: people of the split train, one alone or two who talk with
each other, through simulated telephones. Stretches of so many windows are parted in two, as the search for speakers
does. Printed, for each number of windows: the distance (one less the cosine) of the halves of one voice, in the middle
and at the edge that one in fifty passes; the share of stretches of one voice that is taken for two speakers, and of
stretches of two, the other of whom has a quarter of the windows or more, that is found to be two. Beside that stand
the same shares of a rule that compares with the quarters alone. Then: how many whole recordings are looked at more
closely at all, and how many of those in which two voices are found would not be.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))

from _conversations import Voice, converse
from diarization import TELEPHONE, groups_of_voices

from forensic.audio.channel import Sources
from forensic.audio.sources import load_sources
from forensic.audio.speech import find_speech, speech_probability
from forensic.records import Samples, SpeechSegment, Turn
from forensic.settings import DiarizationSettings, EmbeddingSettings, SpeechSettings
from forensic.speaker.diarize import (
    Halves,
    Windows,
    are_two_speakers,
    at_spread,
    cluster,
    may_be_several,
    part_in_two,
)
from forensic.speaker.extractor import (
    SpeakerModel,
    cut_steps,
    cut_windows,
    default_model_folder,
    embed_windows,
    load_model,
)
from forensic.speaker.features import FRAMES_PER_S, frame_mask, level_gain, mel_power

_NUMBERS = (10, 14, 20, 28, 40, 56, 80)  # of windows
_LONGEST_S = 100.0
_LEAST_SHARE = 0.25  # of the windows, of the other speaker
_WHOLE_SHARE = 0.6  # of a window that its stretch of speech fills
_QUARTERS_ALONE = (0.05, 1.12)  # least distance, and least times that of the quarters


@dataclass(frozen=True, slots=True)
class Parted:
    """A stretch of windows in halves: how many windows, how many voices."""

    number: int
    voices: int
    halves: Halves


@dataclass(frozen=True, slots=True)
class Doubted:
    """A whole recording: how many voices, whether it is looked at more closely, whether several would be found."""

    voices: int
    is_doubtful: bool
    is_several: bool


def main() -> None:
    """Make, part, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--split", default="train", help="of the manifest")
    parser.add_argument("--model", type=Path, default=default_model_folder(), help="model folder")
    parser.add_argument("--work", type=Path, default=Path("work/diarization"), help="folder of voices that were read")
    parser.add_argument("--corpora", nargs="+", default=["common-voice", "librispeech", "speechocean762"], help="names")
    parser.add_argument("--most", type=int, default=40, help="recordings of one, and of two, in each corpus")
    parser.add_argument("--seed", type=int, default=2026, help="of everything random")
    options = parser.parse_args()
    torch.set_num_threads(1)
    manifest = options.speech / "manifest.csv"
    sources = load_sources(manifest.parent / "noise", None)  # rooms are simulated
    groups = groups_of_voices(manifest, options.split, options.work / "voices", options.corpora)
    model = load_model(options.model)
    settings = at_spread(DiarizationSettings(), model.spread)
    parted, doubted = [], []
    for own in groups.values():
        for voices in (1, 2):
            for samples, turns in make_recordings(own, voices, sources, options):
                segments = find_speech(speech_probability([samples])[0], len(samples), SpeechSettings())
                embeddings, speakers = windows_of(samples, segments, turns, model)
                parted += part_stretches(embeddings, speakers, voices)
                doubted.append(doubt(samples, segments, embeddings, voices, model, settings))
    print_bars(parted, settings)
    print_doubts(doubted)


def make_recordings(
    groups: Sequence[Sequence[Voice]], voices: int, sources: Sources, options: argparse.Namespace
) -> Iterator[tuple[Samples, Sequence[Turn]]]:
    """Recordings of so many voices, and who speaks when in each."""
    rng = np.random.default_rng(options.seed)
    parties = []
    for group in groups:
        order = [group[index] for index in rng.permutation(len(group))]
        parties += [order[first : first + voices] for first in range(0, len(order) - voices + 1, voices)]
    for number, party in enumerate(parties[: options.most]):
        talk = converse(party, _LONGEST_S, options.seed + number)
        yield talk.through(TELEPHONE[number % len(TELEPHONE)], sources, options.seed + number), talk.turns


def part_stretches(embeddings: Samples, speakers: np.ndarray, voices: int) -> Iterator[Parted]:
    """Stretches of a recording's windows, in halves."""
    for size in (each for each in _NUMBERS if each <= len(embeddings)):
        for first in {0, len(embeddings) - size}:
            heard = np.bincount(speakers[first : first + size], minlength=3)[1:]
            if voices > 1 and heard.min() < _LEAST_SHARE * size:
                continue
            yield Parted(size, voices, part_in_two(embeddings[first : first + size], np.ones(size)))


def doubt(
    samples: Samples,
    segments: Sequence[SpeechSegment],
    embeddings: Samples,
    voices: int,
    model: SpeakerModel,
    settings: DiarizationSettings,
) -> Doubted:
    """What a scan makes of a recording whose windows that cross no pause have these embeddings."""
    mask = frame_mask(segments, 0.0, 1 + len(samples) // 160)
    power = mel_power(samples)[mask] * np.float32(level_gain(samples, mask))
    across = embed_windows(cut_windows(power, EmbeddingSettings().window_frames)[0], model)
    whole = np.full(len(embeddings), settings.window_frames / FRAMES_PER_S)
    found = cluster(Windows(embeddings, np.zeros_like(whole), whole), settings)
    return Doubted(voices, may_be_several(across, settings), len(found) > 1)


def windows_of(
    samples: Samples, segments: Sequence[SpeechSegment], truth: Sequence[Turn], model: SpeakerModel
) -> tuple[Samples, np.ndarray]:
    """Embedded windows of a recording, none of which runs over a pause, and who speaks most in each."""
    step = DiarizationSettings()
    shape = step.window_frames, step.step_frames
    mask = frame_mask(segments, 0.0, 1 + len(samples) // 160)
    power = mel_power(samples) * np.float32(level_gain(samples, mask))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8))).reshape(-1, 2)
    windows, speakers = [np.empty((0, step.window_frames, power.shape[1]), np.float32)], []
    for first, last in edges:
        if last - first < _WHOLE_SHARE * step.window_frames:
            continue
        cut, centres = cut_steps(power[first:last], *shape)
        windows.append(cut)
        begins_s = np.maximum(first, first + centres - step.window_frames // 2) / FRAMES_PER_S
        speakers += [speaker_of(start_s, start_s + step.window_frames / FRAMES_PER_S, truth) for start_s in begins_s]
    return embed_windows(np.concatenate(windows), model), np.array(speakers, int)


def speaker_of(start_s: float, end_s: float, truth: Sequence[Turn]) -> int:
    """Who speaks most in a stretch of time; 0 if nobody does."""
    heard = np.zeros(3)
    for turn in truth:
        heard[turn.speaker] += max(0.0, min(end_s, turn.end_s) - max(start_s, turn.start_s))
    return int(heard.argmax())


def print_bars(parted: Sequence[Parted], settings: DiarizationSettings) -> None:
    """By number of windows."""
    least, times = _QUARTERS_ALONE
    print(f"{'':8}{'one voice':>36}{'quarters':>10}{'two voices':>14}{'quarters':>10}")
    print(f"{'windows':8}{'n':>6}{'half under':>11}{'1 in 50 over':>13}{'split':>6}{'alone':>10}", end="")
    print(f"{'n':>6}{'found':>8}{'alone':>10}")
    for number in (*_NUMBERS, 0):
        line = f"{number or 'all':<8}"
        for voices in (1, 2):
            halves = [one.halves for one in parted if one.voices == voices and number in {0, one.number}]
            if not halves:
                line += f"{0:6}" + " " * (40 if voices == 1 else 18)
                continue
            apart = [one.apart for one in halves]
            line += f"{len(halves):6}"
            line += f"{np.median(apart):11.3f}{np.quantile(apart, 0.98):13.3f}" if voices == 1 else ""
            passed = np.mean([are_two_speakers(one, settings) for one in halves])
            alone = np.mean([one.apart > least and one.apart > times * one.typical for one in halves])
            line += f"{100 * passed:{4 if voices == 1 else 6}.0f} %{100 * alone:8.0f} %"
        print(line)


def print_doubts(doubted: Sequence[Doubted]) -> None:
    """By number of voices."""
    for voices in (1, 2):
        own = [one for one in doubted if one.voices == voices]
        several = [one for one in own if one.is_several]
        closer = sum(one.is_doubtful for one in own)
        unseen = sum(not one.is_doubtful for one in several)
        print(f"voices {voices}: {len(own)} recordings, {closer} looked at more closely; {len(several)} would be")
        print(f"    taken for several, {unseen} of them not looked at")


if __name__ == "__main__":
    main()
