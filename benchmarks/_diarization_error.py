"""How wrong an answer to "who speaks when" is, by pyannote.metrics.

The diarization error rate is the share of reference speech that is missed, given to the wrong speaker or, where nobody
or fewer people speak, added. Speakers of the answer are mapped one to one to those of the reference, in the way that
leaves the least error. Time beside a reference boundary is not judged.

Source: NIST (2009), "The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan", section 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate

from forensic.records import Turn


@dataclass(frozen=True, slots=True)
class DiarizationError:
    """Seconds of each kind of error, and of the reference speech that was judged.

    Attributes:
        missed_s: speech that was given to nobody; where two speak and one is found, that of the other.
        added_s: speech found where there is none, or fewer speakers.
        confused_s: speech given to the wrong speaker.
        speech_s: reference speech, that of each speaker counted.
    """

    missed_s: float
    added_s: float
    confused_s: float
    speech_s: float

    @property
    def rate(self) -> float:
        """Errors over speech; may pass 1."""
        return (self.missed_s + self.added_s + self.confused_s) / self.speech_s

    def __add__(self, other: "DiarizationError") -> "DiarizationError":
        return DiarizationError(
            self.missed_s + other.missed_s,
            self.added_s + other.added_s,
            self.confused_s + other.confused_s,
            self.speech_s + other.speech_s,
        )


def diarization_error(reference: Sequence[Turn], found: Sequence[Turn], collar_s: float = 0.25) -> DiarizationError:
    """How far an answer is from the truth.

    Args:
        reference: the truth; turns of different speakers may overlap.
        found: the answer.
        collar_s: to either side of each start and end in the reference, not judged.
    """
    judged = Segment(0.0, max((turn.end_s for turn in (*reference, *found)), default=0.0) + collar_s)
    measure = DiarizationErrorRate(collar=2 * collar_s)  # pyannote's collar is both sides together
    parts = measure(_annotation(reference), _annotation(found), uem=judged, detailed=True)
    return DiarizationError(parts["missed detection"], parts["false alarm"], parts["confusion"], parts["total"])


def _annotation(turns: Sequence[Turn]) -> Annotation:
    annotation = Annotation()
    for number, turn in enumerate(turns):
        annotation[Segment(turn.start_s, turn.end_s), number] = turn.speaker
    return annotation
