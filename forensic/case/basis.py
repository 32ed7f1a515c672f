"""The files of a laboratory's own that likelihood ratios rest on: models, calibrations, envelopes, scales, templates.

The audit log states the hash of each with every result. The next result must rest on the same files: none changed, none
gone, and none new in a folder that was used before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensic.case.audit import AuditLine, to_the_second
from forensic.case.binding import Difference, Stated
from forensic.case.discovery import hash_file
from forensic.case.store import path_text
from forensic.storage.release import is_released

BASIS = "basis_sha256"
"""The key of a log line under which the hashes of these files are, by path."""

_LOADED = {".toml", ".safetensors", ".parquet", ".j2", ".css", ".js", ".png"}
"""Networks (.onnx, .pt) are compared with the card of their folder, which is one of these."""


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """Files that do not ship.

    Attributes:
        sha256: of each, by absolute path.
        places: absolute paths of the files, and of the folders of which all files count; whether they are there or not.
    """

    sha256: Mapping[str, str]
    places: tuple[str, ...]


def own_files(places: Iterable[Path]) -> OwnFiles:
    """The files at some places that do not ship; of a folder, all below it that are loaded."""
    given = [place.absolute() for place in places]
    files = [path for place in given for path in ([place] if place.is_file() else sorted(place.rglob("*")))]
    own = [path for path in files if path.suffix in _LOADED and not is_released(path)]
    return OwnFiles({path_text(path): hash_file(path).sha256 for path in own}, tuple(map(path_text, given)))


def last_used(lines: Iterable[AuditLine], places: Sequence[str]) -> dict[str, Stated]:
    """What a log says the files were when they were used last, by path.

    Args:
        lines: of the log.
        places: whose files are used together: what an earlier use alone had is forgotten.
    """
    used: dict[str, Stated] = {}
    for line in lines:
        stated = stated_by(line)
        again = [place for place in places if any(_is_at(path, place) for path in stated)]
        used = {path: each for path, each in used.items() if not any(_is_at(path, place) for place in again)} | stated
    return used


def stated_by(line: AuditLine) -> dict[str, Stated]:
    """What one line of a log says the files were."""
    return {path: Stated(sha256, line.time_utc) for path, sha256 in line.facts.get(BASIS, {}).items()}


def changes(own: OwnFiles, used: Mapping[str, Stated]) -> Iterator[str]:
    """What differs between the files and what they were when they were used, a sentence each."""
    for place in own.places:
        then = {path: stated for path, stated in used.items() if _is_at(path, place)}
        now = {path: sha256 for path, sha256 in own.sha256.items() if _is_at(path, place)}
        for path in sorted({*now, *then}) if then else ():
            if path not in then:
                when = to_the_second(max(each.time_utc for each in then.values()))
                yield f"{path} was not there when the files beside it were last used, at {when}."
            elif then[path].sha256 != now.get(path):
                yield f"{Difference(path, now.get(path), then[path])}."


def _is_at(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")
