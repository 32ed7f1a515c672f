"""The peer, Resemblyzer 0.1.4, in an environment of its own.

It needs packages that the project does without, so it is installed beside the project, once, into a folder that the
caller names. Nothing of it is imported here.
"""

import subprocess
import sys
import venv
from pathlib import Path

_REQUIREMENTS = ("Resemblyzer==0.1.4", "setuptools<81", "librosa<0.11")
_CONSTRAINTS = Path(__file__).resolve().parent.parent / "constraints.txt"


def peer_python(folder: Path) -> Path:
    """The Python of the peer's environment, installed at the first call.

    Args:
        folder: of the environment.
    """
    python = folder / "bin" / "python"
    done = folder / "installed"
    if not done.exists():
        print(f"Installing the peer into {folder} ...", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        torch = [line.strip() for line in _CONSTRAINTS.read_text().splitlines() if line.startswith("torch==")]
        # numba, which librosa needs, and webrtcvad decide on the versions of the rest
        subprocess.run([python, "-m", "pip", "install", "-q", *torch, *_REQUIREMENTS], check=True)
        subprocess.run([python, "-c", "from resemblyzer import VoiceEncoder"], check=True)
        done.touch()
    return python


if __name__ == "__main__":
    print(peer_python(Path(sys.argv[1])))
