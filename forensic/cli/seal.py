"""``forensic keys`` and ``forensic seal``."""

from pathlib import Path
from typing import Annotated

import typer

from forensic.cli.help import Commands
from forensic.cli.options import JsonOption
from forensic.cli.terminal import console, print_json, shown, shown_path
from forensic.storage.keys import asked_passphrase

keys_app = Commands(help="Make the keys that sign results.", no_args_is_help=True)


@keys_app.command("new")
def new_command(
    out: Annotated[
        Path, typer.Option(help="New file of the private key; the public key's name ends with .pub.")
    ] = Path("forensic.key"),
    *,
    as_json: JsonOption = False,
) -> None:
    """Make a pair of Ed25519 keys; the private one is encrypted with a passphrase that is asked for.

    The environment variable FORENSIC_PASSPHRASE gives the passphrase where nobody can type it.
    """
    import getpass
    import os

    from forensic.errors import SealError
    from forensic.workflows.seal import new_keys

    passphrase = asked_passphrase()
    if "FORENSIC_PASSPHRASE" not in os.environ and getpass.getpass("Again: ") != passphrase:
        raise SealError("The two passphrases differ.", "Run the command again.")
    public, fingerprint = new_keys(out, passphrase)
    if as_json:
        print_json({"private": str(out), "public": str(public), "fingerprint": fingerprint})
    console.print(f"Private key: {shown_path(out)} (keep it, and a copy of it, to yourself)")
    console.print(f"Public key:  {shown_path(public)} (give it to whoever verifies)")
    console.print(f"Fingerprint: {fingerprint}")


def seal_command(
    results: Annotated[
        Path,
        typer.Argument(
            help="Folder of results: CASE/comparisons/ID, CASE/links/ID, or the folder of a validation or calibration."
        ),
    ],
    key: Annotated[Path, typer.Option(help="File of your private key, made by `forensic keys new`.")],
    certificate: Annotated[
        Path | None,
        typer.Option(
            help="PKCS #12 file of your certificate: also sign a copy of the report as PAdES. Default: no copy."
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Sign report, results and the head of the audit log, so that anyone with your public key can verify them.

    Verify with `forensic audit --verify REPORT.pdf --key YOURS.pub`; the seal travels beside the report.
    """
    from forensic.workflows.seal import Certificate, seal

    wanted = None if certificate is None else Certificate(certificate, _passphrase_of_certificate)
    made, signed = seal(results, key, asked_passphrase, wanted)
    if as_json:
        print_json({"seal": str(made), "signed_report": str(signed) if signed else None})
    console.print(f"Seal: {shown_path(made)}")
    if signed is not None:
        console.print(f"Signed report: {shown(signed.name)}")


def _passphrase_of_certificate() -> str:
    import getpass
    import os

    given = os.environ.get("FORENSIC_CERTIFICATE_PASSPHRASE")
    return getpass.getpass("Passphrase of the certificate: ") if given is None else given
