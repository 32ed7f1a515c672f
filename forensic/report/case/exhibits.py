"""The numbers by which a report names files and known speakers: Q1, K1, S1."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import polars as pl

from forensic.case.store import REFERENCE, SKIPPED
from forensic.comparison.outcomes import CaseOutcome
from forensic.records import QUESTIONED
from forensic.report.case.inputs import ReportInputs
from forensic.report.shared.catalogue import _
from forensic.report.shared.content import Fact
from forensic.report.shared.formats import first_few, printable


class Exhibits:
    """The numbers by which the report names files and known speakers."""

    def __init__(self, inputs: ReportInputs) -> None:
        self._speakers = {speaker.name: f"S{n}" for n, speaker in enumerate(inputs.known_speakers, 1)}
        for name in inputs.comparisons["suspect"].unique(maintain_order=True).drop_nulls():
            self._speakers.setdefault(name, f"S{len(self._speakers) + 1}")
        self._speaker_of = {
            recording.path: speaker.name for speaker in inputs.known_speakers for recording in speaker.recordings
        }
        self.rows: list[tuple[str, dict[str, Any]]] = []
        self._by_path: dict[str, str] = {}
        self._by_content: dict[str, list[str]] = defaultdict(list)
        self._names: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        # A case may hold the known recordings of an earlier reference set; they are no part of this report.
        known = pl.col("path").is_in(list(self._speaker_of))
        self.files = inputs.files.filter((pl.col("side") == QUESTIONED) | known)
        for side, letter in ((QUESTIONED, "Q"), (REFERENCE, "K")):
            self._number(self.files.filter(pl.col("side") == side), side, letter)
        self.order = {label: n for n, (label, _) in enumerate(self.rows)}
        self._numbers, self.without_file = _exhibit_numbers(self.rows, inputs.case_details.exhibits)

    def _number(self, files: pl.DataFrame, side: str, letter: str) -> None:
        folder = self._folders[side] = common_folder(files["path"].to_list())
        received = [row for row in files.iter_rows(named=True) if row["status"] != SKIPPED]
        received.sort(key=lambda row: (self._speaker_place(row["path"]), _natural(row["path"])))
        for n, row in enumerate(received, 1):
            label = f"{letter}{n}"
            self.rows.append((label, row))
            self._by_path[row["path"]] = label
            self._names[label] = printable(row["path"].removeprefix(folder))
            if row["sha256"] is not None:
                self._by_content[row["sha256"]].append(label)

    def _speaker_place(self, path: str) -> int:
        """Position of a recording's known speaker, so that known recordings are numbered speaker by speaker."""
        name = self._speaker_of.get(path)
        return len(self._speakers) if name is None else self.speaker_order(name)

    def label(self, sha256: str | None, path: str = "") -> str:
        """The exhibit of a path, or else the first with that content."""
        return self._by_path.get(path) or next(
            iter(self.same_content(sha256)), _("file {name}", name=(sha256 or path)[:12])
        )

    def same_content(self, sha256: str | None) -> list[str]:
        """All exhibits with that content."""
        return self._by_content.get(sha256 or "", [])

    def name(self, label: str) -> str:
        """The file's name below the folder of its side, printable."""
        return self._names.get(label, "")

    def number(self, label: str) -> str:
        """The exhibit number that a person gave the file, printable; "" where there is none."""
        return self._numbers.get(label, "")

    def numbered_name(self, label: str) -> str:
        """The file's name, after its exhibit number: "JSM/3, call 15 April.wav"."""
        return ", ".join(filter(None, [self.number(label), self.name(label)]))

    def relative(self, path: str, side: str) -> str:
        """Any path below the folder of its side, printable."""
        return printable(path.removeprefix(self._folders.get(side, "")))

    def speaker(self, name: str) -> str:
        """Such as "S1 Name"."""
        return f"{self._speakers[name]} {printable(name)}"

    def speaker_label(self, name: str) -> str:
        """Such as "S1"."""
        return self._speakers[name]

    def speaker_of(self, path: str) -> str:
        """The known speaker of a recording, "S1 Name"; "" where there is none."""
        name = self._speaker_of.get(path)
        return self.speaker(name) if name is not None else ""

    def speaker_order(self, name: str) -> int:
        """Position in the reference set."""
        return int(self._speakers[name][1:])

    def speakers(self) -> list[str]:
        """Names of the known speakers, in order."""
        return list(self._speakers)

    def known_speakers(self) -> tuple[Fact, ...]:
        """Each known speaker with their exhibits."""
        exhibits: dict[str, list[str]] = {name: [] for name in self._speakers}
        for label, row in self.rows:
            name = self._speaker_of.get(row["path"])
            if name is not None and label.startswith("K"):
                exhibits[name].append(label)
        return tuple(Fact(self.speaker(name), first_few(labels)) for name, labels in exhibits.items())

    def folders(self) -> tuple[Fact, ...]:
        """The folder of each side, which the names of its files are relative to."""
        sides = ((QUESTIONED, _("Questioned recordings")), (REFERENCE, _("Known recordings")))
        return tuple(Fact(label, printable(self._folders[side])) for side, label in sides if self._folders.get(side))


def _exhibit_numbers(
    rows: list[tuple[str, dict[str, Any]]], stated: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Exhibit numbers by label, from numbers by path or the end of one; and what is stated of no file here."""
    numbers: dict[str, str] = {}
    unused = []
    for name, number in stated.items():
        ours = [label for label, row in rows if f"/{row['path']}".endswith(f"/{name.lstrip('/')}")]
        numbers |= dict.fromkeys(ours, printable(number))
        unused += [] if ours else [printable(name)]
    return numbers, tuple(unused)


def exhibit_names(outcome: CaseOutcome) -> Mapping[str, str]:
    """What a report calls each recording, by its path: its number, and its name below the folder of its side."""
    exhibits = Exhibits(ReportInputs.of(outcome))
    return {row["path"]: f"{label} {exhibits.name(label)}" for label, row in exhibits.rows}


def _natural(path: str) -> list[tuple[int, str]]:
    """Sorts file2 before file10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d{1,18})", path) if part]


def common_folder(paths: list[str]) -> str:
    """The deepest folder that holds all paths, with its slash; "" where there is none."""
    folders = [path.split("/")[:-1] for path in paths]
    if not folders:
        return ""
    shared = []
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "/".join(shared) + "/" if shared else ""
