"""Embeds waveforms with Resemblyzer as its authors intend; runs in the peer's own Python.

    python _peer_embed.py JOBS.json

The jobs are a list of ``{"audio": file.npy of int16 samples, "pieces": [[start, stop], ...], "out": file.npz}``,
with ``"gain_db"`` where the samples are to be heard louder or softer. Each ``out`` holds ``embeddings``, shape
(pieces, 256), and ``is_fallback``, shape (pieces,): whether the peer's own speech detection left nothing, so that the
piece was only brought to its volume. With ``"keep_wavs": true`` it also holds the preprocessed waveforms, ``wav_0``,
``wav_1`` ...
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from resemblyzer import VoiceEncoder, normalize_volume, preprocess_wav  # type: ignore[import-not-found]

_SAMPLE_RATE_HZ = 16_000
_VOLUME_DBFS = -30  # as in resemblyzer.hparams


def main() -> None:
    """Do every job."""
    torch.set_num_threads(1)
    encoder = VoiceEncoder("cpu", verbose=False)
    for job in json.loads(Path(sys.argv[1]).read_text()):
        samples = np.load(job["audio"], mmap_mode="r")
        embeddings, is_fallback, wavs = [], [], {}
        for index, (start, stop) in enumerate(job["pieces"]):
            gain = np.float32(10 ** (job.get("gain_db", 0.0) / 20))
            given = np.clip(samples[start:stop].astype(np.float32) / 32767 * gain, -1.0, 1.0)
            wav = preprocess_wav(given, source_sr=_SAMPLE_RATE_HZ)
            is_fallback.append(len(wav) == 0)
            if len(wav) == 0:
                wav = normalize_volume(given, _VOLUME_DBFS, increase_only=True)
            embeddings.append(encoder.embed_utterance(wav))
            if job.get("keep_wavs"):
                wavs[f"wav_{index}"] = wav
        if not np.isfinite(embeddings).all():
            sys.exit(f"{job['audio']}: an embedding is not a number.")
        out = Path(job["out"])
        temporary = out.with_name(f".{out.name}")
        with temporary.open("wb") as file:
            np.savez(file, embeddings=np.array(embeddings), is_fallback=np.array(is_fallback), **wavs)
        temporary.rename(out)


if __name__ == "__main__":
    main()
