"""The command `gfce`: one subcommand a step. Each parses its arguments and calls one function."""

from __future__ import annotations

import argparse
import logging
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gfce import __version__
from gfce.config import StudyConfig, load_config
from gfce.errors import ERROR, UserError
from gfce.files import sha256
from gfce.logs import without_folders
from gfce.provenance.owner import claim
from gfce.provenance.performing import perform
from gfce.provenance.state import Provenance
from gfce.provenance.tasks import Task, all_institutions
from gfce.study import Results, figure_names, find_cell

# Steps are imported when they are called: only training and prediction pay for torch.


def _simulate(arguments: argparse.Namespace) -> None:
    from gfce.cohort.simulating import simulate

    simulate(load_config(arguments.config), arguments.workers)


def _import(arguments: argparse.Namespace) -> None:
    from gfce.cohort.importing import import_manifest

    import_manifest(arguments.manifest, arguments.output, arguments.mask_label)


def _check(arguments: argparse.Namespace) -> None:
    from gfce.cohort.summary import cohort_text

    _index(arguments)
    try:
        _leaks(arguments)
    finally:
        config = load_config(arguments.config)
        if Results(config).leaks.exists():
            print(cohort_text(config), end="")


def _index(arguments: argparse.Namespace) -> None:
    from gfce.cohort.index import index

    config = _owned(arguments)
    perform(config, Task("index"), lambda _: index(config, arguments.workers))


def _leaks(arguments: argparse.Namespace) -> None:
    from gfce.cohort.leaks import guard

    config = _owned(arguments)
    perform(config, Task("leaks"), lambda _: guard(config, arguments.workers))


def _preprocess(arguments: argparse.Namespace) -> None:
    from gfce.images.preprocess import preprocess

    config, institution = _owned(arguments), arguments.institution
    if institution not in all_institutions(config):
        raise UserError(f"institution {institution}: has no patient in this study")
    perform(config, Task("preprocess", institution), lambda _: preprocess(config, institution))


def _train(arguments: argparse.Namespace) -> None:
    from gfce.training import TrainingStopped
    from gfce.training.cell import train_cell

    config, init = _owned(arguments), arguments.init
    cell = find_cell(config, arguments.cell)
    initial = sha256(init) if init and init.is_file() else None
    try:
        perform(
            config,
            Task("train", cell),
            lambda known: train_cell(config, cell, init, known),
            initial,
        )
    except TrainingStopped as stopped:
        print(f"gfce: {stopped}", file=sys.stderr)
        sys.exit(stopped.exit_code)


def _predict(arguments: argparse.Namespace) -> None:
    from gfce.evaluation.predict import predict

    config = _owned(arguments)
    cell = find_cell(config, arguments.cell)
    perform(config, Task("predict", cell), lambda _: predict(config, cell))


def _evaluate(arguments: argparse.Namespace) -> None:
    from gfce.evaluation.evaluate import evaluate

    config = _owned(arguments)
    cell = find_cell(config, arguments.cell)
    perform(config, Task("evaluate", cell), lambda _: evaluate(config, cell))


def _baselines(arguments: argparse.Namespace) -> None:
    from gfce.evaluation.baselines import evaluate_baselines

    config = _owned(arguments)
    perform(config, Task("baselines"), lambda _: evaluate_baselines(config))


def _tabulate(arguments: argparse.Namespace) -> None:
    from gfce.statistics.tables.step import tabulate

    config = _owned(arguments)
    perform(config, Task("tabulate"), lambda known: tabulate(config, known))


def _compare(arguments: argparse.Namespace) -> None:
    from gfce.statistics.inference.step import compare

    config = _owned(arguments)
    perform(config, Task("compare"), lambda _: compare(config))


def _figures(arguments: argparse.Namespace) -> None:
    config = _owned(arguments)
    known = figure_names(config)
    for name in arguments.figures or known:
        if name not in known:
            raise UserError(f"figure {name}: not one of {', '.join(known)}")
        perform(config, Task("figures", name), partial(_draw, config, name))


def _draw(config: StudyConfig, name: str, _: Provenance) -> None:
    from gfce.report.figures import draw_figure

    draw_figure(config, name)


def _owned(arguments: argparse.Namespace) -> StudyConfig:
    """The study, if the results folder is its own."""
    config = load_config(arguments.config)
    claim(config, arguments.config)
    return config


def _audit(arguments: argparse.Namespace) -> None:
    from gfce.statistics.audit.step import audit

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
            _argument(
                "--mask-label", type=int, metavar="N", help="the tumour's in masks with several"
            ),
        ],
    ),
    ("check", _check, "Check a dataset before anything is trained.", [CONFIG, WORKERS]),
    ("index", _index, "Check the dataset; draw the training sets.", [CONFIG, WORKERS]),
    ("leaks", _leaks, "Look for patients in both training and test.", [CONFIG, WORKERS]),
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
