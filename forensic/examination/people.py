"""People of the relevant population as audio: from a manifest or a folder, through a channel, to embeddings.

Each person's recordings are split into a known and a questioned side that share no audio. A side goes through a
channel, is examined as a case recording would be, and is cut to amounts of net speech.
"""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensic.audio.channel import Channel, Sources, simulate
from forensic.audio.decode import probe
from forensic.audio.quality import QualityMeter
from forensic.audio.sources import read_samples
from forensic.audio.speech import find_speech, speech_probability
from forensic.audio.traces import estimate_c50_db
from forensic.errors import RecordingError, TrainingError
from forensic.examination.manifest import folder_of, manifest_rows, name_hash
from forensic.progress import Watch, unwatched
from forensic.records import KNOWN, QUESTIONED, SAMPLE_RATE_HZ, TRAITS, Block, Quality, Role, Samples, Traits
from forensic.settings import EmbeddingSettings, SpeechSettings
from forensic.speaker.extractor import SpeakerModel, cut_windows, embed_each, mean_embedding
from forensic.speaker.features import MEL_HOP, frame_mask, level_gain, mel_power
from forensic.speaker.second import speech_of
from forensic.storage.atomic import written_whole

LONGEST_SIDE_S = {KNOWN: 50.0, QUESTIONED: 60.0}  # of audio that is put through the channels
NO_LICENCE = "not stated"
_FORMAT = 4  # raise when the features or measures change


@dataclass(frozen=True, slots=True)
class Person:
    """One person, the recordings split into two sides.

    Attributes:
        name: with the corpus before it.
        origin: the same, with the corpus as the manifest names it, which is the name in a model's training.
        corpus: with the language, where a corpus has several.
        known: recordings of the known side; empty for a person of one recording.
        questioned: those of the questioned side, one or more.
        traits: what the manifest says of the person.
        known_session: of the known side; None where the corpus states no sessions.
        questioned_session: of the questioned side.
        line: what a recording that was not simulated came by; empty for simulation.
    """

    name: str
    origin: str
    corpus: str
    known: tuple[Path, ...]
    questioned: tuple[Path, ...]
    traits: Traits = field(default_factory=Traits)
    known_session: str | None = None
    questioned_session: str | None = None
    line: str = ""

    def recordings(self, side: Role) -> tuple[Path, ...]:
        """Of the known or the questioned side."""
        return self.known if side == KNOWN else self.questioned

    def session(self, side: Role) -> str | None:
        """Of the known or the questioned side."""
        return self.known_session if side == KNOWN else self.questioned_session


@dataclass(frozen=True, slots=True)
class Examined:
    """One side of one person through one channel.

    Attributes:
        features: square roots of level-normalised mel power of the speech, shape (frames, 40).
        quality: what was measured.
        speech: its samples, 160 a frame, for models with features of their own; shape (160 * frames,).
    """

    features: NDArray[np.float16]
    quality: Quality
    speech: NDArray[np.int16]


def read_people(
    source: Path, splits: Sequence[str], sessions: Path | None = None, watch: Watch = unwatched
) -> tuple[list[Person], dict[str, str]]:
    """The people of a manifest, or of a folder with a folder of recordings for each.

    Args:
        source: the manifest, a CSV file with path and speaker, perhaps corpus, licence, language, sex, age, accent,
            seconds and split, or the folder.
        splits: rows of these splits are used; empty takes all.
        sessions: a table of path and session; a session is a day or sitting of one person. None: not known.
        watch: called with how many recordings' lengths are known, and how many recordings there are.

    Returns:
        Those with two recordings or more; of a person with one, the questioned side, if somebody of the same corpus
        has two. And the licence of each corpus.

    Raises:
        TrainingError: if it cannot be used, or nobody has two recordings.
    """
    manifest = _manifest(source, splits, sessions, watch)
    people = people_with_two_sides(with_languages_apart(manifest), folder_of(source))
    compared = {person.corpus for person in people if person.known}
    if not compared:
        raise TrainingError(
            f"Nobody in {source} has two recordings.",
            "Give each person two recordings or more, one for each side; or check the splits.",
        )
    people = [person for person in people if person.corpus in compared]
    return people, _licences(manifest, people)


def read_calls(
    source: Path, splits: Sequence[str], sessions: Path, watch: Watch = unwatched
) -> tuple[list[Person], dict[str, str]]:
    """The recordings of a manifest, each as a person whose two sides are that recording, on the line it came by.

    Args:
        source: as of ``read_people``; the column channel names the line.
        splits: as of ``read_people``.
        sessions: as of ``read_people``, for every recording; what follows a slash tells those of one day apart.
        watch: as of ``read_people``.

    Returns:
        The recordings, and the licence of each corpus.

    Raises:
        TrainingError: if it cannot be used, or a recording has no session.
    """
    manifest = _manifest(source, splits, sessions, watch)
    if missing := manifest.filter(pl.col("session").is_null())["path"].to_list():
        raise TrainingError(
            f"{len(missing)} recordings have no session, for example {missing[0]}.",
            f"State it in {sessions}: two recordings of one day must not count as two days.",
        )
    apart = with_languages_apart(manifest)
    calls = []
    for row in apart.sort("corpus", "speaker", "session", "path").to_dicts():
        path = (folder_of(source) / row["path"],)
        calls.append(
            Person(
                name=f"{row['corpus']}/{row['speaker']}",
                origin=f"{row['origin']}/{row['speaker']}",
                corpus=row["corpus"],
                known=path,
                questioned=path,
                traits=Traits(**{trait: row.get(trait) or "" for trait in TRAITS}),
                known_session=row["session"],
                questioned_session=row["session"],
                line=row.get("channel") or "as recorded",
            )
        )
    return calls, _licences(manifest, calls)


def _licences(manifest: pl.DataFrame, people: Sequence[Person]) -> dict[str, str]:
    """Of each corpus, by the names that languages apart have."""
    corpora = {person.corpus for person in people}
    stated = (
        with_languages_apart(manifest)
        .filter(pl.col("licence") != "")
        .group_by("corpus")
        .agg(pl.col("licence").unique().sort())
    )
    licences = {corpus: ", ".join(names) for corpus, names in stated.iter_rows()}
    return {corpus: licences.get(corpus, NO_LICENCE) for corpus in corpora}


def _manifest(source: Path, splits: Sequence[str], sessions: Path | None, watch: Watch) -> pl.DataFrame:
    """Columns path, speaker, corpus, origin, licence, seconds, traits; language and session null where unknown."""
    frame = manifest_rows(source, splits, ("speaker",)).filter(pl.col("speaker") != "")
    if frame.is_empty():
        raise TrainingError(f"{source} names no speaker of the splits {', '.join(splits)}.", "Check the splits.")
    seconds: list[float] = []
    for path, stated_s in frame.select("path", "seconds").iter_rows():
        watch(len(seconds), len(frame))
        seconds.append(_seconds(folder_of(source) / path) if stated_s is None else stated_s)
    stated = _sessions(sessions) if sessions is not None else {}
    frame = frame.with_columns(
        pl.Series("seconds", seconds, pl.Float64),
        pl.col("language").replace("", None),
        pl.Series("session", [stated.get(path) for path in frame["path"]], pl.String),
        pl.col("corpus").alias("origin"),
    )
    return frame.filter(pl.col("seconds") > 0)


def _sessions(path: Path) -> dict[str, str]:
    rows = manifest_rows(path, (), ("session",))
    return {recording: session for recording, session in rows.select("path", "session").iter_rows() if session}


def _seconds(path: Path) -> float:
    """Length of a recording as it states it, or else decoded; 0 where it cannot be read."""
    try:
        stated_s = probe(path).stated_duration_s
        return stated_s if stated_s is not None else len(read_samples(path)) / SAMPLE_RATE_HZ
    except RecordingError:
        return 0.0


def with_languages_apart(manifest: pl.DataFrame) -> pl.DataFrame:
    """Name a corpus of several languages by language, so that no pair of speakers is separated by its language.

    Args:
        manifest: columns corpus and, where it is known, language.
    """
    if "language" not in manifest.columns:
        return manifest
    is_mixed = pl.col("language").n_unique().over("corpus") > 1
    by_language = pl.format("{} ({})", pl.col("corpus"), pl.col("language").fill_null("?"))
    return manifest.with_columns(pl.when(is_mixed).then(by_language).otherwise(pl.col("corpus")).alias("corpus"))


def people_with_two_sides(manifest: pl.DataFrame, root: Path) -> list[Person]:
    """People with each recording on one side only; who has one recording has a questioned side alone.

    A person's sessions are not torn apart: where there are several, the two sides are of different sessions.

    Args:
        manifest: columns path, speaker, corpus, seconds as a number, and origin, the corpus as it is first named;
            perhaps session (null: not known) and those of ``Traits``.
        root: folder that the paths start from.
    """
    if "session" not in manifest.columns:
        manifest = manifest.with_columns(pl.lit(None, pl.String).alias("session"))
    return [
        _split(f"{corpus}/{name}", clips, root)
        for (corpus, name), clips in manifest.sort("corpus", "speaker", "session", "path").group_by(
            ["corpus", "speaker"], maintain_order=True
        )
    ]


def _split(name: str, clips: pl.DataFrame, root: Path) -> Person:
    """A person's recordings, in order, as two sides of about equal length."""
    before = clips["seconds"].cum_sum() - clips["seconds"]
    limit = min(LONGEST_SIDE_S[KNOWN], float(clips["seconds"].sum()) / 2)
    is_known = before < limit
    sessions = clips["session"]
    if sessions.n_unique() > 1:  # the whole session that the limit falls into is of the known side
        last = sessions.filter(is_known)[-1]
        if last == sessions[-1]:  # the last session is never of the known side
            last = sessions.filter(sessions != last)[-1]
        is_known = sessions <= last
    else:
        is_known = is_known & (pl.Series(range(clips.height)) < clips.height - 1)
    known, questioned = clips.filter(is_known), clips.filter(~is_known)
    return Person(
        name=name,
        origin=f"{clips['origin'][0]}/{clips['speaker'][0]}",
        corpus=str(clips["corpus"][0]),
        known=tuple(root / path for path in known["path"]),
        questioned=tuple(root / path for path in questioned["path"]),
        traits=Traits(**{trait: clips[trait][0] or "" for trait in TRAITS if trait in clips.columns}),
        known_session=known["session"][-1] if known.height else None,
        questioned_session=questioned["session"][0],
    )


def trained_people(model_folder: Path) -> set[str] | None:
    """Hashes of the names of all who took part in the training of a model; None where it left none, if imported."""
    try:
        return set(json.loads((model_folder / "training.json").read_text(encoding="utf-8"))["people_sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def check_disjoint(people: Sequence[Person], model_folder: Path) -> bool:
    """See that nobody took part in the training of a model, by the hashes of names in its ``training.json``.

    Returns:
        Whether there were hashes to compare with: a model that was imported has none.

    Raises:
        TrainingError: if somebody took part.
    """
    trained = trained_people(model_folder)
    if trained is None:
        return False
    shared = [person.name for person in people if name_hash(person.origin) in trained]
    if shared:
        raise TrainingError(
            f"{len(shared)} of the people took part in the training of the model, for example {shared[0]}.",
            "Leave them out: scores of people that the model knows promise too much.",
        )
    return True


def examine_side(
    person: Person, side: Role, channels: Sequence[Channel], sources: Sources, seed: int, kept: Path
) -> list[Examined]:
    """One side of a person through channels, each as a case recording would be examined; made once and kept.

    Args:
        person: who.
        side: "known" or "questioned".
        channels: what the speech passes.
        sources: noises and rooms.
        seed: of every channel, with the person, side and channel's name.
        kept: folder of what was made before.

    Returns:
        In the order of ``channels``.

    Raises:
        RecordingError: if a recording cannot be decoded.
    """
    identities = [_identity(person, side, channel, seed) for channel in channels]
    files = [kept / f"{hashlib.sha256(identity.encode()).hexdigest()[:24]}.npz" for identity in identities]
    missing = [index for index, file in enumerate(files) if not file.exists()]
    if missing:
        samples = _joined(person, side)
        degraded = [
            simulate(samples, channels[index], sources, _seed(person, side, channels[index], seed)) for index in missing
        ]
        for index, passed, probability in zip(missing, degraded, speech_probability(degraded), strict=True):
            _keep(files[index], _measured(passed, probability))
    return [_kept(file) for file in files]


def pass_channel(person: Person, side: Role, channel: Channel, sources: Sources, seed: int) -> Examined:
    """One side of a person through one channel, as ``examine_side`` does it; nothing is kept.

    Raises:
        RecordingError: if a recording cannot be decoded.
    """
    passed = simulate(_joined(person, side), channel, sources, _seed(person, side, channel, seed))
    measured = _measured(passed, speech_probability([passed])[0])
    return Examined(measured.features, measured.quality, measured.speech)


def _joined(person: Person, side: Role) -> Samples:
    samples = np.concatenate([read_samples(path) for path in person.recordings(side)])
    return samples[: int(LONGEST_SIDE_S[side] * SAMPLE_RATE_HZ)]


def _seed(person: Person, side: Role, channel: Channel, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{person.name}/{side}/{channel.name}".encode()).digest()[:4])


def _identity(person: Person, side: Role, channel: Channel, seed: int) -> str:
    recordings = [[path.name, path.stat().st_size] for path in person.recordings(side)]
    return json.dumps([_FORMAT, _seed(person, side, channel, seed), str(channel), recordings])


@dataclass(frozen=True, slots=True)
class _Measured:
    """``Examined``, with what room and codec are estimated from; empty with too little speech."""

    features: NDArray[np.float16]
    quality: Quality
    speech: NDArray[np.int16]
    statistics: NDArray[np.float32]


def _measured(samples: Samples, probability: NDArray[np.float32]) -> _Measured:
    segments = find_speech(probability, len(samples), SpeechSettings())
    mask = frame_mask(segments, 0.0, 1 + len(samples) // MEL_HOP)
    meter = QualityMeter()
    meter.update(Block(0, 0.0, samples, is_last=True), segments)
    power = mel_power(samples)[mask] * level_gain(samples, mask)
    statistics = meter.trace_statistics()
    nothing = np.zeros(0, np.float32)
    return _Measured(
        np.sqrt(power).astype(np.float16),
        meter.result(),
        speech_samples(samples, mask),
        nothing if statistics is None else statistics,
    )


def speech_samples(samples: Samples, mask: NDArray[np.bool_]) -> NDArray[np.int16]:
    """The samples of the frames of speech, 160 a frame, as 16 bits.

    Args:
        samples: of a recording.
        mask: which frames are speech, ``1 + len(samples) // 160`` of them.
    """
    return np.round(np.clip(speech_of(samples, mask), -1, 1) * 32767).astype(np.int16)


def _keep(path: Path, measured: _Measured) -> None:
    quality = json.dumps(measured.quality.row())
    with written_whole(path) as file:
        np.savez(
            file,
            features=measured.features,
            quality=quality,
            speech=measured.speech,
            statistics=measured.statistics,
        )


def _kept(path: Path) -> Examined:
    """With the room as the network that ships now estimates it."""
    with np.load(path) as stored:
        quality = Quality.of_row(json.loads(str(stored["quality"])))
        c50_db = estimate_c50_db(stored["statistics"]) if len(stored["statistics"]) else None
        features, speech = stored["features"], stored["speech"]
    if c50_db is not None:
        quality = dataclasses.replace(quality, c50_db=c50_db)
    return Examined(features, quality, speech)


def embed_pieces(pieces: Sequence[NDArray[np.float16]], model: SpeakerModel) -> list[Samples]:
    """The embedding of each stretch of features, shape (frames, 40) each, as a recording of a case gets it."""
    size = EmbeddingSettings().window_frames
    windows = [cut_windows(np.square(piece.astype(np.float32)), size)[0] for piece in pieces]
    return [mean_embedding(own) for own in embed_each(windows, model)]
