"""The commands that a page of the documents shows."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]

_LINE = re.compile(r"^(?:forensic|cp) .*$", re.MULTILINE)


def shown(page: str) -> list[str]:
    """The commands of a page, as a shell takes them: those of this program, and copying what they work on."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in _LINE.findall(block.replace("\\\n", " "))]
