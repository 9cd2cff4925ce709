"""The command `gfce`: one subcommand a step. Each parses its arguments and calls one function."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gfce import __version__
from gfce.config import load_config
from gfce.errors import UserError
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
        train_cell(config, find_cell(config, arguments.cell))
    except TrainingStopped as stopped:
        print(f"gfce: {stopped}", file=sys.stderr)
        sys.exit(stopped.exit_code)


def _predict(arguments: argparse.Namespace) -> None:
    from gfce.evaluation.predict import predict

    config = load_config(arguments.config)
    predict(config, find_cell(config, arguments.cell))


def _evaluate(arguments: argparse.Namespace) -> None:
    from gfce.evaluation.evaluate import evaluate, evaluate_baselines

    config = load_config(arguments.config)
    if arguments.baselines:
        evaluate_baselines(config)
    else:
        evaluate(config, find_cell(config, arguments.cell))


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


def _schema(arguments: argparse.Namespace) -> None:
    from gfce.schema import schema_markdown, schema_text

    print(schema_markdown() if arguments.markdown else schema_text(), end="")


def parser() -> argparse.ArgumentParser:
    """The command line of every subcommand."""
    top = argparse.ArgumentParser(prog="gfce", description=sys.modules["gfce"].__doc__)
    top.add_argument("--version", action="version", version=f"gfce {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], None], text: str) -> Callable[..., Any]:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command.add_argument

    for name, run, text in _STUDY_STEPS:
        option = add(name, run, text)
        option("config", type=Path, metavar="CONFIG", help="study configuration (YAML)")
        if name in ("simulate", "index"):
            option("--workers", type=int, default=1, help="processes to share the patients")
        if name == "preprocess":
            option("institution", help="institution as in participants.tsv")
        if name in ("train", "predict"):
            option("cell", help="network/normalization/training_set/seed-N")
        if name == "figures":
            option("figures", nargs="*", metavar="FIGURE", help="such as figure1 (none: all)")
        if name == "evaluate":
            option("cell", nargs="?", help="network/normalization/training_set/seed-N")
            option("--baselines", action="store_true", help="score the trivial predictors instead")
    option = add("import", _import, "Turn a manifest of images into a BIDS dataset.")
    option("manifest", type=Path, metavar="MANIFEST", help="CSV: patient, institution, t1w, ...")
    option("-o", "--output", type=Path, required=True, metavar="DATASET", help="folder to write")
    option = add("audit", _audit, "Recompute the derived numbers of published tables.")
    option("folder", type=Path, nargs="?", metavar="DIR", help="tables (none: the paper's)")
    option("-o", "--output", type=Path, default=Path(), metavar="FOLDER", help="for audit.csv")
    option = add("schema", _schema, "Print the JSON schema of a study configuration.")
    option("--markdown", action="store_true", help="as tables for a reader")
    return top


_STUDY_STEPS: list[tuple[str, Callable[[argparse.Namespace], None], str]] = [
    ("simulate", _simulate, "Write the simulated cohort as a BIDS dataset."),
    ("index", _index, "Check the dataset; draw the split and the training sets."),
    ("preprocess", _preprocess, "Resample an institution's patients to the study's matrix."),
    ("train", _train, "Train the model of one cell."),
    ("predict", _predict, "Synthesise CE volumes of a cell's test patients."),
    ("evaluate", _evaluate, "Score a cell's predictions."),
    ("tabulate", _tabulate, "Gather the metrics and write tables 1 to 5."),
    ("compare", _compare, "Test differences between models."),
    ("figures", _figures, "Draw the figures."),
]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; a user's mistake is one line on standard error and status 1."""
    arguments = parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="gfce: %(message)s", stream=sys.stderr)
    try:
        arguments.run(arguments)
    except UserError as error:
        print(f"gfce: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
