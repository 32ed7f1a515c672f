"""The speech of a comparison: of the questioned side, and of the known speaker's recording with most speech."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from forensic.comparison.excerpts import with_most_speech
from forensic.comparison.outcomes import Excerpt, Explanation
from forensic.report.case.comparisons import Issued
from forensic.report.case.evidence import label_of, rows_by
from forensic.report.case.exhibits import Exhibits
from forensic.report.case.inputs import ReportInputs
from forensic.report.case.plots import SpeechPlot
from forensic.report.shared.catalogue import _, ngettext
from forensic.report.shared.formats import format_duration

Rows = Mapping[tuple[Any, ...], Sequence[Mapping[str, Any]]]


class SpeechPlots:
    """Makes the plots of the speech of comparisons."""

    def __init__(self, inputs: ReportInputs, exhibits: Exhibits) -> None:
        self._exhibits = exhibits
        self._measured = inputs.quality
        self._quality = rows_by(inputs.quality, "sha256")
        self._segments = rows_by(inputs.segments, "sha256", "channel", "turn")
        self._audio = inputs.audio
        self._excerpts = {(each.sha256, each.channel, each.turn): each for each in inputs.excerpts}

    def of(self, name: str, comparison: Issued, explanation: Explanation | None) -> tuple[SpeechPlot, ...]:
        """The questioned side, then the known one.

        Args:
            name: of the plots; each has a letter added.
            comparison: whose sides they are.
            explanation: what each stretch of the questioned speech adds; None where that was not examined.
        """
        questioned = [
            row
            for row in self._quality.get((comparison.sha256,), [])
            if (row["channel"], row["turn"] or 0) == (comparison.channel, comparison.turn)
        ]
        known = with_most_speech(comparison.known_sha256, self._measured)
        effects = {each.start_s: each.change for each in explanation.segments} if explanation else {}
        plots = [self._plot(f"{name}q", row, effects) for row in questioned]
        if known is not None:
            others = sum(len(self._quality.get((sha256,), [])) for sha256 in comparison.known_sha256) - 1
            plots.append(self._plot(f"{name}k", known, {}, others))
        return tuple(plot for plot in plots if len(plot.low))

    def _plot(self, name: str, row: Mapping[str, Any], effects: Mapping[float, float], others: int = 0) -> SpeechPlot:
        key = (row["sha256"], row["channel"], row["turn"] or 0)
        stretches = self._segments[row["sha256"], row["channel"], row["turn"]]
        speech = sorted((part["start_s"], part["end_s"]) for part in stretches)
        excerpt: Excerpt | None = self._excerpts.get(key)
        caption = _(
            "{label}: {speech} of speech in {duration}, {stretches}.",
            label=label_of(row, self._exhibits),
            speech=format_duration(row["net_speech_s"]),
            duration=format_duration(row["duration_s"]),
            stretches=ngettext("{n} stretch", "{n} stretches", len(speech)),
        )
        if others:
            more = ngettext(
                "{n} further recording of this speaker is not drawn.",
                "{n} further recordings of this speaker are not drawn.",
                others,
            )
            caption = f"{caption} {more}"
        return SpeechPlot(
            name=name,
            caption=caption,
            duration_s=row["duration_s"],
            low=np.asarray(row["envelope_low"] or (), dtype=np.float64),
            high=np.asarray(row["envelope_high"] or (), dtype=np.float64),
            speech=tuple(speech),
            effects=tuple(effects.get(start, 0.0) for start, _ in speech) if effects else (),
            start_s=excerpt.start_s if excerpt else 0.0,
            end_s=excerpt.end_s if excerpt else 0.0,
            highest_hz=excerpt.highest_hz if excerpt else 0.0,
            levels=excerpt.levels if excerpt else None,
            audio=self._audio.get(key, ""),
        )
