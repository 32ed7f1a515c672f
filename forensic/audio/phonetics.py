"""Fundamental frequency, formants and articulation rate of speech, measured by Praat through parselmouth.

They describe a voice for an examiner; no likelihood ratio rests on them. Praat and parselmouth are under the GNU
General Public License, version 3, and are therefore an extra (``forensic[phonetics]``) that nothing else needs.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from forensic.errors import ReportError, SpeechError
from forensic.records import SAMPLE_RATE_HZ, Samples, Vector

Spread: TypeAlias = tuple[float, float, float]
"""A low, the middle and a high value of many."""

HIGH_VOICE_HZ = 165.0
"""Median fundamental frequency above which a voice counts as high."""

_STEP_S = 0.01
_WIDEST_HZ = (60.0, 600.0)  # of fundamental frequencies, at first
_FEWEST_VOICED = 50  # frames of 10 ms
_CEILING_HZ, _HIGH_CEILING_HZ = 5000.0, 5500.0  # of five formants
_FORMANTS = 3
_BELOW_PEAK_DB, _DIP_DB = 25.0, 2.0


@dataclass(frozen=True, slots=True)
class VoiceDescription:
    """What was measured of the speech of one side.

    Attributes:
        f0_hz: 10th, 50th and 90th percentile of the fundamental frequency.
        f0_deviation_semitones: its standard deviation.
        formants_hz: of F1, F2 and F3 in voiced speech, quartiles and median.
        ceiling_hz: highest frequency in which formants were sought.
        syllables_per_s: syllable nuclei per second of speech.
        speech_s: length of the speech.
        has_full_band: whether the band of the recording left the five formants that a voice has there.
    """

    f0_hz: Spread
    f0_deviation_semitones: float
    formants_hz: tuple[Spread, ...]
    ceiling_hz: float
    syllables_per_s: float
    speech_s: float
    has_full_band: bool


def check_phonetics() -> None:
    """Check that Praat is there.

    Raises:
        ReportError: if it is not.
    """
    try:
        import parselmouth  # noqa: F401
    except ImportError as error:
        raise ReportError(
            "Describing voices needs the package praat-parselmouth, which is not installed.",
            "Install it with `pip install 'forensic[phonetics]'` (GPL-3.0), or leave out --phonetics.",
        ) from error


def describe_voice(samples: Samples, speech_s: float, bandwidth_hz: float) -> VoiceDescription:
    """Measure the speech of one side.

    Fundamental frequency is found twice, the second time within 0.75 times the first and 1.5 times the third quartile
    of the first. Formants are those of Burg's method, one per 1000 Hz up to 5000 Hz (1100 and 5500 for a voice above
    165 Hz), or to the end of the band. A syllable nucleus is a voiced peak of intensity, at most 25 dB below the
    loudest, that rises 2 dB above the dips around it.

    Args:
        samples: shape (n,), 16 kHz; stretches of speech with silence between.
        speech_s: length of the speech in it.
        bandwidth_hz: frequency up to which the recording carries speech.

    Raises:
        SpeechError: if less than half a second of it is voiced.

    Source: Hirst (2011), Journal of Speech Sciences 1:55-83; De Jong & Wempe (2009), Behavior Research Methods
    41:385-390.
    """
    import parselmouth

    sound = parselmouth.Sound(samples.astype(np.float64), SAMPLE_RATE_HZ)
    first = _voiced(_pitch(sound, *_WIDEST_HZ))
    low, high = np.quantile(first, [0.25, 0.75])
    pitch = _pitch(sound, max(0.75 * low, 40.0), 1.5 * high)
    f0_hz = _voiced(pitch)
    middle = float(np.median(f0_hz))
    full = _HIGH_CEILING_HZ if is_high(middle) else _CEILING_HZ
    ceiling = min(full, bandwidth_hz)
    formants = sound.to_formant_burg(_STEP_S, round(10 * ceiling / full) / 2, ceiling)
    times = pitch.xs()[pitch.selected_array["frequency"] > 0]
    return VoiceDescription(
        _spread(f0_hz, 0.1),
        float(np.std(12 * np.log2(f0_hz / middle))),
        tuple(_spread(_formant(formants, number, times), 0.25) for number in range(1, _FORMANTS + 1)),
        ceiling,
        _nuclei(sound, pitch) / speech_s,
        speech_s,
        ceiling == full,
    )


def is_high(f0_hz: float) -> bool:
    """Whether a voice of this median fundamental frequency counts as a high one."""
    return f0_hz > HIGH_VOICE_HZ


def _pitch(sound: Any, floor_hz: float, ceiling_hz: float) -> Any:
    return sound.to_pitch_ac(_STEP_S, floor_hz, pitch_ceiling=ceiling_hz)


def _voiced(pitch: Any) -> Vector:
    """Fundamental frequencies of the voiced frames."""
    found: Vector = pitch.selected_array["frequency"]
    voiced = found[found > 0]
    if len(voiced) < _FEWEST_VOICED:
        raise SpeechError("Less than half a second of the speech is voiced.", "Supply more speech of this speaker.")
    return voiced


def _formant(formants: Any, number: int, times: Vector) -> Vector:
    """A formant at the times at which it was found."""
    values = np.array([formants.get_value_at_time(number, time) for time in times])
    finite: Vector = values[np.isfinite(values)]
    return finite


def _spread(values: Vector, tail: float) -> Spread:
    low, middle, high = np.quantile(values, [tail, 0.5, 1 - tail]) if len(values) else (np.nan,) * 3
    return float(low), float(middle), float(high)


def _nuclei(sound: Any, pitch: Any) -> int:
    """How many syllable nuclei there are."""
    from scipy.signal import find_peaks

    intensity = sound.to_intensity(50.0, _STEP_S)
    level_db = intensity.values[0]
    peaks, _ = find_peaks(level_db, height=np.quantile(level_db, 0.99) - _BELOW_PEAK_DB, prominence=_DIP_DB)
    return sum(np.isfinite(pitch.get_value_at_time(time)) for time in intensity.xs()[peaks])
