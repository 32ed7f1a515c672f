"""The items: every file that was received, its format, and what became of it."""

from collections.abc import Mapping
from typing import Any

from forensic.case.store import UNREADABLE
from forensic.report.case.case_report import Item
from forensic.report.case.evidence import contents_of, why_unreadable
from forensic.report.case.exhibits import Exhibits
from forensic.report.case.inputs import ReportInputs
from forensic.report.shared.catalogue import _, listed, ngettext, number
from forensic.report.shared.formats import NO_BREAK, first_few, first_rows, format_duration, printable
from forensic.report.shared.noted import noted


def list_items(inputs: ReportInputs, exhibits: Exhibits) -> tuple[tuple[Item, ...], str]:
    """The items in the order of their numbers, and a note on what was left out."""
    formats = {row["sha256"]: row for row in inputs.recordings.iter_rows(named=True)}
    measured, failed = contents_of(inputs.quality), contents_of(inputs.failures)
    compared = {*inputs.comparisons["questioned_path"], *inputs.comparisons["questioned_sha256"]} - {None}
    items = []
    for label, row in exhibits.rows:
        found = formats.get(row["sha256"], {})
        is_compared = row["path"] in compared or row["sha256"] in compared
        duration = found.get("duration_s")
        items.append(
            Item(
                exhibit=label,
                speaker=exhibits.speaker_of(row["path"]) if label.startswith("K") else "",
                name=exhibits.name(label),
                sha256=row["sha256"] or _("not computed: the file could not be read"),
                number=exhibits.number(label),
                facts=_format(found, row["size_bytes"]),
                duration=format_duration(duration) if duration is not None else _("not known"),
                status=_status(row, measured, failed),
                notes=_notes(label, row, found, exhibits, is_compared=is_compared),
            )
        )
    rows, note = first_rows(items, inputs.limits.items, ngettext("{n} item", "{n} items", len(items)))
    if exhibits.without_file:
        lost = _(
            "No file here has the name of {names} in the exhibit numbers.", names=listed(list(exhibits.without_file))
        )
        note = f"{note} {lost}".strip()
    return rows, note


def _notes(
    label: str, row: Mapping[str, Any], found: Mapping[str, Any], exhibits: Exhibits, *, is_compared: bool
) -> tuple[str, ...]:
    notes = []
    twins = [twin for twin in exhibits.same_content(row["sha256"]) if twin != label]
    if twins:
        notes.append(_("Same bytes as {twins}.", twins=first_few(twins)))
    notes += [printable(noted(note)) for note in found.get("notes") or ()]
    if row["status"] == UNREADABLE:
        notes.append(why_unreadable(row))
    if label.startswith("Q") and not is_compared:
        notes.append(_("Not part of this comparison."))
    return tuple(notes)


def _status(row: Mapping[str, Any], measured: frozenset[str], failed: frozenset[str]) -> str:
    if row["status"] == UNREADABLE:
        return _("unreadable")
    if row["sha256"] not in measured:
        return _("not examined")
    return _("examined in part") if row["sha256"] in failed else _("examined")


def _format(found: Mapping[str, Any], size_bytes: int | None) -> tuple[str, ...]:
    """What a file says of its format, and its size."""
    lines: list[list[str]] = [[], [], []]
    lines[0] += [printable(found[name]) for name in ("container", "codec") if found.get(name)]
    if found.get("sample_rate_hz"):
        lines[1].append(f"{number(found['sample_rate_hz'])}{NO_BREAK}Hz")
    if found.get("channels"):
        lines[1].append(ngettext("{n} channel", "{n} channels", found["channels"]))
    if found.get("bits_per_sample"):
        lines[2].append(f"{found['bits_per_sample']}{NO_BREAK}{_('bit')}")
    if found.get("bit_rate"):
        lines[2].append(f"{number(found['bit_rate'] / 1000, ',.0f')}{NO_BREAK}kbit/s")
    known = [", ".join(line) for line in lines if line] or [_("format not known")]
    if size_bytes is None:
        return tuple(known)
    return (*known, f"{number(size_bytes)}{NO_BREAK}{_('bytes')}")
