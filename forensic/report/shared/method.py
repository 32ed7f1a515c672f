"""The method: what computed the results, in full, and every setting."""

import dataclasses
import re

from forensic.comparison.method import Method
from forensic.report.shared.catalogue import _
from forensic.report.shared.content import Fact, SettingsTable
from forensic.report.shared.envelope import envelope_in_words
from forensic.report.shared.formats import NO_BREAK, format_duration, format_number, paragraphs, printable
from forensic.report.shared.noted import noted
from forensic.report.shared.title_page import software
from forensic.settings import Settings
from forensic.speaker.fusion import WEIGHT

_CORPUS_RUN = re.compile(r"([\w.-]+) \([^()]*\) \d+(?:, \1 \([^()]*\) \d+)+")
_LANGUAGE = re.compile(r"\(([^()]*)\) (\d+)")


def describe_system(method: Method) -> tuple[Fact, ...]:
    """Program, model, seeds, command and machine, so that another laboratory can compute the results again."""
    versions = [f"{printable(name)}{NO_BREAK}{printable(version)}" for name, version in method.libraries.items()]
    seeds = [f"{_(name)}: {seed}" for name, seed in method.seeds.items()]
    return (
        Fact(_("Software"), software(method)),
        Fact(_("Model"), printable(method.model_name)),
        Fact(_("Model, SHA-256"), printable(method.model_sha256)),
        Fact(_("Model, licence"), printable(method.model_licence) or _("not stated")),
        Fact(_("Model, training data"), " ".join(paragraphs(_(method.model_training_data))) or _("not stated")),
        Fact(_("Model, started from"), " ".join(paragraphs(_(method.model_started_from))) or _("not stated")),
        Fact(_("Model, teachers"), " ".join(paragraphs(_(method.model_teachers))) or _("not stated")),
        Fact(_("Score"), printable(noted(method.score))),
        Fact(_("Score, identity"), printable(method.score_identity)),
        *_second(method),
        Fact(_("Reference population"), corpora_together(printable(noted(method.population))) or _("not stated")),
        Fact(_("Reference population, SHA-256"), printable(method.population_sha256) or _("not stated")),
        Fact(_("Validated envelope"), envelope_in_words(method.envelope) if method.envelope else _("not stated")),
        Fact(_("Validated envelope, SHA-256"), (method.envelope.sha256 if method.envelope else "") or _("not stated")),
        Fact(_("Settings, SHA-256"), printable(method.settings_sha256)),
        Fact(_("Release, SHA-256"), printable(method.release_sha256) or _("not stated")),
        Fact(_("Audit log before this report, SHA-256"), printable(method.audit_head) or _("none was kept")),
        Fact(_("Seeds"), ", ".join(seeds) or _("none")),
        Fact(_("Command"), printable(method.command_line)),
        Fact(_("Duration"), format_duration(method.duration_s)),
        Fact(_("Hardware"), printable(noted(method.hardware))),
        Fact(_("Operating system"), printable(method.operating_system)),
        Fact(_("Python"), printable(method.python_version)),
        Fact(_("Libraries"), ", ".join(versions) or _("not stated")),
    )


def _second(method: Method) -> tuple[Fact, ...]:
    """The second model, where there is one."""
    if method.second is None:
        return ()
    card = method.second
    return (
        Fact(_("Second model"), printable(card.identity.name)),
        Fact(_("Second model, SHA-256"), printable(card.identity.sha256)),
        Fact(_("Second model, licence"), printable(card.licence)),
        Fact(_("Second model, training data"), " ".join(paragraphs(noted(card.data))) or _("not stated")),
        Fact(
            _("Second score"),
            _(
                "Cosine of its embeddings of both sides, less what channels do to them. "
                "Fused: the first score plus {weight} times the second.",
                weight=format_number(WEIGHT, 1),
            ),
        ),
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
        return _("yes") if value else _("no")
    return printable(str(value)) or _("not set")
