"""The commands by which models go to another hospital and scores come back (docs/bundle.md)."""

from __future__ import annotations

import argparse
from pathlib import Path

from gfce.commands import CONFIG, WORKERS, Command, argument
from gfce.config import load_config
from gfce.provenance.owner import claim


def _bundle(arguments: argparse.Namespace) -> None:
    from gfce.exchange.bundle import bundle

    config = load_config(arguments.config)
    claim(config, arguments.config)
    cells = bundle(config, arguments.output, arguments.cells)
    print(f"{arguments.output.name}: {len(cells)} models")


def _evaluate_bundle(arguments: argparse.Namespace) -> None:
    from gfce.exchange.evaluate import evaluate_bundle
    from gfce.exchange.request import Request

    request = Request(
        arguments.bundle,
        arguments.dataset,
        arguments.institution,
        arguments.key,
        arguments.output,
        arguments.device,
        arguments.mask_label,
        arguments.bids,
        arguments.workers,
    )
    print(evaluate_bundle(request))


def _merge(arguments: argparse.Namespace) -> None:
    from gfce.exchange.merge import merge

    config = load_config(arguments.config)
    claim(config, arguments.config)
    print(merge(config, arguments.rows))


EXCHANGE_COMMANDS: dict[str, Command] = {
    "bundle": Command(
        _bundle,
        "Write trained models as one file for another hospital.",
        [
            CONFIG,
            argument("-o", "--output", type=Path, required=True, metavar="ZIP", help="to write"),
            argument(
                *("--cells",),
                nargs="+",
                default=[],
                metavar="PATTERN",
                help="such as '*/tri/*' (all that are trained)",
            ),
        ],
    ),
    "evaluate-bundle": Command(
        _evaluate_bundle,
        "Score the models of a bundle on a hospital's own patients.",
        [
            argument("bundle", type=Path, metavar="ZIP", help="what gfce bundle wrote"),
            argument("dataset", type=Path, metavar="DATASET", help="BIDS dataset"),
            argument("--institution", required=True, help="as in participants.tsv"),
            argument(
                *("--key",),
                type=Path,
                required=True,
                metavar="FILE",
                help="secret of the pseudonyms; made if absent",
            ),
            argument("-o", "--output", type=Path, required=True, metavar="ROWS", help="to write"),
            argument("--device", choices=["cpu", "cuda", "auto"], help="(as the study's)"),
            argument("--mask-label", type=int, metavar="N", help="the tumour's (as the study's)"),
            argument("--bids", type=Path, metavar="YAML", help="keys of cohort.bids"),
            WORKERS,
        ],
    ),
    "merge": Command(
        _merge,
        "Take the scores of another hospital into a study.",
        [CONFIG, argument("rows", type=Path, metavar="ROWS", help="what evaluate-bundle wrote")],
    ),
}
"""By name."""
