"""The shape of a speaker network."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, get_args

from msgspec import Meta

from forensic.errors import SettingsError

Pooling: TypeAlias = Literal["last", "statistics", "attention"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
Size = Annotated[int, Meta(ge=1, le=8192)]


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of a network.

    Attributes:
        mel_bands: size of a frame.
        hidden_size: LSTM cells per layer.
        layers: LSTM layers.
        embedding_size: dimensions of the embedding.
        rectified: whether a ReLU precedes the normalisation, as in the public GE2E network.
        log_bands: whether the network also sees the logarithm of each band less its mean over the window, which no line
            or microphone changes.
        pooling: "last" maps the top layer's last state; "statistics" adds a map of the mean and standard deviation of
            its states, "attention" the same with learnt weights of the states.
        second_size: of the embedding's dimensions, the last ones that a second head makes, learnt from another teacher
            and never rectified; 0 for one head. Each head's part has the same length, so the cosine of two embeddings
            is the mean of both heads' cosines.
        halved_from: the LSTM layer, 1 for the lowest, from which on a step is 20 ms instead of 10: it takes the mean of
            two states of the layer below (or frames), at half the arithmetic; 0 for none.
    """

    mel_bands: Size = 40
    hidden_size: Size = 256
    layers: Size = 3
    embedding_size: Size = 256
    rectified: bool = True
    log_bands: bool = False
    pooling: Pooling = "last"
    second_size: Annotated[int, Meta(ge=0, le=8192)] = 0
    halved_from: Annotated[int, Meta(ge=0, le=8192)] = 0

    def __post_init__(self) -> None:
        if self.pooling not in POOLINGS:
            raise SettingsError(f"Unknown pooling {self.pooling!r}.", f"Use one of {', '.join(POOLINGS)}.")
        if self.second_size and not (0 < self.second_size < self.embedding_size and self.pooling == "statistics"):
            raise SettingsError(
                f"A second head of {self.second_size} dimensions does not fit an embedding of {self.embedding_size} "
                f"with the pooling {self.pooling!r}.",
                'Give it fewer dimensions than the embedding, and use the pooling "statistics".',
            )
        if self.halved_from > self.layers:
            raise SettingsError(
                f"A network of {self.layers} layers has none to be halved from layer {self.halved_from}.",
                "Name one of its layers, or 0 for none.",
            )

    def step_frames(self, layer: int) -> int:
        """Frames of 10 ms in a step of an LSTM layer, 1 for the lowest."""
        return 2 if 0 < self.halved_from <= layer else 1
