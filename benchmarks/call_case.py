"""A case of calls as they come in: two speakers on one line, three languages, a copy that was re-encoded and cut.

    python benchmarks/call_case.py [--speech FOLDER] [--out work/call-case]

Real speech of `population`: three telephone calls of two people on one line each, in which one suspect and one stranger
come back; messages in two other languages; and one of the calls again, cut and turned into an MP3. `forensic scan`,
`compare` and `link` run as a user would run them; the people of the case are taken out of the reference population
first. Printed: for every voice that was found, who speaks most of it, its language and its LRs; the links and copies
that were found; and whether each is as it was made. The exit code is 1 where something is not.
"""

import argparse
import dataclasses
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from _case import forensic, without, write_as
from _conversations import Conversation, Voice, converse, read_voices
from _people import rows_of_people

from forensic.audio.channel import Channel, Level, Noise
from forensic.audio.codec import Codec
from forensic.audio.sources import load_sources
from forensic.records import SAMPLE_RATE_HZ, SpeechSegment
from forensic.speaker.extractor import default_model_folder

_CORPUS = "speechocean762"
_KNOWN_S = 35.0
_CALL_S = 70.0
_MOST_S = 220.0  # of a person
_CUT_S = 6.0  # taken off the start of the copy

_TELEPHONE = Channel("telephone", (Noise(25.0, "pink"), Level(-24.0)))
_AMR, _LOW_AMR, _MP3 = Codec("AMR-NB", 12_200), Codec("AMR-NB", 7_950), Codec("MP3", 32_000)
_OPUS = Codec("Opus", 16_000)

# name of the file, who speaks (two suspects, two strangers), how it is stored
CALLS: tuple[tuple[str, tuple[str, str], Codec], ...] = (
    ("call 1.amr", ("suspect 1", "stranger 1"), _AMR),
    ("call 2.amr", ("suspect 2", "stranger 2"), _LOW_AMR),
    ("call 3.mp3", ("suspect 1", "stranger 2"), _MP3),
)
LANGUAGES = ("et", "fr")
_COPY = "forwarded.mp3"


@dataclass(frozen=True)
class Spoken:
    """Who speaks when in a questioned recording, and in which language."""

    conversation: Conversation | None
    names: dict[str, str]
    language: str
    cut_s: float = 0.0  # taken off the start of the conversation

    def speaker_of(self, segments: pl.DataFrame) -> tuple[str, float]:
        """Who speaks most of some segments (columns start_s, end_s), and the share of their time that is theirs."""
        if self.conversation is None:
            return next(iter(self.names.values())), 1.0
        own_s = dict.fromkeys(self.conversation.parts, 0.0)
        for start_s, end_s in segments.select("start_s", "end_s").iter_rows():
            for turn in self.conversation.turns:
                name = list(own_s)[turn.speaker - 1]
                own_s[name] += max(0.0, min(end_s + self.cut_s, turn.end_s) - max(start_s + self.cut_s, turn.start_s))
        most = max(own_s, key=lambda name: own_s[name])
        return self.names[most], own_s[most] / max(sum(own_s.values()), 1e-9)


def main() -> None:
    """Make the case, run the commands, and see that everything is as it was made."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--model", type=Path, default=default_model_folder(), help="model folder with its population")
    parser.add_argument("--out", type=Path, default=Path("work/call-case"), help="made anew at every run")
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    truth, people = write_case(options.speech, options.out)
    model = without(options.model, options.out / "model", people)
    case = options.out / "case"
    common = ["--case", str(case), "--model", str(model)]
    print(forensic("scan", str(options.out / "questioned"), *common))
    forensic("compare", "--ref", str(options.out / "suspects"), *common)
    print(forensic("link", *common))
    wrong = judge_voices(case, truth) + judge_links(case)
    print(f"{wrong} not as made")
    sys.exit(wrong > 0)


def write_case(speech: Path, out: Path) -> tuple[dict[str, Spoken], set[str]]:
    """Write the folders.

    Returns:
        By name of a questioned file who speaks in it, and the people, as "corpus/speaker".
    """
    manifest = speech / "manifest.csv"
    rows = rows_of_people(manifest)
    kept = out.parent / "call-case-voices"
    roles = ("suspect 1", "suspect 2", "stranger 1", "stranger 2")
    english = rows.filter(pl.col("corpus") == _CORPUS)
    voices = dict(zip(roles, _longest(english, manifest, kept, len(roles)), strict=True))
    sources = load_sources(manifest.parent / "noise", manifest.parent / "rooms")
    used_s = dict.fromkeys(voices, 0.0)
    for name in ("suspect 1", "suspect 2"):
        known, voices[name] = _split(voices[name], _KNOWN_S)
        write_as(out / "suspects" / name / "interview.wav", known.samples, None)
    truth: dict[str, Spoken] = {}
    for number, (file, names, codec) in enumerate(CALLS):
        rest = [_split(voices[name], used_s[name])[1] for name in names]
        made = converse(rest, _CALL_S, number)
        for name, voice in zip(names, rest, strict=True):
            used_s[name] += _used_s(made, voice.name)
        line = made.through(_TELEPHONE, sources, number)
        write_as(out / "questioned" / file, line, codec)
        truth[file] = Spoken(made, {voice.name: name for name, voice in zip(names, rest, strict=True)}, "en")
        if number == 0:
            write_as(out / "questioned" / _COPY, line[int(_CUT_S * SAMPLE_RATE_HZ) :], Codec("MP3", 24_000))
            truth[_COPY] = dataclasses.replace(truth[file], cut_s=_CUT_S)
    people = {voice.name for voice in voices.values()}
    for language in LANGUAGES:
        (voice,) = _longest(rows.filter(pl.col("language") == language), manifest, kept, 1)
        write_as(out / "questioned" / f"message {language}.opus", voice.samples, _OPUS)
        truth[f"message {language}.opus"] = Spoken(None, {voice.name: f"speaker of {language}"}, language)
        corpus, _, speaker = voice.name.partition("/")
        people.add(f"{corpus} ({language})/{speaker}")  # as the reference population has them
    return truth, people


def _longest(rows: pl.DataFrame, manifest: Path, kept: Path, count: int) -> list[Voice]:
    """The people with the most speech."""
    seconds = pl.col("seconds").cast(pl.Float64).sum()
    most = rows.group_by("corpus", "speaker").agg(seconds).sort("seconds", "speaker", descending=True).head(count)
    voices = read_voices(manifest, rows.join(most, on=["corpus", "speaker"], how="semi"), kept, _MOST_S)
    return sorted(voices, key=lambda voice: -voice.duration_s)


def _split(voice: Voice, at_s: float) -> tuple[Voice, Voice]:
    """What is said before and after a time, between two stretches of speech."""
    at_s = max((segment.end_s for segment in voice.segments if segment.end_s <= at_s), default=0.0)
    at = round(at_s * SAMPLE_RATE_HZ)
    later = tuple(SpeechSegment(s.start_s - at_s, s.end_s - at_s) for s in voice.segments if s.start_s >= at_s)
    earlier = tuple(segment for segment in voice.segments if segment.end_s <= at_s)
    return (
        dataclasses.replace(voice, samples=voice.samples[:at], segments=earlier),
        dataclasses.replace(voice, samples=voice.samples[at:], segments=later),
    )


def _used_s(conversation: Conversation, name: str) -> float:
    """How much of a voice a conversation took: what is not silent of its part, and the pauses within its turns."""
    part = conversation.parts[name]
    return float(np.count_nonzero(part) / SAMPLE_RATE_HZ) + 1.0


def judge_voices(case: Path, truth: dict[str, Spoken]) -> int:
    """Print every voice with who it is, its language and its LRs; return how many are not as made."""
    evidence = case / "evidence"
    files = _files(case).filter(pl.col("side") == "questioned")
    languages = pl.read_parquet(evidence / "language.parquet")
    segments = pl.read_parquet(evidence / "segments.parquet")
    (folder,) = (case / "comparisons").iterdir()
    table = pl.read_parquet(folder / "comparisons.parquet")
    print(f"comparison: {folder / 'report.pdf'}\n")
    wrong = 0
    for path, sha256 in files.select("path", "sha256").sort("path").iter_rows():
        name = Path(path).name
        spoken = truth[name]
        own = languages.filter(pl.col("sha256") == sha256).sort("channel", "turn")
        found = []
        for voice in own.to_dicts():
            of_turn = segments.filter(pl.col("sha256") == sha256, pl.col("turn") == voice["turn"])
            who, share = spoken.speaker_of(of_turn)
            found.append(who)
            said = f"{voice['language'] or voice['answer']} (first {voice['top_languages'][0]})"
            is_wrong = voice["language"] not in {None, spoken.language}
            print(f"{name:14} voice {voice['turn']}: {100 * share:3.0f} % {who}; language {said}{_marked(is_wrong)}")
            wrong += is_wrong
            rows = table.filter(pl.col("questioned_path") == path, pl.col("turn") == voice["turn"])
            for row in rows.sort("suspect").to_dicts():
                wrong += _judge_lr(row, who)
        expected = set(spoken.names.values())
        if set(found) != expected or len(found) != len(expected):
            print(f"{name:14} voices of {', '.join(sorted(expected))} were to be found{_marked(True)}")
            wrong += 1
    return wrong


def _judge_lr(row: dict[str, Any], who: str) -> int:
    is_same = row["suspect"] == who
    if row["status"] != "lr":
        print(f"{'':22} against {row['suspect']}: no LR: {row['reason']}")
        return 0
    is_wrong = (row["log10_lr"] > 0) != is_same
    ends = f"{row['log10_lr_low']:+.2f} to {row['log10_lr_high']:+.2f}"
    print(f"{'':22} against {row['suspect']}: log10 LR {row['log10_lr']:+.2f}, {ends}{_marked(is_wrong)}")
    return int(is_wrong)


def judge_links(case: Path) -> int:
    """Print which copies were found; return how many are not as made."""
    (folder,) = (case / "links").iterdir()
    results = json.loads((folder / "results.json").read_text())
    print(f"\nlinks: {folder / 'report.pdf'}")
    names = {sha256: Path(path).name for path, sha256 in _files(case).select("path", "sha256").iter_rows()}
    copied = {
        frozenset((names[one["first_sha256"]], names[one["second_sha256"]]))
        for one in results["suspicions"]
        if one["kind"] == "same source"
    }
    wrong = int(copied != {frozenset((CALLS[0][0], _COPY))})
    print(f"same source: {', '.join(' and '.join(sorted(pair)) for pair in copied) or 'none'}{_marked(bool(wrong))}")
    return wrong


def _files(case: Path) -> pl.DataFrame:
    return pl.read_parquet(case / "evidence" / "files.parquet")


def _marked(is_wrong: bool) -> str:
    return "  <-- NOT AS MADE" if is_wrong else ""


if __name__ == "__main__":
    main()
