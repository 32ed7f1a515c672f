"""``forensic models``: which models are installed, whether they are whole, and models made from public checkpoints."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forensic.errors import ForensicError, ModelError
from forensic.likelihood_ratio.population import CARD as POPULATION_CARD
from forensic.likelihood_ratio.population import load_population
from forensic.speaker.backend import load_backend
from forensic.storage.cards import CARD, named_file, read_card
from forensic.storage.shipped import shipped
from forensic.training.model_folder import save_model
from forensic.training.speaker.teacher import import_ge2e

_GRAPHS = ("graph", "encoder", "decider")  # tables of a card that name one


@dataclass(frozen=True, slots=True)
class ModelState:
    """One model folder.

    Attributes:
        folder: the model folder.
        card: its card; empty if that cannot be read.
        speakers: of its reference population; 0 if it has none.
        problem: why it cannot be used; empty if every hash is right.
    """

    folder: Path
    card: dict[str, Any]
    speakers: int
    problem: str


def find_models(folders: Iterable[Path] = ()) -> list[ModelState]:
    """Every bundled model, and those of other folders, each checked.

    Args:
        folders: model folders, or folders that hold some.
    """
    found: list[Path] = []
    for root in (shipped("models"), *folders):
        candidates = [root, *sorted(path for path in root.iterdir() if path.is_dir())] if root.is_dir() else []
        found += [path for path in candidates if (path / CARD).is_file()]
    return [examine_model(path) for path in dict.fromkeys(found)]


def examine_model(folder: Path) -> ModelState:
    """Read a model's card, and check every file that it names against its hash."""
    card: dict[str, Any] = {}
    try:
        card = read_card(folder)
        for table in [name for name in ("weights", *_GRAPHS, "table") if name in card] or ["weights"]:
            named_file(folder, card, table)
        load_backend(folder, card)
        speakers = 0
        if (folder / POPULATION_CARD).exists():
            speakers = load_population(folder, card["weights"]["sha256"]).card.speakers
    except ForensicError as error:
        return ModelState(folder, card, 0, str(error))
    return ModelState(folder, card, speakers, "")


def named_model(name: str, folders: Iterable[Path] = ()) -> ModelState:
    """A model by its name, or by its folder.

    Raises:
        ModelError: if there is none, with the names of those that there are.
    """
    if (Path(name) / CARD).is_file():
        return examine_model(Path(name))
    models = find_models(folders)
    for state in models:
        if name in {state.card.get("name"), state.folder.name}:
            return state
    names = ", ".join(state.folder.name for state in models)
    raise ModelError(f"There is no model {name!r}.", f"Name a folder, or one of {names}.")


def import_checkpoint(checkpoint: Path, out: Path, name: str, licence: str, data: str) -> Path:
    """Make a model folder from a public GE2E checkpoint.

    Raises:
        TrainingError: if the file holds no such network.
        ModelError: if ``out`` exists already.
    """
    if out.exists() and any(out.iterdir()):
        raise ModelError(f"{out} is there already.", "Name a new folder with --out.")
    network = import_ge2e(checkpoint)
    sha256 = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    facts = {"name": name, "task": "speaker", "licence": licence, "data": data}
    save_model(out, network, facts, {"imported": {"file": checkpoint.name, "sha256": sha256}})
    return out
