"""Everything that recordings contribute to a case, from their bytes alone.

No shared state, so any engine can run it. Blocks of many recordings go through the networks together, since an LSTM is
fast only on batches.

The speech of a channel whose windows look like those of several speakers is embedded again, in other windows, from the
frames that are kept of it; only a channel in which several speakers are found is decoded again, to measure each alone.
"""

import dataclasses
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np

from forensic.audio.decode import open_recording
from forensic.audio.fingerprint import FingerprintMeter
from forensic.audio.quality import QualityMeter
from forensic.audio.speech import find_speech, speech_probability
from forensic.case.discovery import CHANGED, WAIT_FOR_IT, is_unchanged
from forensic.engine import settle_in
from forensic.errors import FileReadError, ForensicError, RecordingError, SpeechError
from forensic.examination.hearing import hear, is_heard_in
from forensic.examination.kept import KeptSpeech, SpeechFrames
from forensic.examination.language import LanguageModels, identify_each, shipped_language_models
from forensic.language.hearing import Heard
from forensic.records import (
    SAMPLE_RATE_HZ,
    AudioFormat,
    Block,
    ChannelEvidence,
    Failure,
    Labels,
    RecordingEvidence,
    Samples,
    SourceFile,
    SpeechSegment,
    Turn,
    Vector,
)
from forensic.settings import Settings
from forensic.speaker.diarize import (
    Windows,
    at_spread,
    cluster,
    find_turns,
    may_be_several,
    refine_turns,
    renumbered,
    spoken_alone,
)
from forensic.speaker.extractor import (
    SpeakerModel,
    cut_steps,
    cut_windows,
    embed_and_hear_each,
    embed_each,
    load_model,
    mean_embedding,
)
from forensic.speaker.features import FRAMES_PER_S, MEL_HOP, frame_mask, level_gain, mel_power
from forensic.speaker.precision import NO_BFLOAT16, has_bfloat16

_GROUP_S = 240.0  # audio that goes through the networks together
_FEWEST_FRAMES = 50  # a block with less speech than 0.5 s gets no window
_WINDOWS_AT_ONCE = 256  # of several channels
_FEWEST_FRAMES_ALONE = 20  # a stretch between two pauses that is shorter than 0.2 s does not show who speaks

Owner = TypeVar("Owner")

Hears: TypeAlias = Callable[[SourceFile, float], None]


@dataclass(frozen=True, slots=True)
class Examiner:
    """Loads the model in whichever process examines; picklable, so that any engine can send it there.

    Attributes:
        model_folder: embeds the speech.
        settings: of every step.
        labels: by path, who speaks when in recordings that an examiner has listened to.
        model: that of the folder, for a step in this process where it has been loaded; None loads it.
        hears: as of ``examine``, for a step in this process; None elsewhere.
    """

    model_folder: Path
    settings: Settings
    labels: Mapping[Path, Labels] = field(default_factory=dict)
    model: SpeakerModel | None = None
    hears: Hears | None = None

    def __call__(self) -> "LoadedExaminer":
        """Load, and use one thread: the engine runs one process per processor."""
        settle_in()
        languages = shipped_language_models() if self.settings.language.identify else None
        model = self.model or load_model(self.model_folder)
        return LoadedExaminer(model, self.settings, self.labels, languages, self.hears)


@dataclass(frozen=True, slots=True)
class LoadedExaminer:
    """The step that the engine runs."""

    model: SpeakerModel
    settings: Settings
    labels: Mapping[Path, Labels] = field(default_factory=dict)
    languages: LanguageModels | None = None
    hears: Hears | None = None

    def __call__(self, sources: Sequence[SourceFile]) -> list[RecordingEvidence]:
        """Examine a batch of files."""
        try:
            return examine(sources, self.model, self.settings, self.labels, self.languages, self.hears)
        except ForensicError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one recording brings about must not cost the others
            if len(sources) > 1:
                return [result for source in sources for result in self([source])]
            return [RecordingEvidence(sources[0], None, (), (_unforeseen(error),))]


def examine(
    sources: Sequence[SourceFile],
    model: SpeakerModel,
    settings: Settings,
    labels: Mapping[Path, Labels] | None = None,
    languages: LanguageModels | None = None,
    hears: Hears | None = None,
) -> list[RecordingEvidence]:
    """Decode, find speech and speakers, measure quality, embed and classify the language, for each file.

    Args:
        sources: files; one that cannot be used does not affect the others.
        model: embeds.
        settings: of decoding, speech detection, diarization and embedding.
        labels: by path, who speaks when in recordings that an examiner has listened to.
        languages: classify the language of each channel or speaker; None for no language.
        hears: called with each file and the share of it that was decoded, where it states how long it is.

    Returns:
        Evidence in the order of ``sources``, with a failure wherever a recording or channel gave none.
    """
    recordings = [_Recording(source, (labels or {}).get(source.path)) for source in sources]
    try:
        for group in in_groups(_blocks(recordings, settings, hears)):
            _examine_group(group, model, settings, languages)
        _find_speakers(recordings, model, settings)
    finally:
        for kept in (channel.kept for recording in recordings for channel in recording.channels.values()):
            if kept is not None:
                kept.close()
    for recording in recordings:
        try:
            _part_by_speaker(recording, model, settings, languages)
            _check_unchanged(recording)
        except RecordingError as error:
            recording.failure = _failure(error)
        if settings.embedding.precision == "bfloat16" and not has_bfloat16():
            recording.notes += (NO_BFLOAT16,)
    return _with_languages([recording.result(settings) for recording in recordings], recordings, languages)


@dataclass(slots=True)
class _Channel:
    """What has been gathered of one channel so far, or of one speaker in it."""

    number: int
    voice: int = 0
    speakers: int = 1
    speaker_name: str = ""
    meter: QualityMeter = field(default_factory=QualityMeter)
    fingerprint: FingerprintMeter = field(default_factory=FingerprintMeter)
    segments: list[SpeechSegment] = field(default_factory=list)
    embeddings: list[Samples] = field(default_factory=list)
    centres_s: list[float] = field(default_factory=list)
    heard: Heard = field(default_factory=Heard)
    kept: KeptSpeech | None = None  # where several speakers may be looked for

    def add_segments(self, found: Sequence[SpeechSegment], block_start_s: float) -> None:
        """Append a block's speech; a stretch that reaches the block's edge continues in the next."""
        for index, segment in enumerate(found):
            if index == 0 and self.segments and self.segments[-1].end_s >= segment.start_s == block_start_s:
                self.segments[-1] = SpeechSegment(self.segments[-1].start_s, segment.end_s)
            else:
                self.segments.append(segment)

    @property
    def speech_s(self) -> float:
        """Net speech so far."""
        return sum(segment.duration_s for segment in self.segments)

    def evidence(self, settings: Settings) -> ChannelEvidence:
        """The channel's evidence, or the speaker's.

        Raises:
            SpeechError: if there is too little speech to embed.
        """
        quality = self.meter.result()
        if quality.net_speech_s < settings.embedding.min_speech_s or not self.embeddings:
            raise SpeechError(
                f"Only {quality.net_speech_s:.1f} s of speech in {quality.duration_s:.1f} s of audio."
                if quality.net_speech_s > 0
                else f"No speech in {quality.duration_s:.1f} s of audio; {_level(quality.peak_dbfs)}.",
                "Listen to it; if it has speech, supply a longer or better recording, or lower speech.threshold.",
            )
        embeddings = np.concatenate(self.embeddings)
        starts = np.array([segment.start_s for segment in self.segments])
        owner = np.maximum(np.searchsorted(starts, self.centres_s, side="right") - 1, 0)
        windows = np.bincount(owner, minlength=len(starts)).astype(np.int32)
        by_segment: Samples = np.zeros((len(starts), embeddings.shape[1]), np.float32)
        np.add.at(by_segment, owner, embeddings)
        norms = np.linalg.norm(by_segment, axis=1, keepdims=True)
        by_segment /= np.where(norms > 0, norms, 1.0)
        return ChannelEvidence(
            channel=self.number,
            voice=self.voice,
            speakers=self.speakers,
            quality=quality,
            segments=tuple(self.segments),
            segment_windows=windows,
            segment_embeddings=by_segment,
            embedding=mean_embedding(embeddings),
            windows=len(embeddings),
            outline=self.meter.outline(),
            fingerprint=self.fingerprint.result(self.segments),
            speaker_name=self.speaker_name,
        )


@dataclass(slots=True)
class _Recording:
    """What has been gathered of one file so far."""

    source: SourceFile
    labels: Labels | None = None
    audio_format: AudioFormat | None = None
    channels: dict[int, _Channel] = field(default_factory=dict)
    speakers: dict[int, list[_Channel]] = field(default_factory=dict)  # of the channels that were split
    turns: dict[int, tuple[Turn, ...]] = field(default_factory=dict)
    failure: Failure | None = None
    notes: tuple[str, ...] = ()

    def result(self, settings: Settings) -> RecordingEvidence:
        """Evidence of the channels that gave any; a recording that failed on its way gives none."""
        channels: list[ChannelEvidence] = []
        failures: list[Failure] = [self.failure] if self.failure else []
        if not self.failure:
            for number in sorted(self.channels):
                try:
                    channels += self._of_channel(number, settings)
                except RecordingError as error:
                    failures.append(Failure(error.step, error.problem, error.remedy, number))
        return RecordingEvidence(
            self.source,
            self.audio_format,
            tuple(channels),
            tuple(failures),
            self.notes,
            labels_sha256=self.labels.sha256 if self.labels else "",
            labels_path=self.labels.path if self.labels else "",
            turns=self.turns,
        )

    def _of_channel(self, number: int, settings: Settings) -> list[ChannelEvidence]:
        """The evidence of each of several speakers; those with too little speech of their own are left out.

        Raises:
            SpeechError: if there is too little speech to embed.
        """
        if number not in self.speakers:
            return [self.channels[number].evidence(settings)]
        found: list[ChannelEvidence] = []
        problems: list[RecordingError] = []
        whole = self.channels[number]
        outline, fingerprint = whole.meter.outline(), whole.fingerprint.result(whole.segments)
        for speaker in self.speakers[number]:
            try:
                found.append(dataclasses.replace(speaker.evidence(settings), outline=outline, fingerprint=fingerprint))
            except RecordingError as error:
                problems.append(error)
        if not found and not problems:
            raise SpeechError(
                "No speech in the turns that were set by hand.",
                "Check their times, and that only one speaker has a turn at a time.",
            )
        if not found:
            raise problems[0]
        return found


def _blocks(
    recordings: Sequence[_Recording], settings: Settings, hears: Hears | None
) -> Iterator[tuple[_Channel, Block]]:
    for recording in recordings:
        try:
            with open_recording(recording.source.path, settings.audio) as opened:
                recording.audio_format = opened.audio_format
                for block in opened.blocks():
                    if block.channel not in recording.channels:
                        kept = None if recording.labels or settings.diarization.speakers == "1" else KeptSpeech()
                        recording.channels[block.channel] = _Channel(block.channel, kept=kept)
                    yield recording.channels[block.channel], block
                    if hears is not None and opened.audio_format.stated_duration_s:
                        end_s = block.start_s + len(block.samples) / SAMPLE_RATE_HZ
                        hears(recording.source, min(1.0, end_s / opened.audio_format.stated_duration_s))
                recording.notes = opened.notes
        except RecordingError as error:
            recording.failure = _failure(error)


def _failure(error: RecordingError) -> Failure:
    return Failure(error.step, error.problem, error.remedy, traceback="".join(getattr(error, "__notes__", ())))


def _unforeseen(error: Exception) -> Failure:
    return Failure(
        "examine",
        f"The examination ends in an unexpected error: {type(error).__name__}: {error}.",
        "Convert the recording to WAV and scan again; errors.log in the case has the details to report.",
        traceback="".join(traceback.format_exception(error)),
    )


def _check_unchanged(recording: _Recording) -> None:
    """Raise, if the file that was decoded is not the one that was hashed."""
    if recording.failure is None and not is_unchanged(recording.source):
        raise FileReadError(CHANGED, WAIT_FOR_IT)


def _level(peak_dbfs: float) -> str:
    return "it is digital silence" if peak_dbfs == -np.inf else f"its highest level is {peak_dbfs:.0f} dBFS"


def in_groups(blocks: Iterator[tuple[Owner, Block]]) -> Iterator[list[tuple[Owner, Block]]]:
    """Blocks, each with what it is of, in groups that go through the networks together."""
    group: list[tuple[Owner, Block]] = []
    for owner, block in blocks:
        group.append((owner, block))
        if sum(block.duration_s for _, block in group) >= _GROUP_S:
            yield group
            group = []
    if group:
        yield group


def _examine_group(
    group: Sequence[tuple[_Channel, Block]],
    model: SpeakerModel,
    settings: Settings,
    languages: LanguageModels | None,
) -> None:
    probabilities = speech_probability([block.samples for _, block in group])
    pieces: list[_Piece] = []
    for (channel, block), probability in zip(group, probabilities, strict=True):
        segments = tuple(
            SpeechSegment(block.start_s + segment.start_s, block.start_s + segment.end_s)
            for segment in find_speech(probability, len(block.samples), settings.speech)
        )
        channel.meter.update(block, segments)
        channel.fingerprint.update(block.samples)
        channel.add_segments(segments, block.start_s)
        pieces.append(_Piece(channel, block, segments))
    _embed(pieces, model, settings, languages)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A block's speech, and whose it is."""

    owner: _Channel
    block: Block
    segments: Sequence[SpeechSegment]


def _embed(pieces: Sequence[_Piece], model: SpeakerModel, settings: Settings, languages: LanguageModels | None) -> None:
    """Embed the speech of several blocks together, and hear it for the language in the same pass where that is one."""
    found = []
    for piece in pieces:
        cut = _windows(piece, settings)
        if cut is not None:
            found.append((piece.owner, cut))
            piece.owner.centres_s.extend(cut.centres_s)
    if not found:
        return
    windows, precision = [cut.windows for _, cut in found], settings.embedding.precision
    if languages is None or all(owner.heard.is_full for owner, _ in found):
        embeddings = embed_each(windows, model, precision)
    elif is_heard_in(languages.body, model, settings.embedding):
        embeddings, states = embed_and_hear_each(windows, model, languages.body.layers, precision)
        for (owner, cut), part in zip(found, states, strict=True):
            owner.heard.add(part, len(cut.features))
    else:
        embeddings = embed_each(windows, model, precision)
        for owner, cut in found:
            if not owner.heard.is_full:
                owner.heard.add(hear(cut.features, languages.body), len(cut.features))
    for (owner, _), part in zip(found, embeddings, strict=True):
        owner.embeddings.append(part)


@dataclass(frozen=True, slots=True)
class _Speech:
    """A block's speech.

    Attributes:
        features: level-normalised mel power, shape (frames, mel_bands).
        windows: over it, shape (n, frames, mel_bands).
        centres_s: time at the centre of each window.
    """

    features: Samples
    windows: Samples
    centres_s: list[float]


def _windows(piece: _Piece, settings: Settings) -> _Speech | None:
    """A block's speech, which its owner keeps, in windows; None if it is too little for one."""
    block, owner = piece.block, piece.owner
    mask = frame_mask(piece.segments, block.start_s, 1 + len(block.samples) // MEL_HOP)
    speech = np.flatnonzero(mask)
    if len(speech) < (_FEWEST_FRAMES if owner.kept is None else 1):
        return None
    features = mel_power(block.samples)[speech] * np.float32(level_gain(block.samples, mask))
    if owner.kept is not None:
        owner.kept.add(SpeechFrames(block.start_s, speech, features))
    if len(features) < _FEWEST_FRAMES:
        return None
    windows, centres = cut_windows(features, settings.embedding.window_frames)
    places = speech[np.minimum(centres, len(speech) - 1)]
    return _Speech(features, windows, [block.start_s + float(place) / FRAMES_PER_S for place in places])


def _find_speakers(recordings: Sequence[_Recording], model: SpeakerModel, settings: Settings) -> None:
    """Who speaks when in the channels of all recordings in which several speakers are found."""
    step = at_spread(settings.diarization, model.spread)
    places = [
        (recording, number)
        for recording in recordings
        for number, channel in recording.channels.items()
        if not recording.failure
        and channel.kept is not None
        and channel.embeddings
        and may_be_several(np.concatenate(channel.embeddings), step)
    ]
    shape = step.window_frames, step.step_frames
    rough = []
    for (recording, number), windows in _embedded_apart(places, shape, model, settings):
        speakers = cluster(windows, step)
        if len(speakers) > 1:
            turns = find_turns(windows, recording.channels[number].segments, speakers, step)
            rough.append((recording, number, turns))
    shape = step.turn_window_frames, step.turn_window_frames
    fine = _embedded_apart([(recording, number) for recording, number, _ in rough], shape, model, settings)
    found = {(id(recording), number): turns for recording, number, turns in rough}
    for (recording, number), windows in fine:
        turns = refine_turns(found[id(recording), number], windows, recording.channels[number].segments, step)
        if len({turn.speaker for turn in turns}) > 1:
            recording.turns[number] = turns


def _part_by_speaker(
    recording: _Recording, model: SpeakerModel, settings: Settings, languages: LanguageModels | None
) -> None:
    """Find the speakers of each channel, or take them from the examiner, and examine each of several alone."""
    if recording.failure:
        return
    speech = {number: tuple(channel.segments) for number, channel in recording.channels.items()}
    if recording.labels:
        recording.turns = {number: _labelled_turns(recording.labels, number) for number in speech}
    for number, turns in list(recording.turns.items()):
        alone = spoken_alone(turns, speech[number], settings.diarization)
        if len(alone) < 2 and not recording.labels:  # noqa: PLR2004 - who else was found says too little
            del recording.turns[number]
            continue
        names = {turn.speaker: turn.name for turn in turns}
        recording.turns[number] = renumbered(turns, alone)
        recording.speakers[number] = [
            _Channel(number, voice if len(alone) > 1 else 0, len(alone), names[speaker], segments=list(segments))
            for voice, (speaker, segments) in enumerate(alone.items(), 1)
        ]
    if recording.labels:
        recording.notes += (_note_on(recording.labels),)
    if recording.speakers:
        _examine_speakers(recording, speech, model, settings, languages)


def _labelled_turns(labels: Labels, channel: int) -> tuple[Turn, ...]:
    """An examiner's turns in a channel; in mixed channels, those of all."""
    own = [turns for number, turns in labels.turns.items() if channel == 0 or number in {None, channel}]
    return tuple(sorted((turn for turns in own for turn in turns), key=lambda turn: turn.start_s))


def _note_on(labels: Labels) -> str:
    names = ", ".join(name or "(no name)" for name in labels.names.values())
    return f"Who speaks when was set by hand, in {labels.path}: {names}."


_Place: TypeAlias = tuple[_Recording, int]  # and the number of a channel in it


def _embedded_apart(
    places: Sequence[_Place], shape: tuple[int, int], model: SpeakerModel, settings: Settings
) -> Iterator[tuple[_Place, Windows]]:
    """Embedded windows of some channels, none of which crosses a pause; many go through the network together."""
    gathered: dict[int, list[Windows]] = {}
    waiting: list[tuple[int, _Cut]] = []

    def embed() -> None:
        embeddings = embed_each([cut.windows for _, cut in waiting], model, precision)
        for (place, cut), own in zip(waiting, embeddings, strict=True):
            gathered.setdefault(place, []).append(Windows(own, cut.start_s, cut.end_s))
        waiting.clear()

    precision = settings.embedding.precision
    for place, (recording, number) in enumerate(places):
        kept = recording.channels[number].kept
        assert kept is not None
        for speech in kept.blocks():
            waiting += [(place, cut) for cut in _cut_apart(speech, shape)]
            if sum(len(cut.windows) for _, cut in waiting) >= _WINDOWS_AT_ONCE:
                embed()
    if waiting:
        embed()
    for place, parts in sorted(gathered.items()):
        joined = (np.concatenate([getattr(part, name) for part in parts]) for name in Windows.__slots__)
        yield places[place], Windows(*joined)


@dataclass(frozen=True, slots=True)
class _Cut:
    """Windows over a stretch, shape (n, frames, MEL_BANDS), and where the speech of each starts and ends."""

    windows: Samples
    start_s: Vector
    end_s: Vector


def _cut_apart(speech: SpeechFrames, shape: tuple[int, int]) -> Iterator[_Cut]:
    """Short windows, of a length and a step in frames, over a block's speech, none of which crosses a pause."""
    for first, power in speech.stretches():
        if len(power) < _FEWEST_FRAMES_ALONE:
            continue
        windows, centres = cut_steps(power, *shape)
        begins = first + np.maximum(0, centres - shape[0] // 2)
        ends = np.minimum(first + len(power), begins + shape[0])
        yield _Cut(windows, speech.start_s + begins / FRAMES_PER_S, speech.start_s + ends / FRAMES_PER_S)


def _examine_speakers(
    recording: _Recording,
    speech: Mapping[int, tuple[SpeechSegment, ...]],
    model: SpeakerModel,
    settings: Settings,
    languages: LanguageModels | None,
) -> None:
    """Measure and embed each speaker as if he or she spoke alone; noise is what is nobody's speech."""
    for block in _again(recording, list(recording.speakers), settings):
        end_s = block.start_s + block.duration_s
        pieces = []
        for speaker in recording.speakers[block.channel]:
            own = _between(speaker.segments, block.start_s, end_s)
            speaker.meter.update(block, own, _between(speech[block.channel], block.start_s, end_s))
            pieces.append(_Piece(speaker, block, own))
        _embed(pieces, model, settings, languages)


def _between(segments: Sequence[SpeechSegment], start_s: float, end_s: float) -> tuple[SpeechSegment, ...]:
    """The parts of the segments in a stretch of time."""
    return tuple(
        SpeechSegment(max(segment.start_s, start_s), min(segment.end_s, end_s))
        for segment in segments
        if segment.end_s > start_s and segment.start_s < end_s
    )


def _again(recording: _Recording, channels: Sequence[int], settings: Settings) -> Iterator[Block]:
    """The blocks of some channels once more."""
    if not channels:
        return
    with open_recording(recording.source.path, settings.audio) as opened:
        for block in opened.blocks():
            if block.channel in channels:
                yield block


def _with_languages(
    evidence: list[RecordingEvidence], recordings: Sequence[_Recording], languages: LanguageModels | None
) -> list[RecordingEvidence]:
    """The evidence with the language of every channel, or speaker, that gave any."""
    if languages is None:
        return evidence
    heard = [
        _heard_of(recording, one) for own, recording in zip(evidence, recordings, strict=True) for one in own.channels
    ]
    told = iter(identify_each(heard, languages))
    return [
        dataclasses.replace(
            own,
            channels=tuple(
                dataclasses.replace(one, language=language, accent=accent)
                for one, (language, accent) in zip(own.channels, told, strict=False)
            ),
        )
        for own in evidence
    ]


def _heard_of(recording: _Recording, one: ChannelEvidence) -> Heard:
    """What is kept of the speech of a channel, or of a speaker in it."""
    speakers = recording.speakers.get(one.channel, [recording.channels[one.channel]])
    (heard,) = (speaker.heard for speaker in speakers if speaker.voice == one.voice)
    return heard
