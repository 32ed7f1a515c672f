"""The ``forensic`` command."""

import errno
import os
import sys
from typing import Annotated

import typer

import forensic
from forensic.cli import (
    audit,
    calibrate,
    compare,
    demo,
    doctor,
    identify,
    language,
    link,
    report,
    scan,
    seal,
    settings,
    train,
    turns,
    validate,
    verify,
)
from forensic.cli.help import Commands
from forensic.cli.models import models_app
from forensic.cli.population import population_app
from forensic.cli.terminal import complain
from forensic.errors import ForensicError

_OF_THE_DISK = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.ESTALE, errno.EACCES, errno.EPERM}
)
"""Errors of the operating system that are no bugs."""

_CASEWORK = "Casework"
_QUESTIONS = "Single questions"
_QUALITY = "Validation and calibration"
_INSTALLATION = "Models and this installation"

app = Commands(
    name="forensic",
    help="Forensic voice comparison: from folders of recordings to calibrated likelihood ratios and a report.",
    no_args_is_help=True,
)
app.command("scan", rich_help_panel=_CASEWORK)(scan.scan_command)
app.command("turns", rich_help_panel=_CASEWORK)(turns.turns_command)
app.command("compare", rich_help_panel=_CASEWORK)(compare.compare_command)
app.command("link", rich_help_panel=_CASEWORK)(link.link_command)
app.command("report", rich_help_panel=_CASEWORK)(report.report_command)
app.command("seal", rich_help_panel=_CASEWORK)(seal.seal_command)
app.command("identify", rich_help_panel=_QUESTIONS)(identify.identify_command)
app.command("verify", rich_help_panel=_QUESTIONS)(verify.verify_command)
app.command("language", rich_help_panel=_QUESTIONS)(language.language_command)
app.command("calibrate", rich_help_panel=_QUALITY)(calibrate.calibrate_command)
app.command("validate", rich_help_panel=_QUALITY)(validate.validate_command)
app.add_typer(population_app, name="population", rich_help_panel=_QUALITY)
app.command("audit", rich_help_panel=_QUALITY)(audit.audit_command)
app.add_typer(seal.keys_app, name="keys", rich_help_panel=_INSTALLATION)
app.add_typer(models_app, name="models", rich_help_panel=_INSTALLATION)
app.command("demo", rich_help_panel=_INSTALLATION)(demo.demo_command)
app.command("doctor", rich_help_panel=_INSTALLATION)(doctor.doctor_command)
app.command("settings", rich_help_panel=_INSTALLATION)(settings.settings_command)
app.command("train", rich_help_panel=_INSTALLATION)(train.train_command)


_COMPLETING = "_FORENSIC_COMPLETE"
"""What a shell sets to ask what may come next."""


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"forensic {forensic.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and stop.",
            callback=lambda v: _print_version(wanted=v),
            is_eager=True,
        ),
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run the command; an error that the user can correct becomes two lines on stderr and exit code 1."""
    os.umask(0o077)  # until the settings say otherwise, what is written is for its owner alone
    if _COMPLETING in os.environ:  # a shell takes each line as a candidate, so that no help may be broken into lines
        os.environ["COLUMNS"] = "10000"
    try:
        app(prog_name="forensic")
    except ForensicError as error:
        complain(error)
        sys.exit(1)
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            raise
        where = f" {error.filename}" if error.filename else ""
        complain(
            ForensicError(
                f"The disk refused to read or write{where}: {error.strerror}.",
                "Free some space or check the disk and its permissions, then run the same command again.",
            )
        )
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("Stopped. Run the same command again to continue.", err=True)
        sys.exit(130)
