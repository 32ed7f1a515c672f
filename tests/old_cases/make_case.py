"""Keep a small case as the version that runs writes it, for later versions to read.

    python tests/old_cases/make_case.py tests/old_cases/VERSION.zip

It is of two synthetic voices. Reports are left out, since no command reads them.
"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "synthetic"


def main() -> None:
    """Scan one recording, compare it with one suspect, and pack the case."""
    with TemporaryDirectory(prefix="old-case-") as folder:
        work = Path(folder)
        (work / "questioned").mkdir()
        shutil.copy(EXAMPLE / "questioned" / "voicemail 12 April.amr", work / "questioned")
        shutil.copytree(EXAMPLE / "suspects" / "adler", work / "suspects" / "adler")
        for command in (["scan", "questioned"], ["compare", "--ref", "suspects"]):
            subprocess.run([sys.executable, "-m", "forensic", *command, "--workers", "1"], check=True, cwd=work)
        case = work / "case"
        with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(case.rglob("*")):
                if path.is_file() and path.name != ".lock" and path.stem != "report":
                    archive.write(path, path.relative_to(case))


if __name__ == "__main__":
    main()
