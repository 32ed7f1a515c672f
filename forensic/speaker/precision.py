"""Whether the processor has bfloat16 arithmetic; without it, float32 takes its place."""

from functools import cache

NO_BFLOAT16 = "This processor has no bfloat16 arithmetic: float32 was used in its place."


@cache
def has_bfloat16() -> bool:
    """Whether an LSTM runs in bfloat16 here, asked by running one: libraries disagree on what a processor can do."""
    import torch

    try:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            torch.nn.LSTM(8, 8, batch_first=True)(torch.zeros(1, 2, 8))
    except RuntimeError:
        return False
    return True


def can_autocast(device: str) -> bool:
    """Whether a kind of device ("cpu", "cuda") trains in bfloat16."""
    return device != "cpu" or has_bfloat16()
