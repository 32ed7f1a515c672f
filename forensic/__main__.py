"""``python -m forensic``: the command."""

from forensic.cli.app import main

if __name__ == "__main__":
    main()
