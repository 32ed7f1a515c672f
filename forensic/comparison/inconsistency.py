"""What the comparison of a suspect's recordings with each other found.

The sentences that say so are in ``forensic.report.shared.suspicions``.
"""

from dataclasses import dataclass
from typing import TypeAlias

LEAST_LOG10_LR = 0.0
"""Below it two groups are unlikely to be of one speaker; benchmarks/suspect_consistency.py measures what that costs."""


@dataclass(frozen=True, slots=True)
class SuspectVoice:
    """One channel of a suspect's recording, or one speaker in it; ``channel`` and ``voice`` as in ``Side``."""

    path: str
    channel: int
    voice: int


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """The two groups of a suspect's recordings that are least alike.

    Attributes:
        suspect: name.
        longer, shorter: the groups; the longer one was the known side.
        log10_lr: that both groups are of one speaker, against that they are of two; unbounded.
    """

    suspect: str
    longer: tuple[SuspectVoice, ...]
    shorter: tuple[SuspectVoice, ...]
    log10_lr: float


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A suspect whose recordings were not compared with each other: no reference population resembles them."""

    suspect: str


ConsistencyFinding: TypeAlias = Inconsistency | NotCompared
"""What there is to say of one suspect's recordings."""
