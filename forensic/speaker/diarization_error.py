"""How wrong an answer to "who speaks when" is.

The diarization error rate is the share of reference speech that is missed, given to the wrong speaker or, where nobody
or fewer people speak, added. Speakers of the answer are mapped one to one to those of the reference, in the way that
leaves the least error. Time within ``collar_s`` of a reference boundary is not judged.

Source: NIST (2009), "The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan", section 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from forensic.records import Turn

_STEPS_PER_S = 1000


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

    Returns:
        Seconds of error, to a millisecond.

    >>> truth = [Turn(0.0, 4.0, 1), Turn(4.0, 8.0, 2)]
    >>> diarization_error(truth, [Turn(0.0, 5.0, 7), Turn(5.0, 8.0, 3)], collar_s=0.0).rate
    0.125
    """
    end_s = max((turn.end_s for turn in (*reference, *found)), default=0.0) + collar_s
    steps = round(end_s * _STEPS_PER_S) + 1
    truth, answer = _activity(reference, steps), _activity(found, steps)
    judged = np.ones(steps, bool)
    for turn in reference:
        for edge_s in (turn.start_s, turn.end_s):
            first = max(0, round((edge_s - collar_s) * _STEPS_PER_S))
            judged[first : round((edge_s + collar_s) * _STEPS_PER_S)] = False
    truth, answer = truth[:, judged], answer[:, judged]
    together = truth.astype(np.float64) @ answer.astype(np.float64).T
    rows, columns = linear_sum_assignment(together, maximize=True)
    right = float(together[rows, columns].sum())
    speaking, heard = truth.sum(axis=0), answer.sum(axis=0)
    both = float(np.minimum(speaking, heard).sum())
    return DiarizationError(
        missed_s=float(np.maximum(speaking - heard, 0).sum()) / _STEPS_PER_S,
        added_s=float(np.maximum(heard - speaking, 0).sum()) / _STEPS_PER_S,
        confused_s=(both - right) / _STEPS_PER_S,
        speech_s=float(speaking.sum()) / _STEPS_PER_S,
    )


def _activity(turns: Sequence[Turn], steps: int) -> NDArray[np.int8]:
    """Which speaker is active in which step, shape (speakers, steps)."""
    speakers = sorted({turn.speaker for turn in turns})
    active = np.zeros((len(speakers), steps), np.int8)
    for turn in turns:
        active[speakers.index(turn.speaker), round(turn.start_s * _STEPS_PER_S) : round(turn.end_s * _STEPS_PER_S)] = 1
    return active
