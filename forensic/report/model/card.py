"""A model's card for people, from its card for machines and the record of its training."""

import math
from collections.abc import Mapping
from typing import Any

from forensic.report.shared.render import environment


def render_model_card(card: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """What a model is, what it was trained on and how well it does.

    Args:
        card: the content of ``card.toml``.
        record: the content of ``training.json``.

    Returns:
        Markdown.
    """
    measured = [result["conditions"] for result in record["development"] if result["conditions"]]
    first, last = (measured[0], measured[-1]) if measured else ([], [])
    text: str = (
        environment(escape=False)
        .get_template("model_card.md.j2")
        .render(card=card, record=record, first=first, last=last)
    )
    return text


def render_recognition_card(card: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """The same for a model of languages or accents.

    Args:
        card: the content of ``card.toml``.
        record: the content of ``training.json``.

    Returns:
        Markdown.
    """
    text: str = (
        environment(escape=False)
        .get_template("recognition_card.md.j2")
        .render(
            card=card,
            record=record,
            last=record["development"][-1]["conditions"],
            guessing=math.log(len(card["classes"])),
        )
    )
    return text
