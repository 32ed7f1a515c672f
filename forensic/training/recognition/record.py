"""What a training of languages or accents records beside what every run does."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import polars as pl

from forensic.training.recognition.decision import Validation
from forensic.training.recognition.development import RecognitionResult


def classes_of(index: pl.DataFrame) -> list[dict[str, Any]]:
    """People and minutes of speech by class, in all and kept out of training.

    Args:
        index: of the feature cache.
    """
    minutes = pl.col("frames") / 6000
    return (
        index.group_by("label")
        .agg(
            pl.col("speaker").n_unique().alias("people"),
            minutes.sum().alias("speech_min"),
            pl.col("speaker").filter("is_development").n_unique().alias("development_people"),
            minutes.filter("is_development").sum().alias("development_speech_min"),
        )
        .sort("label")
        .to_dicts()
    )


def people_by_class(rows: pl.DataFrame) -> dict[str, int]:
    """How many people there are of each class.

    Args:
        rows: of the manifest, with columns label, corpus and speaker.
    """
    counted = rows.group_by("label").agg(pl.struct("corpus", "speaker").n_unique().alias("people")).sort("label")
    return {str(label): int(people) for label, people in counted.iter_rows()}


def shares_right(result: RecognitionResult) -> dict[str, object]:
    """The card's account of the shares of development people that were classified correctly."""
    figures: dict[str, object] = {"step": result.step}
    for each in result.conditions:
        key = each.condition.replace(", ", "_").replace(" s", "s")
        figures |= {
            f"{key}_top1": 1 - each.error,
            f"{key}_top5": 1 - each.error_of_five,
            f"{key}_trials": each.trials,
        }
    return figures


def told_by_corpus(rows: pl.DataFrame) -> set[str]:
    """Classes all of whose recordings are of corpora that hold no other class.

    What distinguishes them may be the corpus, its room and its microphones: errors on its own people say nothing about
    others.
    """
    alone = rows.group_by("corpus").agg(pl.col("label").n_unique() == 1).filter("label")["corpus"]
    if rows["corpus"].n_unique() == 1:
        return set()
    by_label = rows.group_by("label").agg(pl.col("corpus").is_in(alone.to_list()).all())
    return set(by_label.filter("corpus")["label"])


def without_classes(validation: Validation, classes: set[str]) -> Validation:
    """The validation without the errors of some classes, which it could not measure."""
    error = {name: value for name, value in validation.decision.error.items() if name not in classes}
    return dataclasses.replace(validation, decision=dataclasses.replace(validation.decision, error=error))


def errors_on_the_way(record: Mapping[str, Any]) -> list[tuple[str, list[float]]]:
    """Errors by condition at each measurement.

    The last measurement is left out: it is at other lengths, of the weights as they are kept.
    """
    measured = [result["conditions"] for result in record["development"][:-1]]
    return [
        (conditions[0]["condition"], [each["error"] for each in conditions])
        for conditions in zip(*measured, strict=True)
    ]
