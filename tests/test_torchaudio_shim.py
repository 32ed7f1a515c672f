"""torchaudio can be used beside any build of torch."""

import subprocess
import sys

import torch

from forensic.torchaudio_shim import functional, transforms

_EXTENSION_FAILS = """
import sys

class Broken:
    def find_spec(self, name, path=None, target=None):
        if name == "torchaudio._extension":
            raise OSError("libc10_cuda.so: cannot open shared object file")

sys.meta_path.insert(0, Broken())
from forensic.torchaudio_shim import functional, transforms
import torch
assert transforms.MelSpectrogram(16000, n_mels=40)(torch.zeros(16000)).shape == (40, 81)
try:
    functional.forced_align(torch.zeros(1, 2, 2), torch.zeros(1, 1, dtype=torch.int32))
except RuntimeError as error:
    print(error)
"""


def test_functions_and_transforms_work():
    """What the package uses of torchaudio is there with the torch that is installed."""
    assert functional.resample(torch.ones(1, 480), 48_000, 16_000).shape == (1, 160)
    assert transforms.MelSpectrogram(16_000, n_mels=40)(torch.zeros(16_000)).shape == (40, 81)


def test_an_extension_that_cannot_be_loaded_is_done_without():
    """Only what needs the extension fails, and only when called."""
    result = subprocess.run([sys.executable, "-c", _EXTENSION_FAILS], capture_output=True, text=True, check=True)
    assert "needs torchaudio's extension" in result.stdout
