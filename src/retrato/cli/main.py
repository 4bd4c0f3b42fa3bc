"""The command `retrato`. Commands load what they need when they run, so that help is instant."""

import io
import sys
from importlib import import_module

import click

from retrato import __version__
from retrato.cli.text import shown
from retrato.errors import RetratoError

COMMANDS = {
    "restore": "Restore the faces in photos.",
    "degrade": "Make pictures bad, as training does.",
    "evaluate": "Measure restorers and generators on faces that they have not seen.",
    "compare": "Put restorers side by side, with baselines.",
    "prepare": "Cut the faces out of photos, to train on.",
    "train": "Train a recipe on a folder of faces.",
    "generate": "Draw faces with a trained prior.",
    "guess": "Search a prior for faces that match a small one.",
    "translate": "Turn pictures into others, such as drawings into faces.",
    "minmax": "Watch forger and police play on points.",
    "weights": "List, download, verify and convert weights.",
    "export": "Write a model as one file that other programs run.",
}
"""Command and its short help; each stands in a module of its own name."""


class LazyGroup(click.Group):
    """Loads a command's module when it is asked for, not to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All names, in the order people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, loaded."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"retrato.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="retrato")
def retrato() -> None:
    """Restores faces in old, blurred, noisy and compressed photographs.

    Restored pixels are a model's guesses, not a record of how a person looked.
    """


def main() -> None:
    """Run the command; what retrato refuses is one line on standard error and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file name that cannot be shown must not end the work
            stream.reconfigure(errors="backslashreplace")
    try:
        retrato()
    except RetratoError as error:
        click.echo(f"retrato: {shown(error)}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
