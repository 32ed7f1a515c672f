"""How well models tell people apart on real telephone calls of other days and other telephones, beside peers.

    python ../shared/speech/collect.py ../shared/speech/telephone.csv --out work/telephone --join
    python benchmarks/telephone_accuracy.py [MODEL_FOLDER ...] --manifest work/telephone/manifest.csv

A recording is what a person said in one call, speech alone as our detector finds it, at a random gain of -12 to +6 dB.
All recordings are compared with each other. Same-speaker pairs are of recordings whose name is "checked"; recordings
whose name is "unnamed", "doubtful" or "unclear" are left out. Some people called much more often than others, so
every *person* weighs alike among the same-speaker pairs (`--by-pairs`: every pair does).

Printed: Cllr_min and EER with 95 % intervals over people (bootstrap) for pairs of other days and of the same day, over
telephones of the same and of different kinds, for Resemblyzer, CAM++ (`--campplus`), each model with its own score and
with the plain cosine, the cosine after the mean of all *other* people's recordings is taken off both embeddings (as a
reference population of such calls could), and the sum of a model's score and CAM++'s.
"""

import argparse
import itertools
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import polars as pl
from _campplus import campplus_python
from _embeddings import CAMPPLUS_SCRIPT, PEER_SCRIPT, Heard, cosine, embedded_elsewhere, embedding_of
from _peer import peer_python
from _trials import Piece, keep_samples, random_gain_db, read_piece, speech_samples
from numpy.typing import NDArray

from forensic.likelihood_ratio.metrics import cllr_min, eer
from forensic.likelihood_ratio.uncertainty import PAV_BIAS_RATIO, draw_speakers, metric_interval
from forensic.records import Samples
from forensic.speaker.extractor import default_model_folder, load_model
from forensic.training.cache import read_samples

_LEAST_SPEECH_S = 5.0
_NAMED = ("checked", "single call")

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of recordings, the first before the second.

    Attributes:
        first: index of a recording, shape (n,).
        second: likewise.
        same: which pairs are of one person, by cell.
        different: which are of two, by cell.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    same: Mapping[str, Mask]
    different: Mapping[str, Mask]


def main() -> None:
    """Embed every recording with everything, compare all with all, print the table."""
    options = _options()
    calls = _calls(options.manifest, options.work)
    pairs = _pairs(calls)
    speaker = calls["speaker"].to_numpy()
    embeddings = {"Resemblyzer": _elsewhere(peer_python(options.peer), PEER_SCRIPT, "peer", calls, options.workers)}
    if options.campplus is not None:
        python = campplus_python(options.campplus)
        embeddings["CAM++"] = _elsewhere(python, CAMPPLUS_SCRIPT, "campplus", calls, options.workers)
    scores = {name: cosine(own, own) for name, own in embeddings.items()}
    for folder in options.models:
        model, name = load_model(folder), folder.resolve().name
        own = np.stack([embedding_of(_heard(row), model) for row in calls.to_dicts()])
        scores[name] = np.asarray(model.backend.score(own, own), np.float64)
        scores[f"{name}, cosine"] = cosine(own, own)
        scores[f"{name}, centred cosine"] = _centred(own, speaker)
        if "CAM++" in scores:
            scores[f"{name} + CAM++"] = scores[name] + scores["CAM++"]
            scores[f"{name}, cosine + CAM++"] = scores[f"{name}, cosine"] + scores["CAM++"]
    print(f"{'pairs':26}{'people':>7}{'same':>6}{'different':>10}  {'system':40}{'EER %':>22}{'Cllr_min':>24}")
    for cell, same in pairs.same.items():
        different = pairs.different[cell]
        people = len(set(speaker[pairs.first[same]]))
        start = f"{cell:26}{people:7}{same.sum():6}{different.sum():10}  "
        for name, score in scores.items():
            rows = _measured(score, pairs, same, different, speaker, options.by_pairs, options.draws)
            print(f"{start:51}{name:40}{rows[0]:>22}{rows[1]:>24}", flush=True)
            start = ""


def _calls(manifest: Path, work: Path) -> pl.DataFrame:
    """The recordings that are compared, each with the file of its speech."""
    rows = pl.read_csv(manifest, infer_schema=False).filter(pl.col("label").is_in(_NAMED)).to_dicts()
    work.mkdir(parents=True, exist_ok=True)
    for row in rows:
        target = work / f"{row['path'].replace('/', '-')}.npy"
        if not target.exists():
            samples = read_samples(manifest.parent / row["path"])
            keep_samples(target, samples[speech_samples(samples)])
        row |= {"audio": str(target), "samples": len(np.load(target, mmap_mode="r"))}
        row |= {"day": row["session"].partition("/")[0], "gain_db": random_gain_db(row["path"])}
    return pl.DataFrame(rows).filter(pl.col("samples") >= _LEAST_SPEECH_S * 16_000)


def _heard(row: Mapping[str, object]) -> Samples:
    return read_piece(Path(str(row["audio"])), Piece(0.0, 0, int(str(row["samples"]))), float(str(row["gain_db"])))


def _elsewhere(python: Path, script: Path, name: str, calls: pl.DataFrame, workers: int) -> Samples:
    """Embeddings by a peer, in its own Python, kept under its name."""
    files: dict[Heard, Path] = {}
    for row in calls.to_dicts():
        audio = Path(row["audio"])
        whole = (Piece(0.0, 0, row["samples"]),)
        files[(row["path"], ""), audio, whole, row["gain_db"]] = audio.with_suffix(f".{name}.npz")
    made, _ = embedded_elsewhere(files, python, script, workers)
    return np.concatenate([*made.values()])


def _centred(embeddings: Samples, speaker: NDArray[np.str_]) -> Matrix:
    """Cosines after the mean of the recordings of everybody but the pair's own people is taken off."""
    people, number = np.unique(speaker, return_inverse=True)
    rows = [np.flatnonzero(number == person) for person in range(len(people))]
    sums = np.stack([embeddings[own].sum(axis=0, dtype=np.float64) for own in rows])
    scores = np.empty((len(embeddings), len(embeddings)))
    for one, other in itertools.product(range(len(people)), repeat=2):
        out = sorted({one, other})
        mean = (sums.sum(axis=0) - sums[out].sum(axis=0)) / (len(embeddings) - sum(len(rows[person]) for person in out))
        sides = [embeddings[rows[person]] - mean for person in (one, other)]
        sides = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in sides]
        scores[np.ix_(rows[one], rows[other])] = sides[0] @ sides[1].T
    return scores


def _pairs(calls: pl.DataFrame) -> Pairs:
    first, second = np.triu_indices(calls.height, 1)
    speaker, day, kind = (calls[name].to_numpy() for name in ("speaker", "day", "channel"))
    checked = calls["label"].to_numpy() == "checked"
    different = speaker[first] != speaker[second]
    same = ~different & checked[first] & checked[second]
    other_day, one_kind = day[first] != day[second], kind[first] == kind[second]
    every = np.ones(len(first), bool)
    cells: dict[str, tuple[Mask, Mask]] = {
        "other days": (other_day, every),
        "other days, same kind": (other_day & one_kind, one_kind),
        "other days, another kind": (other_day & ~one_kind, ~one_kind),
        "same day": (~other_day, every),
    }
    return Pairs(
        first,
        second,
        {name: same & chosen for name, (chosen, _) in cells.items()},
        {name: different & chosen for name, (_, chosen) in cells.items()},
    )


def _measured(
    score: Matrix, pairs: Pairs, same: Mask, different: Mask, speaker: NDArray[np.str_], by_pairs: bool, draws: int
) -> tuple[str, str]:
    """EER and Cllr_min with intervals, as printed."""
    people, number = np.unique(speaker, return_inverse=True)
    of_same, of_known, of_questioned = (
        number[pairs.first[same]],
        number[pairs.first[different]],
        number[pairs.second[different]],
    )
    values = score[pairs.first, pairs.second]
    own = np.ones(len(of_same)) if by_pairs else 1.0 / np.bincount(of_same, minlength=len(people))[of_same]

    def of(rows: Matrix) -> Matrix:
        results = []
        for times in rows:
            w_same, w_different = own * times[of_same], times[of_known] * times[of_questioned]
            if not (w_same.any() and w_different.any()):
                continue
            left = values[same][w_same > 0], values[different][w_different > 0]
            weights = w_same[w_same > 0], w_different[w_different > 0]
            results.append((eer(*left, *weights), cllr_min(*left, *weights)))
        return np.array(results)

    (value,), drawn = of(np.ones((1, len(people)))), of(draw_speakers(len(people), draws, 1))
    left_out = of(1 - np.eye(len(people))[np.unique(of_same)])
    error, cost = (
        metric_interval(value[i], drawn[:, i], left_out[:, i], limit, PAV_BIAS_RATIO)
        for i, limit in ((0, 0.5), (1, 1.0))
    )
    return (
        f"{100 * error.value:.1f} ({100 * error.low:.1f} to {100 * error.high:.1f})",
        f"{cost.value:.3f} ({cost.low:.3f} to {cost.high:.3f})",
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="*", default=[default_model_folder()], help="model folders")
    parser.add_argument("--manifest", type=Path, default=Path("work/telephone/manifest.csv"), help="by collect.py")
    parser.add_argument("--work", type=Path, default=Path("work/telephone_accuracy"), help="waveforms and embeddings")
    parser.add_argument("--peer", type=Path, default=Path("work/peer"), help="folder of Resemblyzer's environment")
    parser.add_argument("--campplus", type=Path, help="folder of CAM++'s environment; without it CAM++ is left out")
    parser.add_argument("--by-pairs", action="store_true", help="every pair weighs alike, not every person")
    parser.add_argument("--draws", type=int, default=300, help="of the bootstrap over people")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
