"""The settings of a training run, from one TOML file."""

from dataclasses import dataclass, field
from pathlib import Path

from forensic.errors import SettingsError
from forensic.settings import read_settings

BACKENDS = ("cosine", "centred", "wccn", "lda", "plda")
"""What a score can be, the simplest first."""


@dataclass(frozen=True, slots=True)
class DataSettings:
    """What is trained on.

    Attributes:
        manifest: CSV with the columns path (relative to the file), speaker (empty: unlabelled) and, where there are
            several, corpus and split.
        splits: rows of these splits are used; empty takes all.
        noise: folder of noise recordings, relative to the manifest's; empty uses none.
        rooms: folder of impulse responses, the same.
        development_share: share of the labelled people who are kept out of training and measured on.
        development_corpora: corpora all of whose people are kept out, so that a gain on one corpus alone shows.
        limit: at most so many pieces of speech; 0 takes all.
    """

    manifest: str = ""
    splits: tuple[str, ...] = ("train", "unlabelled")
    noise: str = "noise"
    rooms: str = "rooms"
    development_share: float = 0.05
    development_corpora: tuple[str, ...] = ()
    limit: int = 0


@dataclass(frozen=True, slots=True)
class AugmentationSettings:
    """How speech is prepared and degraded before the first step; the results are cached.

    Attributes:
        piece_s: recordings of one person are joined up to this length.
        min_piece_s: shorter pieces are left out.
        versions: degraded versions of each piece.
        speeds: each person's speech is used once more at one of these speeds, its pitch and formants moved with it, as
            that of another person; none uses no other speed.
        seed: of every channel that is drawn.
    """

    piece_s: float = 9.0
    min_piece_s: float = 1.5
    versions: int = 3
    speeds: tuple[float, ...] = ()
    seed: int = 1


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """What the trained network has beyond the one that it starts from; see ``Architecture``.

    Attributes:
        hidden_size: LSTM cells per layer; 0 takes as many as the network started from.
        log_bands: adds relative logarithms of the bands to what it sees.
        pooling: "last", "statistics" or "attention"; empty takes that of the network started from.
    """

    hidden_size: int = 0
    log_bands: bool = False
    pooling: str = ""


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """How the network learns.

    Attributes:
        init: "ge2e" starts from the public GE2E weights (needs the package Resemblyzer), "random" from none, anything
            else is the path of a model folder.
        teacher: embeds the clean pieces, named like ``init``; empty takes the network started from.
        steps: batches.
        batch: crops per batch.
        pieces_per_person: crops of one person in a batch, each of a piece and version drawn at random.
        min_crop_frames: shortest crop, in frames of 10 ms; crops of one batch are of one length.
        max_crop_frames: longest crop.
        learning_rate: highest of the one-cycle schedule.
        weight_decay: of AdamW.
        cosine_weight: of 1 - cosine to the target, what the teacher makes of the clean speech.
        similarity_weight: of the squared error of the batch's similarity matrix against the targets'.
        margin_weight: of the additive-margin softmax over the labelled people.
        ge2e_weight: of the generalised end-to-end loss within the batch; needs two pieces per person or more.
        margin: of that additive-margin softmax.
        scale: of both softmaxes.
        crop_share: part of a target that is the teacher's embedding of the same crop, clean; the rest is that of the
            whole piece. At 1 a network that starts as the teacher has nothing to learn from clean speech, so it keeps
            what the teacher knows; at 0 the teacher need not run during training.
        person_share: of a labelled piece's target, the part that is the mean of all pieces of its person.
        level_jitter_db: standard deviation of a crop's level.
        clean_share: share of the crops that are not degraded.
        recolour_share: share of the crops whose bands are weighted as by another microphone or line.
        overlay_share: share of the crops with another of the batch in their background.
        evaluate_every: steps between evaluations, each with a checkpoint.
        patience: evaluations without a better development Cllr_min after which the run stops; 0 never stops early.
        average_last: share of the run whose weights are averaged at the end; 0 keeps the last.
        seed: of initialisation and every draw.
    """

    init: str = "ge2e"
    teacher: str = ""
    steps: int = 2600
    batch: int = 80
    pieces_per_person: int = 1
    min_crop_frames: int = 100
    max_crop_frames: int = 260
    learning_rate: float = 5e-4
    weight_decay: float = 1e-3
    cosine_weight: float = 5.0
    similarity_weight: float = 10.0
    margin_weight: float = 0.2
    ge2e_weight: float = 0.0
    margin: float = 0.15
    scale: float = 20.0
    crop_share: float = 0.0
    person_share: float = 0.0
    level_jitter_db: float = 3.0
    clean_share: float = 0.15
    recolour_share: float = 0.0
    overlay_share: float = 0.0
    evaluate_every: int = 200
    patience: int = 0
    average_last: float = 0.1
    seed: int = 1


@dataclass(frozen=True, slots=True)
class BackendSettings:
    """How the score of two embeddings is chosen: candidates fitted on training people, measured on development people.

    Attributes:
        candidates: what may be chosen, of "cosine" (which always may), "centred", "wccn", "lda" and "plda".
        lda_dimensions: dimensions that LDA keeps, and PLDA after it.
        shrinkage: of the within-speaker covariance towards a multiple of the identity, more than 0, at most 1.
        cohort: training people whose embeddings normalise scores; 0 measures no normalised score.
        top: how many of them, those that score highest, enter a recording's normalisation.
        shares: of the mean score with a smaller top, ``nearest``, that may be subtracted alone, instead of the whole
            normalisation.
        nearest: see there.
        windows: at most so many windows of training speech are embedded.
        margin: how much lower Cllr_min must be, in bits, for a score to be chosen over a simpler one.
        seed: of the choice of speech and cohort.
    """

    candidates: tuple[str, ...] = ("cosine", "centred", "wccn", "lda", "plda")
    lda_dimensions: tuple[int, ...] = (100, 150, 200)
    shrinkage: tuple[float, ...] = (0.1, 0.5)
    cohort: int = 600
    top: int = 40
    shares: tuple[float, ...] = (0.75,)
    nearest: int = 10
    windows: int = 6000
    margin: float = 0.02
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse at once what would otherwise fail after the training.

        Raises:
            SettingsError: if a candidate is unknown or a value out of range.
        """
        if unknown := set(self.candidates) - set(BACKENDS):
            raise SettingsError(
                f"backend.candidates: {', '.join(sorted(unknown))} is unknown.", f"Use some of {', '.join(BACKENDS)}."
            )
        if not all(0 < value <= 1 for value in self.shrinkage):
            raise SettingsError("backend.shrinkage must be more than 0 and at most 1.", "Use, say, [0.1, 0.5].")
        if not all(0 < value <= 1 for value in self.shares):
            raise SettingsError("backend.shares must be more than 0 and at most 1.", "Use, say, [0.5, 0.75].")
        fewest = min(self.top, self.nearest)
        if min(self.lda_dimensions, default=1) < 1 or fewest < 2 or self.cohort < 0 or self.windows < 1:  # noqa: PLR2004 - a spread
            raise SettingsError(
                "backend: a number is too small.",
                "Use 1 or more lda_dimensions and windows, and a top and nearest of 2 or more.",
            )


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """All of them."""

    data: DataSettings = field(default_factory=DataSettings)
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    learning: LearningSettings = field(default_factory=LearningSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    backend: BackendSettings = field(default_factory=BackendSettings)


def load_training_settings(path: Path) -> TrainingSettings:
    """Read a training configuration.

    Raises:
        SettingsError: if the file cannot be read, is no TOML, or names an unknown setting or a wrong value.
    """
    return read_settings(TrainingSettings, path)
