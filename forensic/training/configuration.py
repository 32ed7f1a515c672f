"""The settings of a training run, from one TOML file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, get_args

from msgspec import Meta

from forensic.settings import Seed, Share, read_settings

BackendName: TypeAlias = Literal["cosine", "centred", "wccn", "lda", "plda"]
BACKENDS: tuple[BackendName, ...] = get_args(BackendName)
"""What a score can be, the simplest first."""

Positive = Annotated[int, Meta(ge=1, le=10_000_000)]
CountOrNone = Annotated[int, Meta(ge=0, le=10_000_000)]
"""A number of things, where 0 has a meaning of its own."""

Weight = Annotated[float, Meta(ge=0, le=1000)]
"""Of one loss among others."""

Rate = Annotated[float, Meta(gt=0, le=1)]
"""The highest step of an optimizer."""

CropFrames = Annotated[int, Meta(ge=10, le=3000)]
PositiveShare = Annotated[float, Meta(gt=0, le=1)]
DevelopmentShare = Annotated[float, Meta(ge=0, lt=1)]
PieceSeconds = Annotated[float, Meta(gt=0, le=600)]
Speed = Annotated[float, Meta(ge=0.5, le=2)]
SpreadOfSome = Annotated[int, Meta(ge=2, le=10_000_000)]
"""A number of scores that have a standard deviation."""


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
    development_share: DevelopmentShare = 0.05
    development_corpora: tuple[str, ...] = ()
    limit: CountOrNone = 0


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

    piece_s: PieceSeconds = 9.0
    min_piece_s: PieceSeconds = 1.5
    versions: Annotated[int, Meta(ge=0, le=100)] = 3
    speeds: tuple[Speed, ...] = ()
    seed: Seed = 1


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """What the trained network has beyond the one that it starts from; see ``Architecture``.

    Attributes:
        hidden_size: LSTM cells per layer; 0 takes as many as the network started from.
        log_bands: adds relative logarithms of the bands to what it sees.
        pooling: "last", "statistics" or "attention"; empty takes that of the network started from.
        halved_from: the LSTM layer from which on a step is 20 ms; 0 takes that of the network started from.
    """

    hidden_size: Annotated[int, Meta(ge=0, le=8192)] = 0
    log_bands: bool = False
    pooling: Literal["", "last", "statistics", "attention"] = ""
    halved_from: CountOrNone = 0


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """How the network learns.

    Attributes:
        init: "ge2e" starts from the public GE2E weights (needs the package Resemblyzer), "random" from none, anything
            else is the path of a model folder.
        teacher: embeds the clean pieces, named like ``init``; empty takes the network started from.
        second_teacher: a second model, named like ``second.model``: "campplus", or a folder. The network has a second
            head then, which learns its embeddings of the clean pieces; both heads weigh the same. Needs the pooling
            "statistics".
        steps: batches.
        batch: crops per batch.
        pieces_per_person: crops of one person in a batch, each of a piece and version drawn at random.
        min_crop_frames: shortest crop, in frames of 10 ms; crops of one batch are of one length.
        max_crop_frames: longest crop.
        learning_rate: highest of the one-cycle schedule.
        weight_decay: of AdamW.
        states_weight: of the squared error of the halved layers' states against the teacher's, relative to their
            variance. More than 0 makes the network imitate the teacher at less cost: both hear the same degraded
            crop, the teacher's embedding of it is the target, and layers below the halved ones do not learn.
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
    second_teacher: str = ""
    steps: Positive = 2600
    batch: Annotated[int, Meta(ge=1, le=100_000)] = 80
    pieces_per_person: Annotated[int, Meta(ge=1, le=1000)] = 1
    min_crop_frames: CropFrames = 100
    max_crop_frames: CropFrames = 260
    learning_rate: Rate = 5e-4
    weight_decay: Share = 1e-3
    states_weight: Weight = 0.0
    cosine_weight: Weight = 5.0
    similarity_weight: Weight = 10.0
    margin_weight: Weight = 0.2
    ge2e_weight: Weight = 0.0
    margin: Share = 0.15
    scale: Annotated[float, Meta(gt=0, le=1000)] = 20.0
    crop_share: Share = 0.0
    person_share: Share = 0.0
    level_jitter_db: Annotated[float, Meta(ge=0, le=40)] = 3.0
    clean_share: Share = 0.15
    recolour_share: Share = 0.0
    overlay_share: Share = 0.0
    evaluate_every: Positive = 200
    patience: CountOrNone = 0
    average_last: Share = 0.1
    seed: Seed = 1


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

    candidates: tuple[BackendName, ...] = BACKENDS
    lda_dimensions: tuple[Positive, ...] = (100, 150, 200)
    shrinkage: tuple[PositiveShare, ...] = (0.1, 0.5)
    cohort: CountOrNone = 600
    top: SpreadOfSome = 40
    shares: tuple[PositiveShare, ...] = (0.75,)
    nearest: SpreadOfSome = 10
    windows: Positive = 6000
    margin: Annotated[float, Meta(ge=-100, le=100)] = 0.02
    seed: Seed = 1


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
