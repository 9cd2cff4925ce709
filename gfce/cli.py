"""The command `gfce`: one subcommand a step. Each parses its arguments and calls one function."""

from __future__ import annotations

import argparse
import logging
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from gfce import __version__
from gfce.commands import COMMANDS, CONFIG, INIT, WORKERS, Command, argument
from gfce.config import StudyConfig, load_config
from gfce.errors import ERROR, Interrupted, UserError
from gfce.exchange.commands import EXCHANGE_COMMANDS
from gfce.files import sha256
from gfce.provenance.owner import claim
from gfce.provenance.performing import perform
from gfce.provenance.state import Provenance
from gfce.steps import STEPS, WHOLE, Step, Task
from gfce.steps.step import Work
from gfce.study import Results
from gfce.watching.commands import WATCHING_COMMANDS
from gfce.watching.logs import without_folders

# What a command does is imported when it is called: only training and prediction pay for torch.


def _do(arguments: argparse.Namespace) -> None:
    """Do a step for whatever the command line names, unless it is done already."""
    step = STEPS[arguments.step]
    config = load_config(arguments.config)
    if step.is_of_dataset:
        step.run(Work(config, WHOLE, Provenance(config), arguments.workers))
        return
    claim(config, arguments.config)
    for what in step.scope.chosen(config, arguments.names):
        _do_one(config, Task(arguments.step, what), arguments)


def _do_one(config: StudyConfig, task: Task, arguments: argparse.Namespace) -> None:
    run, init = STEPS[task.step].run, arguments.init
    initial = sha256(init) if init and init.is_file() else None

    def work(known: Provenance) -> None:
        run(Work(config, task.what, known, arguments.workers, init))

    try:
        perform(config, task, work, initial)
    except Interrupted as interruption:
        print(f"gfce: {interruption}", file=sys.stderr)
        sys.exit(interruption.exit_code)


def _check(arguments: argparse.Namespace) -> None:
    from gfce.cohort.summary import cohort_text

    _do(argparse.Namespace(**{**vars(arguments), "step": "index"}))
    try:
        _do(argparse.Namespace(**{**vars(arguments), "step": "leaks"}))
    finally:
        config = load_config(arguments.config)
        if Results(config).leaks.exists():
            print(cohort_text(config), end="")


def _step_command(step: Step) -> Command:
    arguments, scope = [CONFIG], step.scope
    if scope.argument:
        number: int | str = "*" if scope.several else 1
        metavar = scope.argument.upper()
        arguments.append(argument("names", nargs=number, metavar=metavar, help=scope.help))
    arguments += [WORKERS] * step.has_workers + [INIT] * step.takes_weights
    return Command(_do, step.help, arguments)


ALL_COMMANDS: dict[str, Command] = {
    **{name: _step_command(step) for name, step in STEPS.items()},
    "check": Command(_check, "Check a dataset before anything is trained.", [CONFIG, WORKERS]),
    **COMMANDS,
    **WATCHING_COMMANDS,
    **EXCHANGE_COMMANDS,
}


def parser() -> argparse.ArgumentParser:
    """The command line of every subcommand."""
    top = argparse.ArgumentParser(prog="gfce", description=sys.modules["gfce"].__doc__)
    top.add_argument("--version", action="version", version=f"gfce {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, command in ALL_COMMANDS.items():
        subparser = commands.add_parser(name, help=command.help, description=command.help)
        subparser.set_defaults(run=command.run, step=name, names=[], workers=1, init=None)
        for each in command.arguments:
            subparser.add_argument(*each.names, **each.options)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; a user's mistake is one line on standard error and status 1."""
    arguments = parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="gfce: %(message)s", stream=sys.stderr)
    try:
        arguments.run(arguments)
    except UserError as error:
        print(f"{ERROR}{error}", file=sys.stderr)
        return 1
    except OSError as error:  # a full disk, a folder without permission
        print(f"{ERROR}{_plainly(error)}", file=sys.stderr)
        return 1
    except Exception:  # a bug: its traceback is for whoever mends it
        print(without_folders(traceback.format_exc()), end="", file=sys.stderr)
        return 1
    return 0


def _plainly(error: OSError) -> str:
    """What is wrong with which file; the system does not always say which.

    Of a file outside the project the name alone, because logs are passed on.
    """
    if not isinstance(error.filename, str):
        return error.strerror or str(error)
    path, here = Path(error.filename).absolute(), Path.cwd()
    shown = path.relative_to(here) if path.is_relative_to(here) else path.name
    return f"{shown}: {error.strerror}"


if __name__ == "__main__":
    sys.exit(main())
