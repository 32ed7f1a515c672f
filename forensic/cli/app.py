"""The ``forensic`` command."""

import errno
import sys
from typing import Annotated

import typer

import forensic
from forensic.cli import calibrate, compare, identify, language, link, scan, train, validate, verify
from forensic.cli.models import models_app
from forensic.cli.population import population_app
from forensic.cli.terminal import complain
from forensic.errors import ForensicError

_OF_THE_DISK = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.ESTALE, errno.EACCES, errno.EPERM}
)
"""Errors of the operating system that are no bugs."""

app = typer.Typer(
    name="forensic",
    help="Forensic voice comparison: from folders of recordings to calibrated likelihood ratios and a report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a bug keeps its plain traceback
    rich_markup_mode=None,  # help text is plain text
)
app.command("scan")(scan.scan_command)
app.command("compare")(compare.compare_command)
app.command("identify")(identify.identify_command)
app.command("verify")(verify.verify_command)
app.command("link")(link.link_command)
app.command("calibrate")(calibrate.calibrate_command)
app.command("validate")(validate.validate_command)
app.command("language")(language.language_command)
app.command("train")(train.train_command)
app.add_typer(population_app, name="population")
app.add_typer(models_app, name="models")


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
    try:
        app()
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
