"""The peer, Resemblyzer 0.1.4, in an environment of its own.

It needs packages that the project does without, so it is installed beside the project, once, into a folder that the
caller names. Nothing of it is imported here.
"""

import sys
from pathlib import Path

from _environment import pinned, python_with

_REQUIREMENTS = ("Resemblyzer==0.1.4", "setuptools<81", "librosa<0.11")


def peer_python(folder: Path) -> Path:
    """The Python of the peer's environment, installed at the first call.

    Args:
        folder: of the environment.
    """
    # numba, which librosa needs, and webrtcvad decide on the versions of the rest
    steps = [[*pinned("torch"), *_REQUIREMENTS]]
    return python_with(folder, "the peer", steps, "from resemblyzer import VoiceEncoder")


if __name__ == "__main__":
    print(peer_python(Path(sys.argv[1])))
