"""Results kept in a file, that later results are held against."""

import json
import math
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "golden"
_TOLERANCE = 1e-5
"""Relative and absolute: scores are sums of float32, which processors add up in different orders.

Between the kernels that OpenBLAS has for them, LRs were seen to move by 2e-6 of themselves.
"""


def differences(kept, found, path=""):
    """Where two JSON values differ, a line each; numbers by more than rounding.

    Args:
        kept: from the file.
        found: now.
        path: of the values.
    """
    if isinstance(kept, dict) and isinstance(found, dict):
        missing = [f"{path}/{key}: {'gone' if key in kept else 'new'}" for key in sorted(kept.keys() ^ found.keys())]
        return missing + [
            line for key in kept if key in found for line in differences(kept[key], found[key], f"{path}/{key}")
        ]
    if isinstance(kept, list) and isinstance(found, list) and len(kept) == len(found):
        pairs = enumerate(zip(kept, found, strict=True))
        return [line for index, (one, other) in pairs for line in differences(one, other, f"{path}/{index}")]
    if isinstance(kept, float) and isinstance(found, float | int):
        is_same = math.isclose(kept, found, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    else:
        is_same = kept == found and type(kept) is type(found)
    return [] if is_same else [f"{path}: {kept!r} -> {found!r}"]


def hold(name, content, *, rewrites):
    """Fail where ``content`` is not what the file ``golden/NAME.json`` keeps, and where there is no such file.

    Args:
        name: of the file, without its ending.
        content: a JSON value.
        rewrites: whether to write the file instead, which is no test: it is reported as skipped.
    """
    path = FOLDER / f"{name}.json"
    found = json.loads(json.dumps(content, allow_nan=False))
    if rewrites:
        FOLDER.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        pytest.skip(f"{path} is written: read what changed in it")
    assert path.is_file(), f"{path} is missing: run pytest --rewrite-golden, and read what it holds"
    lines = differences(json.loads(path.read_text()), found)
    assert not lines, f"{len(lines)} values are not those of {path}:\n" + "\n".join(lines[:20])
