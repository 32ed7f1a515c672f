"""Who speaks when in telephone conversations of people who took no part in training; how often one speaker is split.

    python benchmarks/diarization.py [--speech FOLDER] [--split population] [--corpora NAME ...] [--most N]

Conversations of two and three people of one corpus, and recordings of one person, are made of real speech (turns of
0.5 to 8 s, pauses, some overlap), go through simulated channels into WAV files, and are examined as a scan does it,
with the number of speakers found ("auto") or given. The reference is the speech that our detector finds in the clean
turns. Printed: the diarization error rate (collar 0.25 s, overlap judged) by corpus, channel and kind, with what it is
made of; how many speakers were found; and how often one speaker was taken for several.
"""

import argparse
import dataclasses
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch

sys.path.insert(0, str(Path(__file__).parent))

from _conversations import Conversation, Voice, converse, read_voices
from _diarization_error import DiarizationError, diarization_error
from _people import rows_of_people
from _wav import write_wav

from forensic.audio.channel import CASE_CHANNELS, Channel, Sources
from forensic.audio.sources import load_sources
from forensic.case.discovery import hash_file
from forensic.examination.examine import examine
from forensic.examination.people import with_languages_apart
from forensic.records import RecordingEvidence, Turn
from forensic.settings import AudioSettings, DiarizationSettings, Settings
from forensic.speaker.extractor import SpeakerModel, default_model_folder, load_model

TELEPHONE = tuple(
    channel
    for channel in CASE_CHANNELS
    if channel.name
    in {"G.711", "AMR-NB 12.2", "AMR-NB 5.9", "AMR-NB 5.9 + 10 dB noise", "Opus 8k", "room + AMR-NB 7.95"}
)
_LEAST_S = {"speechocean762": 30.0, "alphanumeric": 14.0, "common-voice": 14.0, "librispeech": 10.0}
_LONGEST_S = 100.0
_CHANNELS_EACH = 2  # of a conversation of two
_CHANNELS_ALONE = 3
_LEAST_OF_EACH_S = 4.0  # of speech of each person in a conversation that counts


@dataclass(frozen=True, slots=True)
class Judged:
    """One recording examined in one way.

    Attributes:
        kind: such as "two speakers".
        corpus: of its people.
        channel: name.
        way: "auto" or "given".
        truth: number of people.
        found: number of speakers found, over all channels of the file.
        error: None where nothing was found.
        seconds: length.
    """

    kind: str
    corpus: str
    channel: str
    way: str
    truth: int
    found: int
    error: DiarizationError
    seconds: float


def main() -> None:
    """Make, examine, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--split", default="population", help="of the manifest; train is what settings were chosen on")
    parser.add_argument("--model", type=Path, default=default_model_folder(), help="model folder")
    parser.add_argument("--work", type=Path, default=Path("work/diarization"), help="folder of what is made")
    parser.add_argument("--seed", type=int, default=2026, help="of everything random")
    parser.add_argument("--corpora", nargs="+", default=list(_LEAST_S), choices=list(_LEAST_S), help="whose people")
    parser.add_argument("--most", type=int, default=1000, help="conversations and recordings of each kind and corpus")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    model = load_model(options.model)
    sources = load_sources(options.speech / "noise", None)  # rooms are simulated
    judged: list[Judged] = []
    manifest = options.speech / "manifest.csv"
    for corpus, groups in groups_of_voices(manifest, options.split, options.work / "voices", options.corpora).items():
        found = list(judge_corpus(corpus, groups, sources, model, options))
        judged += found
        print_kinds([*found], corpus)
    print_kinds(judged, "all")
    print_channels(judged)


def groups_of_voices(
    manifest: Path, split: str, kept: Path, corpora: Sequence[str] = tuple(_LEAST_S)
) -> dict[str, list[list[Voice]]]:
    """Voices that may talk with each other (those of one corpus, and of Common Voice one language), by corpus."""
    rows = rows_of_people(manifest, split)
    rows = rows.filter(pl.col("speaker").fill_null("") != "", pl.col("corpus").is_in(list(corpora)))
    rows = with_languages_apart(rows.with_columns(pl.col("corpus").alias("own"), pl.col("seconds").cast(pl.Float64)))
    enough = rows.group_by("corpus", "own", "speaker").agg(pl.col("seconds").sum())
    enough = enough.filter(pl.col("seconds") >= pl.col("own").replace_strict(_LEAST_S, return_dtype=pl.Float64))
    groups: dict[str, list[list[Voice]]] = {}
    for own, corpus in sorted(enough.select("own", "corpus").unique().iter_rows()):
        people = rows.join(enough.filter(pl.col("corpus") == corpus), on=["corpus", "speaker"], how="semi")
        voices = read_voices(manifest, people, kept)
        groups.setdefault(own, []).append(voices)
    return groups


def judge_corpus(
    corpus: str, groups: Sequence[Sequence[Voice]], sources: Sources, model: SpeakerModel, options: argparse.Namespace
) -> Iterator[Judged]:
    """Every recording made of a corpus's people."""
    rng = np.random.default_rng(options.seed)
    made = {"one": 0, "two": 0, "three": 0}
    for voices in groups:
        order = [voices[index] for index in rng.permutation(len(voices))]
        for kind, size in (("two", 2), ("three", 3)):
            for first in range(0, len(order) - size + 1, size):
                if made[kind] >= options.most:
                    break
                seed = options.seed + 1000 * size + made[kind]
                conversation = converse(order[first : first + size], _LONGEST_S, seed)
                if least_speech_s(conversation, size) < _LEAST_OF_EACH_S:
                    continue
                made[kind] += 1
                yield from judge_conversation(corpus, conversation, size, made[kind], sources, model, options)
        for voice in order:
            if made["one"] >= options.most:
                break
            made["one"] += 1
            seed = options.seed + made["one"]
            alone = converse([voice], _LONGEST_S, seed)
            for channel in some(TELEPHONE, made["one"], _CHANNELS_ALONE):
                write_wav(options.work / "one.wav", alone.through(channel, sources, seed))
                yield judge(
                    "one speaker", corpus, channel.name, "auto", alone.turns, 1, model, options.work / "one.wav"
                )


def judge_conversation(
    corpus: str,
    conversation: Conversation,
    size: int,
    number: int,
    sources: Sources,
    model: SpeakerModel,
    options: argparse.Namespace,
) -> Iterator[Judged]:
    """One conversation in some channels: one line, lines of their own, and for two people a channel each."""
    kind = {2: "two speakers", 3: "three speakers"}[size]
    path = options.work / "conversation.wav"
    seed = options.seed + number
    for channel in some(TELEPHONE, number, _CHANNELS_EACH if size == 2 else 1):
        write_wav(path, conversation.through(channel, sources, seed))
        for way in ("auto", str(size)):
            yield judge(kind, corpus, channel.name, way, conversation.turns, size, model, path)
    if size > 2:
        return
    own = some(TELEPHONE, number, 2)
    write_wav(path, conversation.through_own(own, sources, seed))
    for way in ("auto", "2"):
        name = "a telephone each"
        yield judge(f"{kind}, a telephone each", corpus, name, way, conversation.turns, size, model, path)
    if number % 4 == 0:
        sides = [
            conversation.of(name).through(channel, sources, seed)
            for name, channel in zip(conversation.parts, own, strict=True)
        ]
        write_wav(path, np.stack(sides, axis=1))
        yield judge(f"{kind}, a channel each", corpus, "", "auto", conversation.turns, size, model, path, "split")


def some(channels: Sequence[Channel], number: int, count: int) -> list[Channel]:
    """So many channels, others for each number."""
    step = len(channels) // count
    return [channels[(number + step * index) % len(channels)] for index in range(count)]


def least_speech_s(conversation: Conversation, size: int) -> float:
    """Speech of who says least."""
    return min(sum(t.duration_s for t in conversation.turns if t.speaker == one) for one in range(1, size + 1))


def judge(
    kind: str,
    corpus: str,
    channel: str,
    way: str,
    truth: Sequence[Turn],
    size: int,
    model: SpeakerModel,
    path: Path,
    channels: str = "mix",
) -> Judged:
    """Examine a file and compare with the truth."""
    settings = Settings(
        audio=AudioSettings(channels=channels), diarization=dataclasses.replace(DiarizationSettings(), speakers=way)
    )
    (result,) = examine([hash_file(path)], model, settings)
    turns = turns_of(result)
    seconds = max((one.quality.duration_s for one in result.channels), default=0.0)
    error = diarization_error(truth, turns)
    found = len({turn.speaker for turn in turns})
    return Judged(kind, corpus, channel, "auto" if way == "auto" else "given", size, found, error, seconds)


def turns_of(result: RecordingEvidence) -> list[Turn]:
    """Who speaks when in a file, the speakers of its channels numbered through."""
    turns: list[Turn] = []
    for channel in dict.fromkeys(one.channel for one in result.channels):
        first = max((turn.speaker for turn in turns), default=0)
        if channel in result.turns:
            turns += [Turn(t.start_s, t.end_s, first + t.speaker) for t in result.turns[channel]]
        else:
            (only,) = [one for one in result.channels if one.channel == channel]
            turns += [Turn(part.start_s, part.end_s, first + 1) for part in only.segments]
    return turns


def print_kinds(judged: Sequence[Judged], title: str) -> None:
    """Error and number of speakers, by kind of recording and way."""
    print(f"\n{title}")
    print(
        f"{'recordings':42}{'way':>7}{'n':>5}{'s each':>8}{'DER %':>8}{'missed':>8}{'added':>7}{'confused':>9}   found"
    )
    for kind in sorted({one.kind for one in judged}):
        for way in ("auto", "given"):
            chosen = [one for one in judged if (one.kind, one.way) == (kind, way)]
            if chosen:
                print(f"{kind:42}{way:>7}{row(chosen)}")
    sys.stdout.flush()


def print_channels(judged: Sequence[Judged]) -> None:
    """The same by channel, for conversations of two in one line and for one speaker."""
    for kind in ("two speakers", "one speaker"):
        print(f"\n{kind}, by channel")
        for channel in TELEPHONE:
            for way in ("auto", "given"):
                chosen = [one for one in judged if (one.kind, one.channel, one.way) == (kind, channel.name, way)]
                if chosen:
                    print(f"{channel.name:42}{way:>7}{row(chosen)}")


def row(judged: Sequence[Judged]) -> str:
    """Figures of some recordings, their errors summed over all of their speech."""
    total = summed(one.error for one in judged)
    shares = [100 * part / total.speech_s for part in (total.missed_s, total.added_s, total.confused_s)]
    counts = np.bincount([one.found for one in judged]).tolist()
    found = ", ".join(f"{n} in {count}" for n, count in enumerate(counts) if count)
    seconds = np.mean([one.seconds for one in judged])
    errors = f"{100 * total.rate:8.1f}{shares[0]:8.1f}{shares[1]:7.1f}{shares[2]:9.1f}"
    return f"{len(judged):5}{seconds:8.0f}{errors}   {found}"


def summed(errors: Iterable[DiarizationError]) -> DiarizationError:
    """Of all of them."""
    first, *rest = errors
    return sum(rest, first)


if __name__ == "__main__":
    main()
