"""EER and Cllr_min of several systems on the same comparisons, by corpus, condition and net speech."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from _embeddings import System
from _trials import CLEAN, KNOWN, QUESTIONED_SPEECH_S, Person

from forensic.likelihood_ratio.pairs import Pairs
from forensic.likelihood_ratio.uncertainty import draw_speakers, metric_intervals
from forensic.records import Interval

_LEAST_COST = 0.005  # of the peer; a ratio to less than that is chance


@dataclass(frozen=True, slots=True)
class Cell:
    """One corpus, condition and net speech.

    Attributes:
        corpus: or an age group of it.
        is_part: whether it is a group whose people are already in another cell.
        condition: of the questioned side.
        net_speech_s: of the questioned side.
        people: on both sides.
        same: same-speaker comparisons.
        different: different-speaker comparisons.
        eer: by system, a share.
        cllr_min: by system.
    """

    corpus: str
    is_part: bool
    condition: str
    net_speech_s: float
    people: int
    same: int
    different: int
    eer: Mapping[str, Interval]
    cllr_min: Mapping[str, Interval]

    def ratio(self, system: str, peer: str) -> float:
        """Cllr_min of a system over the peer's; infinite or NaN where the peer's is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.float64(self.cllr_min[system].value) / self.cllr_min[peer].value)


def measure(
    people: Sequence[Person],
    conditions: Sequence[str],
    systems: Sequence[System],
    fewest_people: int,
    draws: int,
    watch: Callable[[Cell], None],
) -> list[Cell]:
    """Every cell with enough people.

    Args:
        people: with embeddings in every system.
        conditions: names.
        systems: what to measure.
        fewest_people: in a cell.
        draws: of the bootstrap over speakers.
        watch: called with each cell.
    """
    cells = []
    for corpus, is_part, members in _groups(people):
        for condition in conditions:
            for net_speech_s in QUESTIONED_SPEECH_S:
                cell = _measured(corpus, members, condition, net_speech_s, systems, fewest_people, draws, is_part)
                if cell is not None:
                    cells.append(cell)
                    watch(cell)
    return cells


def _groups(people: Sequence[Person]) -> list[tuple[str, bool, list[Person]]]:
    """Every corpus, and, where it has several, the age groups of it apart."""
    groups = []
    for corpus in sorted({person.corpus for person in people}):
        members = [person for person in people if person.corpus == corpus]
        groups.append((corpus, False, members))
        ages = sorted({person.age for person in members if person.age})
        if len(ages) > 1:
            groups += [(f"{corpus}, {age}", True, [one for one in members if one.age == age]) for age in ages]
    return groups


def _measured(
    corpus: str,
    people: Sequence[Person],
    condition: str,
    net_speech_s: float,
    systems: Sequence[System],
    fewest_people: int,
    draws: int,
    is_part: bool,
) -> Cell | None:
    chosen = {
        person: [n for n, piece in enumerate(person.pieces(condition)) if piece.net_speech_s == net_speech_s]
        for person in people
    }
    present = [person for person in people if chosen[person]]
    groups = [person.compared_within for person in present]
    present = [person for person in present if groups.count(person.compared_within) > 1]
    if len(present) < fewest_people:
        return None
    drawn = draw_speakers(len(present), draws, 1)  # the same people for every system
    eer, cllr_min = {}, {}
    pairs = None
    for system in systems:
        pairs = _pairs(present, [chosen[person] for person in present], condition, system)
        _, cllr_min[system.name], eer[system.name] = metric_intervals(
            pairs, pairs.same_scores, pairs.different_scores, drawn
        )
    assert pairs is not None
    same, different = len(pairs.same_scores), len(pairs.different_scores)
    return Cell(corpus, is_part, condition, net_speech_s, len(present), same, different, eer, cllr_min)


def _pairs(people: Sequence[Person], rows: Sequence[list[int]], condition: str, system: System) -> Pairs:
    """Every questioned piece against every known side of the same corpus and language."""
    known = np.concatenate([system.embeddings[person.name, KNOWN] for person in people])
    questioned = np.concatenate(
        [system.embeddings[person.name, condition][own] for person, own in zip(people, rows, strict=True)]
    )
    speaker = np.repeat(np.arange(len(people)), [len(own) for own in rows])
    group = np.unique([person.compared_within for person in people], return_inverse=True)[1]
    scores = np.asarray(system.score(questioned, known), dtype=np.float64)
    is_same = speaker[:, None] == np.arange(len(people))
    row, different_known = np.nonzero((group[speaker][:, None] == group) & ~is_same)
    return Pairs(
        same_scores=scores[is_same],
        same_speaker=speaker,
        different_scores=scores[row, different_known],
        different_known=different_known,
        different_questioned=speaker[row],
        speakers=len(people),
    )


@dataclass(frozen=True, slots=True)
class Summary:
    """A system beside the peer over degraded cells.

    Attributes:
        cells: that count.
        left_out: in which the peer's Cllr_min is too small for a ratio.
        mean_ratio: of Cllr_min, over the cells that count; NaN where none does.
        ratio_of_means: over all degraded cells.
        better: cells that count in which the system's Cllr_min is the lower one.
    """

    cells: int
    left_out: int
    mean_ratio: float
    ratio_of_means: float
    better: int


def summarise(cells: Sequence[Cell], system: str, peer: str) -> Summary:
    """Compare a system with the peer over the degraded cells among some."""
    degraded = [cell for cell in cells if cell.condition != CLEAN.name]
    counted = [cell for cell in degraded if cell.cllr_min[peer].value > _LEAST_COST]
    ratios = [cell.ratio(system, peer) for cell in counted]
    own, peers = (sum(cell.cllr_min[name].value for cell in degraded) for name in (system, peer))
    return Summary(
        cells=len(counted),
        left_out=len(degraded) - len(counted),
        mean_ratio=float(np.mean(ratios)) if ratios else float("nan"),
        ratio_of_means=own / peers if peers else float("nan"),
        better=sum(ratio < 1 for ratio in ratios),
    )
