"""Everything that recordings contribute to a case, from their bytes alone.

No shared state, so any engine can run it. Blocks of many recordings go through the networks together, since an LSTM is
fast only on batches.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from forensic.audio.decode import open_recording
from forensic.audio.fingerprint import FingerprintMeter
from forensic.audio.quality import QualityMeter
from forensic.audio.speech import find_speech, speech_probability
from forensic.errors import RecordingError, SpeechError
from forensic.records import (
    AudioFormat,
    Block,
    ChannelEvidence,
    Failure,
    RecordingEvidence,
    Samples,
    SourceFile,
    SpeechSegment,
)
from forensic.settings import Settings
from forensic.speaker.extractor import SpeakerModel, cut_windows, embed_windows, load_model, mean_embedding
from forensic.speaker.features import FRAMES_PER_S, frame_mask, level_gain, mel_power
from forensic.workflows.language import LanguageModels, identify_speech, load_language_models
from forensic.workflows.spoken_language import Heard

_GROUP_S = 240.0  # audio that goes through the networks together
_FEWEST_FRAMES = 50  # a block with less speech than 0.5 s gets no window


@dataclass(frozen=True, slots=True)
class Examiner:
    """Loads the model in whichever process examines; picklable, so that any engine can send it there."""

    model_folder: Path
    settings: Settings

    def __call__(self) -> "LoadedExaminer":
        """Load, and use one thread: the engine runs a process a processor."""
        torch.set_num_threads(1)
        languages = load_language_models() if self.settings.language.identify else None
        return LoadedExaminer(load_model(self.model_folder), self.settings, languages)


@dataclass(frozen=True, slots=True)
class LoadedExaminer:
    """The step that the engine runs."""

    model: SpeakerModel
    settings: Settings
    languages: LanguageModels | None = None

    def __call__(self, sources: Sequence[SourceFile]) -> list[RecordingEvidence]:
        """Examine a batch of files."""
        return examine(sources, self.model, self.settings, self.languages)


def examine(
    sources: Sequence[SourceFile],
    model: SpeakerModel,
    settings: Settings,
    languages: LanguageModels | None = None,
) -> list[RecordingEvidence]:
    """Decode, find speech, measure quality, embed and tell the language, for each file.

    Args:
        sources: files; one that cannot be used costs the others nothing.
        model: embeds.
        settings: of decoding, speech detection and embedding.
        languages: tell the language of each channel; None leaves it untold.

    Returns:
        Evidence in the order of ``sources``, with a failure wherever a recording or channel gave none.
    """
    recordings = [_Recording(source) for source in sources]
    for group in _groups(_blocks(recordings, settings)):
        _examine_group(group, model, settings)
    return [_with_languages(recording.result(settings), recording, languages) for recording in recordings]


@dataclass(slots=True)
class _Channel:
    """What has been gathered of one channel so far."""

    number: int
    meter: QualityMeter = field(default_factory=QualityMeter)
    fingerprint: FingerprintMeter = field(default_factory=FingerprintMeter)
    segments: list[SpeechSegment] = field(default_factory=list)
    embeddings: list[Samples] = field(default_factory=list)
    centres_s: list[float] = field(default_factory=list)
    heard: Heard = field(default_factory=Heard)

    def add_segments(self, found: Sequence[SpeechSegment], block_start_s: float) -> None:
        """Append a block's speech; a stretch that runs over the block's edge goes on."""
        for index, segment in enumerate(found):
            if index == 0 and self.segments and self.segments[-1].end_s >= segment.start_s == block_start_s:
                self.segments[-1] = SpeechSegment(self.segments[-1].start_s, segment.end_s)
            else:
                self.segments.append(segment)

    def evidence(self, settings: Settings) -> ChannelEvidence:
        """The channel's evidence.

        Raises:
            SpeechError: if there is too little speech to embed.
        """
        quality = self.meter.result()
        if quality.net_speech_s < settings.embedding.min_speech_s or not self.embeddings:
            raise SpeechError(
                f"Only {quality.net_speech_s:.1f} s of speech in {quality.duration_s:.1f} s of audio."
                if quality.net_speech_s > 0
                else f"No speech in {quality.duration_s:.1f} s of audio.",
                "Listen to it; where it holds speech, supply a longer or better recording, or lower speech.threshold.",
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
            quality=quality,
            segments=tuple(self.segments),
            segment_windows=windows,
            segment_embeddings=by_segment,
            embedding=mean_embedding(embeddings),
            windows=len(embeddings),
            envelope=self.meter.envelope(),
            fingerprint=self.fingerprint.result(self.segments),
        )


@dataclass(slots=True)
class _Recording:
    """What has been gathered of one file so far."""

    source: SourceFile
    audio_format: AudioFormat | None = None
    channels: dict[int, _Channel] = field(default_factory=dict)
    failure: Failure | None = None
    notes: tuple[str, ...] = ()

    def result(self, settings: Settings) -> RecordingEvidence:
        """Evidence of the channels that gave any; a recording that failed on its way gives none."""
        channels: list[ChannelEvidence] = []
        failures: list[Failure] = [self.failure] if self.failure else []
        if not self.failure:
            for number in sorted(self.channels):
                try:
                    channels.append(self.channels[number].evidence(settings))
                except RecordingError as error:
                    failures.append(Failure(error.step, error.problem, error.remedy, number))
        return RecordingEvidence(self.source, self.audio_format, tuple(channels), tuple(failures), self.notes)


def _blocks(recordings: Sequence[_Recording], settings: Settings) -> Iterator[tuple[_Channel, Block]]:
    for recording in recordings:
        try:
            with open_recording(recording.source.path, settings.audio) as opened:
                recording.audio_format = opened.audio_format
                for block in opened.blocks():
                    yield recording.channels.setdefault(block.channel, _Channel(block.channel)), block
                recording.notes = opened.notes
        except RecordingError as error:
            recording.failure = Failure(error.step, error.problem, error.remedy)


def _groups(blocks: Iterator[tuple[_Channel, Block]]) -> Iterator[list[tuple[_Channel, Block]]]:
    group: list[tuple[_Channel, Block]] = []
    for channel, block in blocks:
        group.append((channel, block))
        if sum(block.duration_s for _, block in group) >= _GROUP_S:
            yield group
            group = []
    if group:
        yield group


def _examine_group(group: Sequence[tuple[_Channel, Block]], model: SpeakerModel, settings: Settings) -> None:
    probabilities = speech_probability([block.samples for _, block in group])
    windows: list[Samples] = []
    owners: list[_Channel] = []
    for (channel, block), probability in zip(group, probabilities, strict=True):
        segments = tuple(
            SpeechSegment(block.start_s + segment.start_s, block.start_s + segment.end_s)
            for segment in find_speech(probability, len(block.samples), settings.speech)
        )
        channel.meter.update(block, segments)
        channel.fingerprint.update(block.samples)
        channel.add_segments(segments, block.start_s)
        cut, centres_s = _windows(block, segments, settings, channel.heard)
        if len(cut):
            windows.append(cut)
            owners.append(channel)
            channel.centres_s.extend(centres_s)
    if not windows:
        return
    embeddings = embed_windows(np.concatenate(windows), model, settings.embedding.precision)
    for channel, part in zip(owners, np.split(embeddings, np.cumsum([len(cut) for cut in windows])[:-1]), strict=True):
        channel.embeddings.append(part)


def _windows(
    block: Block, segments: Sequence[SpeechSegment], settings: Settings, heard: Heard
) -> tuple[Samples, list[float]]:
    """Level-normalised windows over the block's speech, the time at the centre of each; ``heard`` gets the speech."""
    frames = 1 + len(block.samples) // 160
    mask = frame_mask(segments, block.start_s, frames)
    speech = np.flatnonzero(mask)
    if len(speech) < _FEWEST_FRAMES:
        return np.empty((0, settings.embedding.window_frames, 40), np.float32), []
    features = mel_power(block.samples)[speech] * np.float32(level_gain(block.samples, mask))
    heard.add(features)
    windows, centres = cut_windows(features, settings.embedding)
    places = speech[np.minimum(centres, len(speech) - 1)]
    return windows, [block.start_s + float(place) / FRAMES_PER_S for place in places]


def _with_languages(
    evidence: RecordingEvidence, recording: _Recording, languages: LanguageModels | None
) -> RecordingEvidence:
    """The evidence with the language of every channel that gave any."""
    if languages is None:
        return evidence
    told = []
    for channel in evidence.channels:
        frames = np.concatenate(recording.channels[channel.channel].heard.parts)
        language, accent = identify_speech(frames, languages)
        told.append(dataclasses.replace(channel, language=language, accent=accent))
    return dataclasses.replace(evidence, channels=tuple(told))
