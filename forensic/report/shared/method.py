"""The method: what computed the results, in full, and every setting."""

import dataclasses
import re

from forensic.comparison.method import Method
from forensic.report.shared.content import Fact, SettingsTable
from forensic.report.shared.envelope import envelope_in_words
from forensic.report.shared.formats import NO_BREAK, format_duration, paragraphs, printable
from forensic.report.shared.title_page import software
from forensic.settings import Settings

_CORPUS_RUN = re.compile(r"([\w.-]+) \([^()]*\) \d+(?:, \1 \([^()]*\) \d+)+")
_LANGUAGE = re.compile(r"\(([^()]*)\) (\d+)")


def describe_system(method: Method) -> tuple[Fact, ...]:
    """Program, model, seeds, command and machine, so that another laboratory can compute the results again."""
    versions = [f"{printable(name)}{NO_BREAK}{printable(version)}" for name, version in method.libraries.items()]
    seeds = [f"{printable(name)}: {seed}" for name, seed in method.seeds.items()]
    return (
        Fact("Software", software(method)),
        Fact("Model", printable(method.model_name)),
        Fact("Model, SHA-256", printable(method.model_sha256)),
        Fact("Model, licence", printable(method.model_licence) or "not stated"),
        Fact("Model, training data", " ".join(paragraphs(method.model_training_data)) or "not stated"),
        Fact("Model, started from", " ".join(paragraphs(method.model_started_from)) or "not stated"),
        Fact("Model, teachers", " ".join(paragraphs(method.model_teachers)) or "not stated"),
        Fact("Score", printable(method.score)),
        Fact("Score, identity", printable(method.score_identity)),
        *_second(method),
        Fact("Reference population", corpora_together(printable(method.population)) or "not stated"),
        Fact("Reference population, SHA-256", printable(method.population_sha256) or "not stated"),
        Fact("Validated envelope", envelope_in_words(method.envelope) if method.envelope else "not stated"),
        Fact("Validated envelope, SHA-256", (method.envelope.sha256 if method.envelope else "") or "not stated"),
        Fact("Settings, SHA-256", printable(method.settings_sha256)),
        Fact("Release, SHA-256", printable(method.release_sha256) or "not stated"),
        Fact("Audit log before this report, SHA-256", printable(method.audit_head) or "none was kept"),
        Fact("Seeds", ", ".join(seeds) or "none"),
        Fact("Command", printable(method.command_line)),
        Fact("Duration", format_duration(method.duration_s)),
        Fact("Hardware", printable(method.hardware)),
        Fact("Operating system", printable(method.operating_system)),
        Fact("Python", printable(method.python_version)),
        Fact("Libraries", ", ".join(versions) or "not stated"),
    )


def _second(method: Method) -> tuple[Fact, ...]:
    """The second model, where there is one."""
    if method.second is None:
        return ()
    card = method.second
    return (
        Fact("Second model", printable(card.identity.name)),
        Fact("Second model, SHA-256", printable(card.identity.sha256)),
        Fact("Second model, licence", printable(card.licence)),
        Fact("Second model, training data", " ".join(paragraphs(card.data)) or "not stated"),
        Fact("Second score", "Cosine of its embeddings of both sides."),
    )


def list_settings(settings: Settings) -> tuple[SettingsTable, ...]:
    """Every setting in force, one table per step."""
    return tuple(
        SettingsTable(step, tuple(Fact(name, _setting(value)) for name, value in values.items()))
        for step, values in dataclasses.asdict(settings).items()
    )


def corpora_together(text: str) -> str:
    """Counts of people by corpus and language in a text, each corpus named once.

    >>> corpora_together("common-voice (de) 1, common-voice (en) 22, alphanumeric 30.")
    'common-voice (de 1, en 22), alphanumeric 30.'
    """
    return _CORPUS_RUN.sub(lambda run: f"{run[1]} ({', '.join(map(' '.join, _LANGUAGE.findall(run[0])))})", text)


def _setting(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return printable(str(value)) or "not set"
