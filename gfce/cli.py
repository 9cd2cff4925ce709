"""The command `gfce`: one subcommand a step. Each parses its arguments and calls one function."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gfce import __version__
from gfce.config import load_config
from gfce.errors import ERROR, UserError
from gfce.study import find_cell

# Steps are imported when they are called: only training and prediction pay for torch.


def _simulate(arguments: argparse.Namespace) -> None:
    from gfce.cohort.simulating import simulate

    simulate(load_config(arguments.config), arguments.workers)


def _import(arguments: argparse.Namespace) -> None:
    from gfce.cohort.importing import import_manifest

    import_manifest(arguments.manifest, arguments.output)


def _index(arguments: argparse.Namespace) -> None:
    from gfce.cohort.index import index

    index(load_config(arguments.config), arguments.workers)


def _preprocess(arguments: argparse.Namespace) -> None:
    from gfce.images.preprocess import preprocess

    preprocess(load_config(arguments.config), arguments.institution)


def _train(arguments: argparse.Namespace) -> None:
    from gfce.training import TrainingStopped
    from gfce.training.cell import train_cell

    config = load_config(arguments.config)
    try:
        train_cell(config, find_cell(config, arguments.cell), arguments.init)
    except TrainingStopped as stopped:
        print(f"gfce: {stopped}", file=sys.stderr)
        sys.exit(stopped.exit_code)


def _predict(arguments: argparse.Namespace) -> None:
    from gfce.evaluation.predict import predict

    config = load_config(arguments.config)
    predict(config, find_cell(config, arguments.cell))


def _evaluate(arguments: argparse.Namespace) -> None:
    from gfce.evaluation.evaluate import evaluate

    config = load_config(arguments.config)
    evaluate(config, find_cell(config, arguments.cell))


def _baselines(arguments: argparse.Namespace) -> None:
    from gfce.evaluation.baselines import evaluate_baselines

    evaluate_baselines(load_config(arguments.config))


def _tabulate(arguments: argparse.Namespace) -> None:
    from gfce.statistics import tabulate

    tabulate(load_config(arguments.config))


def _compare(arguments: argparse.Namespace) -> None:
    from gfce.statistics import compare

    compare(load_config(arguments.config))


def _figures(arguments: argparse.Namespace) -> None:
    from gfce.report.figures import figures

    figures(load_config(arguments.config), arguments.figures)


def _audit(arguments: argparse.Namespace) -> None:
    from gfce.statistics import audit

    print(audit(arguments.folder, arguments.output))


def _plan(arguments: argparse.Namespace) -> None:
    from gfce.planning.calibration import measure_speed
    from gfce.planning.plan import plan, plan_json, plan_text

    config = load_config(arguments.config)
    speed = measure_speed(config) if arguments.calibrate else None
    content = plan(config, arguments.gpus, speed)
    print(plan_json(content) if arguments.json else plan_text(content), end="")


def _status(arguments: argparse.Namespace) -> None:
    from gfce.planning.status import status, status_json, status_text

    content = status(load_config(arguments.config))
    print(status_json(content) if arguments.json else status_text(content), end="")


def _import_weights(arguments: argparse.Namespace) -> None:
    from gfce.training.weights import import_weights

    network = import_weights(arguments.weights, arguments.output)
    print(f"{arguments.output}: {network.architecture} of width {network.width}")


def _schema(arguments: argparse.Namespace) -> None:
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


CONFIG = _argument("config", type=Path, metavar="CONFIG", help="study configuration (YAML)")
CELL = _argument("cell", metavar="CELL", help="network/normalization/training_set/seed-N")
WORKERS = _argument("--workers", type=_positive, default=1, help="processes to share the patients")
JSON = _argument("--json", action="store_true", help="for programs")

COMMANDS: list[tuple[str, Callable[[argparse.Namespace], None], str, list[Argument]]] = [
    ("simulate", _simulate, "Write the simulated cohort as a BIDS dataset.", [CONFIG, WORKERS]),
    (
        "import",
        _import,
        "Turn a manifest of images into a BIDS dataset.",
        [
            _argument("manifest", type=Path, metavar="MANIFEST", help="CSV: patient, ..."),
            _argument(
                *("-o", "--output"), type=Path, required=True, metavar="DATASET", help="to write"
            ),
        ],
    ),
    ("index", _index, "Check the dataset; draw the training sets.", [CONFIG, WORKERS]),
    (
        "preprocess",
        _preprocess,
        "Resample an institution's patients to the study's matrix.",
        [CONFIG, _argument("institution", help="as in participants.tsv")],
    ),
    (
        "train",
        _train,
        "Train the model of one cell.",
        [
            CONFIG,
            CELL,
            _argument("--init", type=Path, metavar="FILE", help="weights to begin with"),
        ],
    ),
    ("predict", _predict, "Synthesise CE volumes of a cell's test patients.", [CONFIG, CELL]),
    ("evaluate", _evaluate, "Score a cell's predictions.", [CONFIG, CELL]),
    ("baselines", _baselines, "Score two predictors that learn nothing.", [CONFIG]),
    ("tabulate", _tabulate, "Gather the metrics and write tables 1 to 5.", [CONFIG]),
    ("compare", _compare, "Test differences between models.", [CONFIG]),
    (
        "figures",
        _figures,
        "Draw the figures.",
        [
            CONFIG,
            _argument("figures", nargs="*", metavar="FIGURE", help="figure1, ... (none: all)"),
        ],
    ),
    (
        "plan",
        _plan,
        "Say what a study will cost before anything runs.",
        [
            CONFIG,
            JSON,
            _argument("--gpus", type=_positive, default=1, help="GPUs to use at the same time"),
            _argument("--calibrate", action="store_true", help="measure a few training steps here"),
        ],
    ),
    ("status", _status, "Show how far every cell of the grid is.", [CONFIG, JSON]),
    (
        "audit",
        _audit,
        "Recompute the derived numbers of published tables.",
        [
            _argument("folder", type=Path, nargs="?", metavar="DIR", help="none: the paper's"),
            _argument("-o", "--output", type=Path, default=Path(), help="folder for audit.csv"),
        ],
    ),
    (
        "import-weights",
        _import_weights,
        "Convert weights of the authors' released code.",
        [
            _argument("weights", type=Path, metavar="FILE.pth", help="their state dict"),
            _argument("-o", "--output", type=Path, required=True, help="safetensors file to write"),
        ],
    ),
    (
        "schema",
        _schema,
        "Print the JSON schema of a study configuration.",
        [_argument("--markdown", action="store_true", help="as tables for a reader")],
    ),
]


def parser() -> argparse.ArgumentParser:
    """The command line of every subcommand."""
    top = argparse.ArgumentParser(prog="gfce", description=sys.modules["gfce"].__doc__)
    top.add_argument("--version", action="version", version=f"gfce {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, run, text, arguments in COMMANDS:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        for argument in arguments:
            command.add_argument(*argument.names, **argument.options)
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
