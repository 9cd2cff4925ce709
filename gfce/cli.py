"""The command `gfce`: one subcommand a step. Each parses its arguments and calls one function."""

from __future__ import annotations

import argparse
import logging
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gfce import __version__
from gfce.config import StudyConfig, load_config
from gfce.errors import ERROR, Interrupted, UserError
from gfce.files import sha256
from gfce.provenance.owner import claim
from gfce.provenance.performing import perform
from gfce.provenance.state import Provenance
from gfce.steps import STEPS, WHOLE, Step, Task
from gfce.steps.step import Work
from gfce.study import Results
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


def _import(arguments: argparse.Namespace) -> None:
    from gfce.cohort.importing import import_manifest

    import_manifest(arguments.manifest, arguments.output, arguments.mask_label)


def _audit(arguments: argparse.Namespace) -> None:
    from gfce.statistics.audit.step import audit

    print(audit(arguments.folder, arguments.output))


def _plan(arguments: argparse.Namespace) -> None:
    from gfce.planning.calibration import measure_speed
    from gfce.planning.plan import plan
    from gfce.planning.plan_text import plan_json, plan_text

    config = load_config(arguments.config)
    speed = measure_speed(config) if arguments.calibrate else None
    content = plan(config, arguments.gpus, speed)
    print(plan_json(content) if arguments.json else plan_text(content), end="")


def _status(arguments: argparse.Namespace) -> None:
    from gfce.watching.status import status, status_json, status_text

    content = status(load_config(arguments.config))
    print(status_json(content) if arguments.json else status_text(content), end="")


def _import_weights(arguments: argparse.Namespace) -> None:
    from gfce.training.weights import import_weights

    network = import_weights(arguments.weights, arguments.output)
    print(f"{arguments.output}: {network.architecture} of width {network.width}")


def _schema(arguments: argparse.Namespace) -> None:
    if arguments.tables:
        from gfce.contract.markdown import tables_markdown

        print(tables_markdown(), end="")
        return
    from gfce.schema import schema_markdown, schema_text

    print(schema_markdown() if arguments.markdown else schema_text(), end="")


@dataclass(frozen=True)
class Argument:
    """An argument of a subcommand: its names and the options of `add_argument`."""

    names: tuple[str, ...]
    options: Mapping[str, Any]


def _argument(*names: str, **options: Any) -> Argument:
    return Argument(names, options)


def _positive(text: str) -> int:
    """A whole number above 0; argparse says what else is wrong with it."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"give a whole number above 0, not {text[:20]!r}")
    return number


@dataclass(frozen=True)
class Command:
    """A subcommand: what it runs, with what."""

    run: Callable[[argparse.Namespace], None]
    help: str
    arguments: list[Argument]


CONFIG = _argument("config", type=Path, metavar="CONFIG", help="study configuration (YAML)")
WORKERS = _argument("--workers", type=_positive, default=1, help="processes to share the patients")
INIT = _argument("--init", type=Path, metavar="FILE", help="weights to begin with")
JSON = _argument("--json", action="store_true", help="for programs")


def _step_command(step: Step) -> Command:
    arguments, scope = [CONFIG], step.scope
    if scope.argument:
        number: int | str = "*" if scope.several else 1
        metavar = scope.argument.upper()
        arguments.append(_argument("names", nargs=number, metavar=metavar, help=scope.help))
    arguments += [WORKERS] * step.has_workers + [INIT] * step.takes_weights
    return Command(_do, step.help, arguments)


COMMANDS: dict[str, Command] = {
    **{name: _step_command(step) for name, step in STEPS.items()},
    "check": Command(_check, "Check a dataset before anything is trained.", [CONFIG, WORKERS]),
    "import": Command(
        _import,
        "Turn a manifest of images into a BIDS dataset.",
        [
            _argument("manifest", type=Path, metavar="MANIFEST", help="CSV: patient, ..."),
            _argument(
                *("-o", "--output"), type=Path, required=True, metavar="DATASET", help="to write"
            ),
            _argument(
                "--mask-label", type=int, metavar="N", help="the tumour's in masks with several"
            ),
        ],
    ),
    "plan": Command(
        _plan,
        "Say what a study will cost before anything runs.",
        [
            CONFIG,
            JSON,
            _argument("--gpus", type=_positive, default=1, help="GPUs to use at the same time"),
            _argument("--calibrate", action="store_true", help="measure a few training steps here"),
        ],
    ),
    "status": Command(_status, "Show how far every cell of the grid is.", [CONFIG, JSON]),
    "audit": Command(
        _audit,
        "Recompute the derived numbers of published tables.",
        [
            _argument("folder", type=Path, nargs="?", metavar="DIR", help="none: the paper's"),
            _argument("-o", "--output", type=Path, default=Path(), help="folder for audit.csv"),
        ],
    ),
    "import-weights": Command(
        _import_weights,
        "Convert weights of the authors' released code.",
        [
            _argument("weights", type=Path, metavar="FILE.pth", help="their state dict"),
            _argument("-o", "--output", type=Path, required=True, help="safetensors file to write"),
        ],
    ),
    "schema": Command(
        _schema,
        "Print the JSON schema of a study configuration.",
        [
            _argument("--markdown", action="store_true", help="as tables for a reader"),
            _argument("--tables", action="store_true", help="the columns of all results instead"),
        ],
    ),
}


def parser() -> argparse.ArgumentParser:
    """The command line of every subcommand."""
    top = argparse.ArgumentParser(prog="gfce", description=sys.modules["gfce"].__doc__)
    top.add_argument("--version", action="version", version=f"gfce {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.help, description=command.help)
        subparser.set_defaults(run=command.run, step=name, names=[], workers=1, init=None)
        for argument in command.arguments:
            subparser.add_argument(*argument.names, **argument.options)
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
