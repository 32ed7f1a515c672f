"""What was measured, as CSV, as Markdown and as a figure."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from _accuracy import Cell, summarise
from _trials import QUESTIONED_SPEECH_S
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from forensic.records import Interval
from forensic.report.shared.canvas import DIFFERENT, INK, PALE, SAME, STYLE

_SHOWN_SPEECH_S = 10.0  # of the table that compares in full
_COLUMNS = 3
_LOOKS = ((DIFFERENT, (0, (4, 1.5)), "s"), (SAME, "solid", "o"), ("#009e73", "solid", "^"), ("#cc79a7", "solid", "D"))


def write_report(folder: Path, cells: Sequence[Cell], names: Sequence[str]) -> None:
    """Write ``results.csv``, ``table.md`` and ``accuracy.svg``.

    Args:
        folder: made where it is missing.
        cells: what was measured.
        names: of the systems, the peer first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.csv").write_text(results_csv(cells, names), encoding="utf-8")
    (folder / "table.md").write_text(tables(cells, names), encoding="utf-8")
    whole = [cell for cell in cells if not cell.is_part]
    if whole:
        corpus = max(whole, key=lambda cell: cell.different).corpus
        figure = draw_accuracy([cell for cell in cells if cell.corpus == corpus], names)
        (folder / "accuracy.svg").write_text(figure, encoding="utf-8")


def results_csv(cells: Sequence[Cell], names: Sequence[str]) -> str:
    """Every cell and system, a row each."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    head = "corpus condition net_speech_s people same_speaker different_speaker system eer eer_low eer_high"
    writer.writerow([*head.split(), "cllr_min", "cllr_min_low", "cllr_min_high", "cllr_min_ratio_to_peer"])
    for cell in cells:
        for name in names:
            eer, cost = cell.eer[name], cell.cllr_min[name]
            values = [eer.value, eer.low, eer.high, cost.value, cost.low, cost.high, cell.ratio(name, names[0])]
            start = [cell.corpus, cell.condition, cell.net_speech_s, cell.people, cell.same, cell.different, name]
            writer.writerow([*start, *(f"{value:.6f}" for value in values)])
    return file.getvalue()


def tables(cells: Sequence[Cell], names: Sequence[str]) -> str:
    """For each corpus: 10 s in full, and Cllr_min by net speech; then the summary."""
    peer, *ours = names
    parts = []
    for corpus in dict.fromkeys(cell.corpus for cell in cells):
        own = [cell for cell in cells if cell.corpus == corpus]
        most = max(cell.people for cell in own)
        parts.append(f"## {corpus}\n\nUp to {most} people, known side clean; 95 % intervals over speakers.")
        shown = [cell for cell in own if cell.net_speech_s == _SHOWN_SPEECH_S]
        if shown:
            head = ["Questioned side", *(f"{name}: EER %" for name in names), *(f"{name}: Cllr_min" for name in names)]
            rows = [
                [
                    cell.condition,
                    *(percent(cell.eer[name]) for name in names),
                    *(cost(cell.cllr_min[name]) for name in names),
                    *(f"{cell.ratio(name, peer):.2f}" for name in ours),
                ]
                for cell in shown
            ]
            head += [f"ratio, {name}" if len(ours) > 1 else "ratio" for name in ours]
            parts += [f"{_SHOWN_SPEECH_S:.0f} s questioned:", _markdown(head, rows)]
        durations = [size for size in QUESTIONED_SPEECH_S if any(cell.net_speech_s == size for cell in own)]
        for name in ours:
            head = ["Questioned side", *(f"{size:.0f} s" for size in durations)]
            found = {(cell.condition, cell.net_speech_s): cell for cell in own}
            rows = [
                [
                    condition,
                    *(
                        _beside(found[condition, size], name, peer) if (condition, size) in found else ""
                        for size in durations
                    ),
                ]
                for condition in dict.fromkeys(cell.condition for cell in own)
            ]
            parts += [f"EER / Cllr_min of {name} by net speech of the questioned side, {peer}'s in brackets:"]
            parts.append(_markdown(head, rows))
    parts.append("## Summary\n\n" + "\n".join(f"- {line}" for line in summary_lines(cells, names)))
    return "\n\n".join(parts) + "\n"


def summary_lines(cells: Sequence[Cell], names: Sequence[str]) -> list[str]:
    """Each system's Cllr_min over the peer's in degraded cells: all corpora, and each alone."""
    peer, *ours = names
    whole = [cell for cell in cells if not cell.is_part]
    corpora = list(dict.fromkeys(cell.corpus for cell in cells))
    lines = []
    for name in ours:
        scopes = [("all corpora", whole)] if len({cell.corpus for cell in whole}) > 1 else []
        scopes += [(corpus, [cell for cell in cells if cell.corpus == corpus]) for corpus in corpora]
        for scope, own in scopes:
            found = summarise(own, name, peer)
            lines.append(
                f"{name}, {scope}: mean ratio of Cllr_min to {peer}'s {found.mean_ratio:.3f} over {found.cells}"
                f" degraded cells ({found.left_out} left out, the peer's Cllr_min too small), lower in {found.better};"
                f" ratio of means {found.ratio_of_means:.3f}"
            )
    return lines


def percent(share: Interval) -> str:
    """A share with its interval, in percent."""
    return f"{100 * share.value:.2f} ({100 * share.low:.2f} to {100 * share.high:.2f})"


def cost(bits: Interval) -> str:
    """A cost with its interval."""
    return f"{bits.value:.3f} ({bits.low:.3f} to {bits.high:.3f})"


def _beside(cell: Cell, name: str, peer: str) -> str:
    own, peers = cell.cllr_min[name].value, cell.cllr_min[peer].value
    return f"{100 * cell.eer[name].value:.1f} % / {own:.3f} ({100 * cell.eer[peer].value:.1f} % / {peers:.3f})"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def draw_accuracy(cells: Sequence[Cell], names: Sequence[str]) -> str:
    """Cllr_min over net speech, a panel a condition, every system with its intervals.

    Args:
        cells: of one corpus.
        names: of the systems, the peer first.

    Returns:
        SVG.
    """
    conditions = list(dict.fromkeys(cell.condition for cell in cells))
    columns = min(_COLUMNS, len(conditions))
    rows = -(-len(conditions) // columns)
    with mpl.rc_context({**STYLE, "figure.facecolor": "white"}):
        figure = Figure(figsize=(6.7, 0.7 + 1.65 * rows), layout="constrained")
        FigureCanvasSVG(figure)
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for panel, condition in zip(panels.flat, conditions, strict=False):
            _draw_panel(panel, [cell for cell in cells if cell.condition == condition], names)
            panel.set_title(condition, loc="left", fontsize=8, color=INK)
        for panel in list(panels.flat)[len(conditions) :]:
            panel.set_axis_off()
        panels[0, 0].set_ylim(0, None)
        for panel in panels[:, 0]:
            panel.set_ylabel("Cllr_min")
        for panel in panels[-1]:
            panel.set_xlabel("questioned net speech, s")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        people = max(cell.people for cell in cells)
        figure.legend(handles, labels, loc="outside upper left", ncols=len(names), handlelength=3.2)
        figure.legend([], [], title=f"{cells[0].corpus}, up to {people} people", loc="outside upper right")
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def _draw_panel(axes: Axes, cells: Sequence[Cell], names: Sequence[str]) -> None:
    for number, (name, (colour, line, marker)) in enumerate(zip(names, _LOOKS, strict=False)):
        shift = 1.04 ** (number - (len(names) - 1) / 2)  # so that intervals stand side by side
        at = [cell.net_speech_s * shift for cell in cells]
        costs = [cell.cllr_min[name] for cell in cells]
        axes.vlines(at, [one.low for one in costs], [one.high for one in costs], color=colour, linewidth=1.0)
        axes.plot(
            at, [one.value for one in costs], color=colour, linestyle=line, marker=marker, markersize=3, label=name
        )
    axes.set_xscale("log")
    axes.set_xticks(QUESTIONED_SPEECH_S, [f"{size:.0f}" for size in QUESTIONED_SPEECH_S])
    axes.set_xticks([], minor=True)
    axes.grid(axis="y", color=PALE, linewidth=0.7)
