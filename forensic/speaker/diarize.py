"""Who speaks when in one channel: windows of speech, grouped by their LSTM embeddings.

1. *Windows*, overlapping, each within one stretch of speech between pauses, are embedded.
2. *Clustering.* Windows are split by spectral clustering of their cosines: the lower cosines of each row are weakened,
   the matrix is made symmetric, and the rows of its leading eigenvectors fall into a group for each speaker.
   Long recordings are condensed first: the windows of each stretch of time are joined into a few centroids, so that
   the matrix stays small however long a recording is.
3. *Number of speakers.* A gap among eigenvalues separates two speakers from three, but not one from two, and one
   speaker taken for two does more harm here than two taken for one. So the windows are split in two, and each
   half again, as long as the halves are further apart than those of as many windows of one voice, or nearly as
   far and clearly further apart than the quarters in a half: noise, channel and the spoken sounds affect halves and
   quarters equally.
4. *Resegmentation.* Every tenth of a second goes to the speaker whose mean embedding is most like the windows around
   it; a change of speaker has a cost, which is lower at a pause (Viterbi). That is repeated with shorter windows. Short
   turns, stretches next to a change of speaker without a pause, and stretches that resemble two speakers equally (who
   may speak at once) are marked as not clear, and are not used to describe a voice.

Sources: Wang, Downey, Wan, Mansfield & Lopez Moreno (2018), "Speaker diarization with LSTM", ICASSP; Wang et al.
(2022), "Highly efficient real-time streaming and fully on-device speaker diarization with multi-stage clustering"; von
Luxburg (2007), "A tutorial on spectral clustering".
"""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forensic.records import Samples, SpeechSegment, Turn, Vector
from forensic.settings import DiarizationSettings
from forensic.speaker.features import FRAMES_PER_S

Groups = NDArray[np.intp]

_CELL_S = 0.1  # the resolution of turns
_MOST_POINTS = 400  # in a matrix of cosines
_SMALL_MATRIX = 255  # all its eigenvectors take a few milliseconds
_CHUNK = 800  # windows that are condensed together
_FEWEST_WINDOWS = 4
_FEWEST_POINTS = 8  # that can show two speakers
_BY_CHANCE = 2.0  # windows; how much further a small group is from the rest by chance
_FAR = 6.5  # times the least distance of two speakers, over the root of the number of windows: rare by chance
_NEAR = 0.7  # of the distance that is enough by itself
_TIMES, _TIMES_A_WINDOW = (
    0.4,
    0.01,
)  # times the distance of the quarters, which even halves that are far apart must reach
_FEWEST_CHANGES = 3  # from one group to the other and back; fewer, and the recording may have changed, not the speaker
_ONE_AFTER_ANOTHER = 1.4  # times as far apart must groups be that follow each other
_LOOK_CLOSER = 3.0  # times that least distance
_WHOLE_SHARE = 0.6  # of a window that its stretch must fill to take part in clustering
_KEPT_SHARE = 0.3  # of each row of the matrix, the highest
_FADED = 0.01
_ROUNDS = 10

_SHARPNESS = 10.0  # of cosines, against the cost of a change
_CHANGE_COST = 3.0
_REFINEMENTS = 3
_PAUSE_S = 0.3  # over which the cost of a change falls by a factor of e
_MARGIN = 0.02  # by which a cell must resemble its speaker more than another
_GUARD_S = 0.3  # after so long a pause, the next speaker is heard alone
_GUARD_CELLS = 2


@dataclass(frozen=True, slots=True)
class Windows:
    """Embedded windows of one channel, in order.

    Attributes:
        embeddings: shape (n, embedding_size), unit length.
        start_s, end_s: the speech that each holds, shape (n,).
    """

    embeddings: Samples
    start_s: Vector
    end_s: Vector


def at_spread(settings: DiarizationSettings, spread: float) -> DiarizationSettings:
    """The settings for a model whose embeddings are further apart, so many times, than those the bars were set on."""
    return dataclasses.replace(settings, max_similarity=max(-1.0, 1.0 - spread * (1.0 - settings.max_similarity)))


def may_be_several(embeddings: Samples, settings: DiarizationSettings) -> bool:
    """Whether a channel is worth a closer look, from the windows that it was embedded with.

    These cross pauses and changes of speaker, so they do not show who speaks when; yet if two people speak, they fall
    into two groups that are further apart than those of one voice. In doubt, the answer is yes.

    Args:
        embeddings: of all windows of the channel, shape (n, embedding_size).
        settings: of this step.
    """
    if settings.speakers != "auto":
        return settings.speakers != "1"
    if len(embeddings) < _FEWEST_WINDOWS:
        return False
    apart = 1.0 - _cosine_of_halves(embeddings)
    by_chance = len(embeddings) ** -0.43  # few windows are apart without a cause; most long recordings pass
    return bool(apart > _LOOK_CLOSER * (1.0 - settings.max_similarity) * by_chance)


def cluster(windows: Windows, settings: DiarizationSettings) -> Samples:
    """The mean embedding of each speaker, shape (speakers, embedding_size); at least one.

    Args:
        windows: of one channel, with their embeddings.
        settings: how many speakers to look for, and how far apart two have to be.
    """
    whole = windows.end_s - windows.start_s >= _WHOLE_SHARE * settings.window_frames / FRAMES_PER_S
    embeddings = windows.embeddings[whole]
    if settings.speakers == "1" or len(embeddings) < _FEWEST_WINDOWS:
        return _means(windows.embeddings, np.zeros(len(whole), np.intp), 1)
    points, weights = _condensed(embeddings)
    if settings.speakers == "auto":
        fewest = max(2.0, settings.min_speaker_s * FRAMES_PER_S / settings.step_frames)
        groups = _parted(points, weights, fewest, settings)
    else:
        groups = _spectral_groups(points, min(int(settings.speakers), len(points)))
    number = int(groups.max()) + 1
    centres = _means(points, groups, number, weights)
    return _means(embeddings, _refined(embeddings, centres), number)


def _parted(points: Samples, weights: Vector, fewest: float, settings: DiarizationSettings) -> Groups:
    """Points in two groups, each of these again, as long as two groups are two speakers."""
    leaves = [np.arange(len(points))]
    final: list[Groups] = []
    while leaves:
        members = leaves.pop(0)
        room = settings.max_speakers - len(leaves) - len(final)
        halves = _two_speakers(points[members], weights[members], fewest, settings) if room > 1 else None
        if halves is None:
            final.append(members)
        else:
            leaves += [members[halves == half] for half in (0, 1)]
    groups = np.empty(len(points), np.intp)
    for number, members in enumerate(final):
        groups[members] = number
    return groups


def _two_speakers(points: Samples, weights: Vector, fewest: float, settings: DiarizationSettings) -> Groups | None:
    """Points in two groups, if these are two speakers; else None."""
    if len(points) < _FEWEST_POINTS:
        return None
    halves = part_in_two(points, weights)
    return halves.groups if halves.sizes.min() >= fewest and are_two_speakers(halves, settings) else None


@dataclass(frozen=True, slots=True)
class Halves:
    """Windows split in two.

    Attributes:
        groups: 0 or 1 for each window, or for each point that stands for several, in order.
        sizes: windows in each group, shape (2,).
        apart: cosine distance of the groups' mean embeddings.
        typical: mean distance between the halves of each group, with what chance may add if a group is small.
    """

    groups: Groups
    sizes: Vector
    apart: float
    typical: float


def part_in_two(points: Samples, weights: Vector) -> Halves:
    """Split windows in two by spectral clustering, whoever speaks in them.

    Args:
        points: embeddings of windows in order, or points that stand for several, shape (n, embedding_size); n >= 4.
        weights: the number of windows that each point stands for, shape (n,).
    """
    groups = _refined(points, _means(points, _spectral_groups(points, 2), 2, weights), weights)
    sizes: Vector = np.bincount(groups, weights, minlength=2).astype(np.float64)
    centres = _means(points, groups, 2, weights)
    within = [1.0 - _cosine_of_halves(points[groups == half], weights[groups == half]) for half in (0, 1)]
    typical = float(np.average(within, weights=sizes)) * (1.0 + _BY_CHANCE / max(float(sizes.min()), 1.0))
    return Halves(groups, sizes, 1.0 - float(centres[0] @ centres[1]), typical)


def are_two_speakers(halves: Halves, settings: DiarizationSettings) -> bool:
    """Whether the halves are so far apart that two people must have spoken.

    With few windows the quarters say little: by chance they are as far apart as two voices. Then the distance between
    the halves must be large by itself; how large falls with the root of the number of windows, as chance does. The more
    windows there are, the more the quarters count. Halves that are nearly as far apart are two speakers
    if they are clearly further apart than the quarters. ``benchmarks/diarization_bars.py`` prints how often one voice
    and two voices pass.

    Args:
        halves: of the windows of one or two speakers.
        settings: how far apart two speakers have to be.
    """
    windows = float(halves.sizes.sum())
    enough = (1.0 - settings.max_similarity) * max(1.0, _FAR / float(np.sqrt(windows)))
    if np.count_nonzero(np.diff(halves.groups)) < _FEWEST_CHANGES:
        enough *= _ONE_AFTER_ANOTHER
    is_far = halves.apart > enough
    times = min(settings.min_separation, _TIMES + _TIMES_A_WINDOW * windows) if is_far else settings.min_separation
    return halves.apart > _NEAR * enough and halves.apart > times * halves.typical


def _cosine_of_halves(points: Samples, weights: Vector | None = None) -> float:
    """Cosine of the mean embeddings of two groups, split along the direction in which the points differ most."""
    if weights is None:
        weights = np.ones(len(points))
    if len(points) < _FEWEST_WINDOWS:
        return 1.0
    centred = points - np.average(points, axis=0, weights=weights).astype(np.float32)
    weighed = centred * np.sqrt(weights)[:, None].astype(np.float32)
    if len(points) <= points.shape[1]:  # on which side of the direction each is, from the smaller of two matrices
        side = _leading_eigenvectors(weighed @ weighed.T, 1)[:, 0]
    else:
        side = weighed @ _leading_eigenvectors(weighed.T @ weighed, 1)[:, 0]
    groups = (side > 0).astype(np.intp)
    groups = _refined(points, _means(points, groups, 2, weights), weights)
    centres = _means(points, groups, 2, weights)
    return float(centres[0] @ centres[1]) if np.bincount(groups, minlength=2).all() else 1.0


def _means(embeddings: Samples, groups: Groups, number: int, weights: Vector | None = None) -> Samples:
    """Directions of the groups' means, shape (number, embedding_size); zero for an empty group."""
    shares = np.zeros((number, len(embeddings)), np.float32)
    shares[groups, np.arange(len(embeddings))] = 1.0 if weights is None else weights
    sums = shares @ embeddings
    means: Samples = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return means


def _refined(points: Samples, centres: Samples, weights: Vector | None = None) -> Groups:
    """Spherical k-means from given centres."""
    groups: Groups = (points @ centres.T).argmax(axis=1)
    for _ in range(_ROUNDS):
        centres = _means(points, groups, len(centres), weights)
        better = (points @ centres.T).argmax(axis=1)
        if (better == groups).all():
            break
        groups = better
    return groups


def _condensed(embeddings: Samples) -> tuple[Samples, Vector]:
    """At most so many points as a matrix of cosines may have, and how many windows each stands for."""
    if len(embeddings) <= _MOST_POINTS:
        return embeddings, np.ones(len(embeddings))
    from scipy.cluster.hierarchy import (
        fcluster,
        linkage,
    )  # takes half a second to import, and only long recordings need it

    chunks = np.array_split(embeddings, -(-len(embeddings) // _CHUNK))
    each = max(4, _MOST_POINTS // len(chunks))
    points, weights = [], []
    for chunk in chunks:
        groups = fcluster(linkage(chunk, "average", metric="cosine"), each, "maxclust") - 1
        number = int(groups.max()) + 1
        points.append(_means(chunk, groups, number))
        weights.append(np.bincount(groups, minlength=number).astype(float))
    return np.concatenate(points), np.concatenate(weights)


def _spectral_groups(points: Samples, number: int) -> Groups:
    """Points split by the leading eigenvectors of their refined cosines, shape (n,)."""
    affinity = (1.0 + points.astype(np.float64) @ points.T) / 2.0
    np.fill_diagonal(affinity, 0.0)
    np.fill_diagonal(affinity, affinity.max(axis=1))
    kept = np.quantile(affinity, 1.0 - _KEPT_SHARE, axis=1, keepdims=True)
    affinity = np.where(affinity >= kept, affinity, _FADED * affinity)
    affinity = np.maximum(affinity, affinity.T)
    degree = np.sqrt(affinity.sum(axis=1))
    vectors = _leading_eigenvectors(affinity / np.outer(degree, degree), number)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return _k_means(vectors, number)


def _k_means(rows: Vector, number: int) -> Groups:
    """K-means from the rows that lie farthest from each other.

    Our own: ``scipy.cluster.vq`` would start at random or from these rows as well, and is half a second to import.
    """
    chosen = [int(np.linalg.norm(rows - rows.mean(axis=0), axis=1).argmax())]
    distance = np.linalg.norm(rows - rows[chosen[0]], axis=1)
    while len(chosen) < number:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(rows - rows[chosen[-1]], axis=1))
    centres = rows[chosen]
    for _ in range(_ROUNDS):
        found: Groups = ((rows[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        sizes = np.bincount(found, minlength=number)
        sums = np.stack([np.bincount(found, column, number) for column in rows.T], axis=1)
        centres = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centres)
    return found


def _leading_eigenvectors(matrix: NDArray[Any], number: int) -> NDArray[Any]:
    """Those of the largest eigenvalues of a symmetric matrix, rising, shape (size, number)."""
    if len(matrix) <= _SMALL_MATRIX:
        return np.linalg.eigh(matrix)[1][:, -number:]
    from scipy.linalg import eigh  # calculates no others, which is worth its import for a large matrix

    vectors: NDArray[Any] = eigh(matrix, subset_by_index=(len(matrix) - number, len(matrix) - 1))[1]
    return vectors


def find_turns(
    windows: Windows, segments: Sequence[SpeechSegment], speakers: Samples, settings: DiarizationSettings
) -> tuple[Turn, ...]:
    """Which of the speakers speaks in each tenth of a second of speech.

    Args:
        windows: of the channel.
        segments: the channel's speech, in order.
        speakers: mean embedding of each in such windows, shape (n, embedding_size).
        settings: of this step.

    Returns:
        Turns in order, that do not overlap and together are all of the speech; speakers numbered by their speech, the
        one with the most first.
    """
    cells = _cells(segments)
    if len(cells.start_s) == 0 or len(windows.start_s) == 0:
        return ()
    likeness = _likeness(cells, windows, speakers)
    path = _best_path(likeness * _SHARPNESS, cells)
    turns = _joined(path, _clear(path, likeness, cells), cells, settings)
    speech_s = np.bincount([t.speaker for t in turns], [t.duration_s for t in turns], minlength=len(speakers) + 1)
    return renumbered(turns, [int(one) for one in np.argsort(-speech_s, kind="stable") if speech_s[one] > 0])


def refine_turns(
    turns: Sequence[Turn], windows: Windows, segments: Sequence[SpeechSegment], settings: DiarizationSettings
) -> tuple[Turn, ...]:
    """Turns found again with shorter windows, which describe a voice less well but show a change sooner.

    Args:
        turns: as ``find_turns`` gives them.
        windows: short ones.
        segments: the channel's speech, in order.
        settings: of this step.
    """
    for _ in range(_REFINEMENTS):
        starts = np.array([turn.start_s for turn in turns])
        middle_s = (windows.start_s + windows.end_s) / 2
        own = [turns[index] for index in np.maximum(np.searchsorted(starts, middle_s, side="right") - 1, 0)]
        groups = np.array([turn.speaker - 1 for turn in own])
        clear = np.array([turn.is_clear for turn in own])
        number = max(turn.speaker for turn in turns)
        heard = np.bincount(groups[clear], minlength=number) > 0
        clear |= ~heard[groups]  # a speaker who is never heard clearly is described by all there is
        speakers = _means(windows.embeddings[clear], groups[clear], number)
        turns = find_turns(windows, segments, speakers[np.abs(speakers).any(axis=1)], settings)
    return tuple(turns)


@dataclass(frozen=True, slots=True)
class _Cells:
    """Speech in pieces of a tenth of a second: start and end of each, and the pause before it (0 within a stretch)."""

    start_s: Vector
    end_s: Vector
    pause_s: Vector


def _cells(segments: Sequence[SpeechSegment]) -> _Cells:
    starts, ends, pauses, before = [], [], [], -np.inf
    for segment in segments:
        edges = np.linspace(segment.start_s, segment.end_s, max(1, round(segment.duration_s / _CELL_S)) + 1)
        starts.append(edges[:-1])
        ends.append(edges[1:])
        pause = np.zeros(len(edges) - 1)
        pause[0] = segment.start_s - before
        pauses.append(pause)
        before = segment.end_s
    joined = [np.concatenate([np.empty(0), *parts]) for parts in (starts, ends, pauses)]
    return _Cells(*joined)


def _likeness(cells: _Cells, windows: Windows, speakers: Samples) -> Vector:
    """Cosine of the speech around each cell with each speaker, shape (cells, speakers).

    The mean over the windows that contain the cell, with most weight where it is in the middle; without such a window,
    that of the nearest one.
    """
    cosines = windows.embeddings @ speakers.T
    middle_s = (cells.start_s + cells.end_s) / 2
    first = np.searchsorted(middle_s, windows.start_s)
    last = np.searchsorted(middle_s, windows.end_s)
    total = np.zeros((len(middle_s), len(speakers)))
    weight = np.zeros(len(middle_s))
    for index in range(len(cosines)):
        inside = slice(first[index], last[index])
        half_s = (windows.end_s[index] - windows.start_s[index]) / 2
        near = 1.05 - np.abs(middle_s[inside] - windows.start_s[index] - half_s) / half_s
        total[inside] += near[:, None] * cosines[index]
        weight[inside] += near
    centre_s = (windows.start_s + windows.end_s) / 2
    for cell in np.flatnonzero(weight == 0):
        total[cell], weight[cell] = cosines[int(np.abs(centre_s - middle_s[cell]).argmin())], 1.0
    return total / weight[:, None]


def _best_path(score: Vector, cells: _Cells) -> Groups:
    """The sequence of speakers with the highest sum of scores less the cost of changes, shape (cells,)."""
    cost = _CHANGE_COST * np.exp(-cells.pause_s / _PAUSE_S)
    best = score[0].copy()
    came_from = np.zeros(score.shape, np.intp)
    number = np.arange(score.shape[1])
    for cell in range(1, len(score)):
        top = int(best.argmax())
        changes = best[top] - cost[cell] > best
        came_from[cell] = np.where(changes, top, number)
        best = np.where(changes, best[top] - cost[cell], best) + score[cell]
    path = np.empty(len(score), np.intp)
    path[-1] = best.argmax()
    for cell in range(len(score) - 1, 0, -1):
        path[cell - 1] = came_from[cell, path[cell]]
    return path


def _clear(path: Groups, likeness: Vector, cells: _Cells) -> NDArray[np.bool_]:
    """Which cells describe their speaker: not next to a change without a pause, nor as similar to another speaker."""
    if likeness.shape[1] == 1:
        return np.ones(len(path), bool)
    own = likeness[np.arange(len(path)), path]
    others = np.partition(likeness, -2, axis=1)[:, -2:]
    ahead = own - np.where(own >= others[:, 1], others[:, 0], others[:, 1])
    clear: NDArray[np.bool_] = ahead > _MARGIN
    changes = np.flatnonzero((np.diff(path) != 0) & (cells.pause_s[1:] < _GUARD_S)) + 1
    for change in changes:
        clear[max(0, change - _GUARD_CELLS) : change + _GUARD_CELLS] = False
    return clear


def _joined(path: Groups, is_clear: NDArray[np.bool_], cells: _Cells, settings: DiarizationSettings) -> list[Turn]:
    """Cells to turns: a new one after a pause, a change of speaker, or where it becomes clear or unclear."""
    turns: list[Turn] = []
    new = (np.diff(path) != 0) | (np.diff(is_clear.astype(np.int8)) != 0) | (cells.pause_s[1:] > 0)
    for part in np.split(np.arange(len(path)), np.flatnonzero(new) + 1):
        start_s, end_s = float(cells.start_s[part[0]]), float(cells.end_s[part[-1]])
        clear = bool(is_clear[part[0]]) and end_s - start_s >= settings.min_turn_s
        turns.append(Turn(start_s, end_s, int(path[part[0]]) + 1, clear))
    return turns


def spoken_alone(
    turns: Sequence[Turn], speech: Sequence[SpeechSegment], settings: DiarizationSettings
) -> dict[int, tuple[SpeechSegment, ...]]:
    """The stretches that describe each speaker's voice: speech, in clear turns, while nobody else has a turn.

    Args:
        turns: in order of their starts; those of different speakers may overlap.
        speech: the channel's, in order.
        settings: of this step.

    Returns:
        By speaker, the one with the most first; speakers without such speech are missing.
    """
    edges = np.unique([edge for turn in turns for edge in (turn.start_s, turn.end_s)])
    active: list[list[Turn]] = [[] for _ in edges[:-1]]
    for turn in turns:
        for index in range(*np.searchsorted(edges, [turn.start_s, turn.end_s])):
            active[index].append(turn)
    alone: dict[int, list[SpeechSegment]] = {turn.speaker: [] for turn in turns}
    for start_s, end_s, now in zip(edges[:-1].tolist(), edges[1:].tolist(), active, strict=True):
        if {turn.is_clear for turn in now} == {True} and len({turn.speaker for turn in now}) == 1:
            own = alone[now[0].speaker]
            goes_on = bool(own) and own[-1].end_s == start_s
            own.append(SpeechSegment(own.pop().start_s if goes_on else start_s, end_s))
    spoken = {speaker: _within_speech(parts, speech, settings.min_turn_s) for speaker, parts in alone.items()}
    length_s = {speaker: sum(part.duration_s for part in parts) for speaker, parts in spoken.items()}
    return {one: spoken[one] for one in sorted(spoken, key=lambda one: (-length_s[one], one)) if spoken[one]}


def renumbered(turns: Sequence[Turn], order: Iterable[int]) -> tuple[Turn, ...]:
    """Turns with the speakers numbered from 1 in the given order, then those that it does not name.

    Args:
        turns: in any order, which is kept.
        order: speakers as they are numbered in ``turns``, the new first one first.
    """
    place = {speaker: number for number, speaker in enumerate(dict.fromkeys([*order, *(t.speaker for t in turns)]), 1)}
    return tuple(dataclasses.replace(turn, speaker=place[turn.speaker]) for turn in turns)


def _within_speech(
    segments: Sequence[SpeechSegment], speech: Sequence[SpeechSegment], shortest_s: float
) -> tuple[SpeechSegment, ...]:
    """The parts of the segments that are speech, less the short ones."""
    parts = []
    ends = np.array([segment.end_s for segment in speech])
    for segment in segments:
        for index in range(int(np.searchsorted(ends, segment.start_s, side="right")), len(speech)):
            if speech[index].start_s >= segment.end_s:
                break
            part = SpeechSegment(max(segment.start_s, speech[index].start_s), min(segment.end_s, speech[index].end_s))
            if part.duration_s >= shortest_s:
                parts.append(part)
    return tuple(parts)
