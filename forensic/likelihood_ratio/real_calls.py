"""What a model's LRs were worth on the real calls in its bank: measured once, kept beside it, quoted in reports."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from forensic.errors import ModelError
from forensic.records import Interval
from forensic.storage import toml

REAL_CALLS = "real_calls.toml"
_BLAME = toml.Blame(ModelError, "the results on real calls ", "Make them again with `forensic population envelope`.")


@dataclass(frozen=True, slots=True)
class RealResult:
    """LRs of real calls, those of one speaker on different days; each from a fit without either speaker.

    Attributes:
        people: who called.
        repeated: how many of them on several days.
        pairs: compared.
        cllr: before the bounds; every person weighs alike among the same-speaker pairs.
        cllr_min_of_scores: of the scores that the LRs were made from.
        misleading: share of same-speaker LRs below 1.
    """

    people: int
    repeated: int
    pairs: int
    cllr: Interval
    cllr_min_of_scores: Interval
    misleading: Interval


def save_real_results(folder: Path, results: Mapping[str, RealResult]) -> None:
    """Write them beside a bank, in place of earlier ones; without any, there is no file.

    Args:
        folder: of the model.
        results: by opinion: "first", "second" or "both" models.
    """
    if not results:
        (folder / REAL_CALLS).unlink(missing_ok=True)
        return
    toml.write(folder / REAL_CALLS, {opinion: dataclasses.asdict(result) for opinion, result in results.items()})


def load_real_results(folder: Path) -> dict[str, RealResult]:
    """Read them; empty where there are none.

    Raises:
        ModelError: if the file is damaged.
    """
    path = folder / REAL_CALLS
    return toml.read(path, dict[str, RealResult], _BLAME) if path.exists() else {}
