"""The second opinion of a scan: every voice whose speech the LSTM network has embedded, by a second model as well.

A step of its own, after the examination: it decodes the recordings again and takes the speech that is in the evidence,
so that a second model that is chosen later, or another one, is all that has to be computed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from forensic.audio.decode import open_recording
from forensic.case.discovery import CHANGED, WAIT_FOR_IT, is_unchanged
from forensic.case.store import SCHEMAS, EvidenceStore
from forensic.engine import default_workers, run, settle_in
from forensic.errors import FileReadError, RecordingError, WorkerError
from forensic.records import Samples, SourceFile, SpeechSegment
from forensic.settings import AudioSettings, Settings
from forensic.speaker.features import MEL_HOP, frame_mask
from forensic.speaker.second import FEWEST_FRAMES, SecondModel, VoiceEmbedder, load_second, speech_of

_BATCH_RECORDINGS = 24
_BATCH_SPEECH_S = 600.0
_SPEECH_WORTH_A_PROCESS_S = 300.0  # starting a process costs as much as embedding so much speech


@dataclass(frozen=True, slots=True)
class Voice:
    """One speaker in one channel, as in ``ChannelEvidence``, and where he or she speaks."""

    channel: int
    turn: int
    labels_sha256: str
    segments: tuple[SpeechSegment, ...]


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A recording with voices that lack the second embedding."""

    source: SourceFile
    voices: tuple[Voice, ...]

    @property
    def speech_s(self) -> float:
        """Of all voices together."""
        return sum(segment.duration_s for voice in self.voices for segment in voice.segments)


@dataclass(frozen=True, slots=True)
class SecondEvidence:
    """What the second model says of one voice.

    Attributes:
        source: the recording.
        voice: who.
        net_speech_s: that was embedded.
        embedding: of length 1; None if there is none.
        problem: why there is none; empty otherwise.
    """

    source: SourceFile
    voice: Voice
    net_speech_s: float
    embedding: Samples | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SecondExaminer:
    """Loads the second model in whichever process embeds; picklable.

    Attributes:
        model: as in the settings.
        audio: settings with which the recordings were examined.
        loaded: that model, for a step in this process; None loads it.
    """

    model: str
    audio: AudioSettings
    loaded: SecondModel | None = None

    def __call__(self) -> Callable[[Sequence[Unembedded]], list[list[SecondEvidence]]]:
        """Load, and use one thread, as ``Examiner`` does."""
        settle_in()
        model = self.loaded or load_second(self.model)
        return lambda recordings: [embed_voices(one, model, self.audio) for one in recordings]


def embed_lacking(
    store: EvidenceStore,
    sources: Mapping[str, SourceFile],
    key: tuple[str, str],
    settings: Settings,
    model: SecondModel,
    workers: int | None,
    watch: Callable[[Sequence[SecondEvidence], int], None],
) -> None:
    """Embed the voices of some recordings that lack the second embedding, and store it.

    Args:
        store: with their evidence; gets the second embeddings, a batch at a time.
        sources: the recordings, by SHA-256.
        key: SHA-256 of the LSTM network and of the settings of their evidence.
        settings: with ``second.model``.
        model: that model.
        workers: processes; None takes one per processor where there is much speech.
        watch: called with each batch once it is stored, and with how many voices there are in all batches.

    Raises:
        ModelError: if the second model makes something other than embeddings.
    """
    sha256 = model.card.identity.sha256
    lacking = _lacking(store, sources, key, sha256)
    if not lacking:
        return
    if workers is None:
        is_much = sum(one.speech_s for one in lacking) > _SPEECH_WORTH_A_PROCESS_S
        workers = default_workers() if is_much else 1
    examiner = SecondExaminer(settings.second.model, settings.audio, model if workers == 1 else None)
    voices = sum(len(one.voices) for one in lacking)
    for results in run(examiner, _batches(lacking), _give_up, workers):
        made = [evidence for recording in results for evidence in recording]
        rows = [_row(evidence, key, sha256) for evidence in made]
        store.append({"second": pl.DataFrame(rows, SCHEMAS["second"])})
        watch(made, voices)


def embed_voices(recording: Unembedded, model: SecondModel, audio: AudioSettings) -> list[SecondEvidence]:
    """Decode a recording and embed the speech of its voices.

    Args:
        recording: with its voices.
        model: embeds.
        audio: settings with which it was examined.

    Returns:
        In the order of the voices; with a problem in place of an embedding where there is none.
    """
    embedders = [VoiceEmbedder(model) for _ in recording.voices]
    try:
        with open_recording(recording.source.path, audio) as opened:
            for block in opened.blocks():
                for voice, embedder in zip(recording.voices, embedders, strict=True):
                    if voice.channel == block.channel:
                        mask = frame_mask(voice.segments, block.start_s, 1 + len(block.samples) // MEL_HOP)
                        embedder.add(speech_of(block.samples, mask))
        if not is_unchanged(recording.source):
            raise FileReadError(CHANGED, WAIT_FOR_IT)
    except RecordingError as error:
        return _without(recording, f"{error.problem} {error.remedy}")
    return [
        SecondEvidence(
            recording.source,
            voice,
            embedder.speech_s,
            embedding := embedder.result(),
            "" if embedding is not None else f"It has less than {FEWEST_FRAMES / 100} s of speech.",
        )
        for voice, embedder in zip(recording.voices, embedders, strict=True)
    ]


def _without(recording: Unembedded, problem: str) -> list[SecondEvidence]:
    return [SecondEvidence(recording.source, voice, 0.0, None, problem) for voice in recording.voices]


def _give_up(recording: Unembedded) -> list[SecondEvidence]:
    error = WorkerError(
        "The process that embedded it with the second model died, twice.",
        "Scan it again; where it is very large, free some memory first.",
    )
    return _without(recording, f"{error.problem} {error.remedy}")


def _lacking(
    store: EvidenceStore, sources: Mapping[str, SourceFile], key: tuple[str, str], second_sha256: str
) -> list[Unembedded]:
    """The recordings with voices that this second model has not embedded yet, in the order of ``sources``."""
    voice = ["sha256", "channel", "turn", "labels_sha256"]
    done = store.read_of("second", *key).filter(
        pl.col("second_sha256") == second_sha256, pl.col("embedding").is_not_null()
    )
    voices = (
        store.read_of("embeddings", *key)
        .select(voice)
        .filter(pl.col("sha256").is_in(list(sources)))
        .join(done.select(voice), on=voice, how="anti")
    )
    segments = (
        store.read_of("segments", *key)
        .join(voices, on=voice, how="semi")
        .sort(*voice, "segment")
        .group_by(voice, maintain_order=True)
        .agg("start_s", "end_s")
    )
    found: dict[str, list[Voice]] = {}
    for sha256, channel, turn, labels, starts, ends in segments.iter_rows():
        spans = tuple(SpeechSegment(start, end) for start, end in zip(starts, ends, strict=True))
        found.setdefault(sha256, []).append(Voice(channel, turn, labels, spans))
    return [Unembedded(source, tuple(found[sha256])) for sha256, source in sources.items() if sha256 in found]


def _batches(recordings: Sequence[Unembedded]) -> Iterator[list[Unembedded]]:
    batch: list[Unembedded] = []
    for one in recordings:
        batch.append(one)
        if len(batch) >= _BATCH_RECORDINGS or sum(each.speech_s for each in batch) >= _BATCH_SPEECH_S:
            yield batch
            batch = []
    if batch:
        yield batch


def _row(evidence: SecondEvidence, key: tuple[str, str], second_sha256: str) -> dict[str, object]:
    return {
        "sha256": evidence.source.sha256,
        "channel": evidence.voice.channel,
        "model_sha256": key[0],
        "settings_sha256": key[1],
        "turn": evidence.voice.turn,
        "labels_sha256": evidence.voice.labels_sha256,
        "second_sha256": second_sha256,
        "net_speech_s": evidence.net_speech_s,
        "embedding": None if evidence.embedding is None else evidence.embedding.tolist(),
        "problem": evidence.problem or None,
    }
