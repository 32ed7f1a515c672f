"""Where sound is in time: the time stamps of its frames, kept as a player would keep them."""

from dataclasses import dataclass, field

LEAST_GAP_S = 0.1
_LONGEST_GAP_S = 3600.0
_MARGIN_S = 1.0
_NAMED = 3


@dataclass(slots=True)
class TimeLine:
    """Compares the time stamps of frames with how much sound there was before them.

    Attributes:
        base_s: the time stamp at which a player's clock is 0.
        stated_s: how long the file says it is; None where it does not.
        gaps: start and length of each gap, in seconds.
    """

    base_s: float
    stated_s: float | None
    gaps: list[tuple[float, float]] = field(default_factory=list)
    jumps_back: int = 0

    def gap_before(self, start_s: float, given_s: float) -> float:
        """How much silence belongs before a frame, in seconds; 0 for differences that nobody hears.

        Args:
            start_s: the frame's time stamp.
            given_s: length of all that came before it, silence included.

        Raises:
            ValueError: if the gap is longer than the file says it is, or than an hour where it does not say.
        """
        gap_s = start_s - self.base_s - given_s
        if gap_s <= -LEAST_GAP_S:  # streams one after another each start at 0
            self.jumps_back += 1
            self.base_s += gap_s
            return 0.0
        if gap_s < LEAST_GAP_S:
            return 0.0
        longest = _LONGEST_GAP_S if self.stated_s is None else max(0.0, self.stated_s + _MARGIN_S - given_s)
        if gap_s > longest:
            raise ValueError(f"the time stamps jump by {gap_s:.2f} s")
        self.gaps.append((given_s, gap_s))
        return gap_s

    def notes(self) -> list[str]:
        """What the examiner should know of them."""
        found = []
        gaps = self.gaps
        if gaps and gaps[0][0] == 0.0:
            found.append(f"The sound starts at {gaps[0][1]:.2f} s; before it there is silence in this examination.")
            gaps = gaps[1:]
        if gaps:
            where = ", ".join(f"{length_s:.2f} s at {start_s:.2f} s" for start_s, length_s in gaps[:_NAMED])
            found.append(f"The file's time stamps leave out {where}; there is silence in this examination.")
        if len(gaps) > _NAMED:
            found.append(f"In all they leave out {len(gaps)} stretches, of {sum(length for _, length in gaps):.1f} s.")
        if self.jumps_back:
            times = "once" if self.jumps_back == 1 else f"{self.jumps_back} times"
            found.append(f"The file's time stamps jump back {times}; the times here go on.")
        return found
