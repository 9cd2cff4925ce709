"""The commands of `gfce` that are no steps: each parses its arguments and calls one function."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gfce.config import load_config
from gfce.errors import UserError

# What a command does is imported when it is called: only training and prediction pay for torch.


def _import(arguments: argparse.Namespace) -> None:
    if arguments.dicom and arguments.brats:
        raise UserError(
            "--brats: a folder is of BraTS or a DICOM tree: leave out --brats or --dicom"
        )
    if arguments.dicom:
        _import_dicom(arguments)
        return
    if arguments.brats:
        _import_brats(arguments)
        return
    _refuse_dicom_options(arguments, "give --dicom, or leave it out", MANIFEST_OPTIONS)
    from gfce.cohort.defacing import parse_defacing
    from gfce.cohort.importing import import_manifest

    report = import_manifest(
        arguments.source,
        arguments.output,
        arguments.mask_label,
        leave_out=arguments.leave_out,
        dry_run=arguments.dry_run,
        defacing=parse_defacing(arguments.deface),
    )
    print(report, end="")


def _refuse_dicom_options(
    arguments: argparse.Namespace, advice: str, allowed: tuple[str, ...] = ()
) -> None:
    for name in (option.names[0] for option in DICOM_OPTIONS):
        given = getattr(arguments, name.lstrip("-").replace("-", "_"))
        if given and name not in allowed:
            raise UserError(f"{name}: is of DICOM trees: {advice}")


def _import_brats(arguments: argparse.Namespace) -> None:
    _refuse_dicom_options(arguments, "leave it out", BRATS_OPTIONS)
    if arguments.institution_table is None:
        raise UserError("--institution-table: a BraTS folder needs it: see docs/public-data.md")
    from gfce.brats.importing import import_brats
    from gfce.cohort.defacing import parse_defacing

    report = import_brats(
        arguments.source,
        arguments.output,
        partition=arguments.institution_table,
        label=arguments.mask_label,
        leave_out=arguments.leave_out,
        dry_run=arguments.dry_run,
        defacing=parse_defacing(arguments.deface),
    )
    print(report, end="")


def _import_dicom(arguments: argparse.Namespace) -> None:
    for option in ("key", "institution"):
        if getattr(arguments, option) is None:
            raise UserError(f"--{option}: a DICOM tree needs it: see docs/dicom.md")
    if arguments.mask_label is not None:
        raise UserError("--mask-label: is of manifests: leave it out")
    from gfce.cohort.defacing import parse_defacing
    from gfce.dicom.importing import import_dicom
    from gfce.dicom.institutions import parse_institutions

    report = import_dicom(
        arguments.source,
        arguments.output,
        key=arguments.key,
        institution=parse_institutions(arguments.institution, arguments.institution_table),
        rules=arguments.rules,
        choices=arguments.choices,
        study=arguments.study or "only",
        leave_out=arguments.leave_out,
        dry_run=arguments.dry_run,
        defacing=parse_defacing(arguments.deface),
    )
    print(report, end="")


def _audit(arguments: argparse.Namespace) -> None:
    from gfce.statistics.audit.step import audit

    print(audit(arguments.folder, arguments.output))


def _plan(arguments: argparse.Namespace) -> None:
    from gfce.planning.calibration import measure_speed
    from gfce.planning.plan import plan
    from gfce.planning.plan_text import plan_json, plan_text

    config = load_config(arguments.config)
    speed = measure_speed(config) if arguments.calibrate else None
    content = plan(config, arguments.gpus, speed, dict(arguments.hospital_interval))
    print(plan_json(content) if arguments.json else plan_text(content), end="")


def _import_weights(arguments: argparse.Namespace) -> None:
    from gfce.training.weights import import_weights

    network = import_weights(arguments.weights, arguments.output)
    print(f"{arguments.output}: {network.architecture} of width {network.width}")


def _synthesize(arguments: argparse.Namespace) -> None:
    from gfce.evaluation.synthesize import synthesize_patient

    synthesize_patient(
        arguments.model,
        arguments.t1w,
        arguments.t2w,
        arguments.output,
        arguments.device,
        arguments.units,
        dicom=arguments.dicom_out,
    )


def _score(arguments: argparse.Namespace) -> None:
    from gfce.evaluation.image_pair import ImagePair
    from gfce.evaluation.score_images import score_images, scores_json, scores_text
    from gfce.files import write_text

    output, mask, label = arguments.output, arguments.mask, arguments.mask_label
    if output and output.exists():
        raise UserError("--output: exists already: name a new file")
    if label is not None and mask is None:
        raise UserError("--mask-label: is of --mask: give a mask, or leave it out")
    pair = ImagePair.read(
        arguments.real, arguments.synthetic, mask=mask, label=label, head=arguments.head
    )
    content = score_images(pair, arguments.average, arguments.scaling)
    if output:
        write_text(scores_json(content), output)
    print(scores_json(content) if arguments.json else scores_text(content), end="")


def _schema(arguments: argparse.Namespace) -> None:
    if arguments.tables:
        from gfce.contract.markdown import tables_markdown

        text = tables_markdown()
    elif arguments.dicom_rules:
        from gfce.dicom.rules import default_rules

        text = default_rules()
    else:
        from gfce.schema import schema_markdown, schema_text

        text = schema_markdown() if arguments.markdown else schema_text()
    print(text, end="")


@dataclass(frozen=True)
class Argument:
    """An argument of a subcommand: its names and the options of `add_argument`."""

    names: tuple[str, ...]
    options: Mapping[str, Any]


def argument(*names: str, **options: Any) -> Argument:
    """An argument as `add_argument` takes it."""
    return Argument(names, options)


def _half_width(text: str) -> tuple[str, float]:
    metric, _, number = text.partition("=")
    try:
        return metric, float(number)
    except ValueError:
        problem = f"{text}: write a metric and a number, such as mae=0.01"
        raise argparse.ArgumentTypeError(problem) from None


def positive(text: str) -> int:
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


CONFIG = argument("config", type=Path, metavar="CONFIG", help="study configuration (YAML)")
WORKERS = argument("--workers", type=positive, default=1, help="processes to share the patients")
INIT = argument("--init", type=Path, metavar="FILE", help="weights to begin with")
JSON = argument("--json", action="store_true", help="for programs")


DICOM_OPTIONS = [
    argument("--key", type=Path, metavar="FILE", help="secret of the pseudonyms; made if absent"),
    argument("--institution", metavar="FROM", help="name=NAME, level=N, tag or patient_id"),
    argument(
        "--institution-table",
        type=Path,
        metavar="CSV",
        help="value, institution; of BraTS: Subject_ID, Partition_ID",
    ),
    argument("--rules", type=Path, metavar="YAML", help="which series is what"),
    argument("--choices", type=Path, metavar="CSV", help="patient, series, modality: by hand"),
    argument("--study", choices=["only", "first", "last"], help="which of several (only)"),
    argument("--leave-out", action="store_true", help="leave out who cannot be imported"),
    argument("--dry-run", action="store_true", help="say what would be imported"),
]
"""Options of `gfce import --dicom` (docs/dicom.md)."""
MANIFEST_OPTIONS = ("--leave-out", "--dry-run")
"""Those of them that `gfce import MANIFEST` has too (docs/own-data.md)."""
BRATS_OPTIONS = ("--institution-table", *MANIFEST_OPTIONS)
"""Those of them that `gfce import --brats` has too (docs/public-data.md)."""

COMMANDS: dict[str, Command] = {
    "import": Command(
        _import,
        "Turn a manifest of images, a tree of DICOM files or BraTS into a BIDS dataset.",
        [
            argument("source", type=Path, metavar="MANIFEST", help="CSV: patient, ...; or folder"),
            argument(
                *("-o", "--output"), type=Path, required=True, metavar="DATASET", help="to write"
            ),
            argument(
                "--mask-label", type=int, metavar="N", help="the tumour's in masks with several"
            ),
            argument("--dicom", action="store_true", help="the folder is a DICOM tree"),
            argument("--brats", action="store_true", help="the folder is laid out as BraTS is"),
            argument("--deface", metavar="PROGRAM", help="removes the face: PROGRAM INPUT OUTPUT"),
            *DICOM_OPTIONS,
        ],
    ),
    "plan": Command(
        _plan,
        "Say what a study will cost before anything runs.",
        [
            CONFIG,
            JSON,
            argument("--gpus", type=positive, default=1, help="GPUs to use at the same time"),
            argument("--calibrate", action="store_true", help="measure a few training steps here"),
            argument(
                "--hospital-interval",
                type=_half_width,
                action="append",
                default=[],
                metavar="METRIC=HALF_WIDTH",
                help="how many hospitals predict a further one this closely, such as mae=0.01",
            ),
        ],
    ),
    "audit": Command(
        _audit,
        "Recompute the derived numbers of published tables.",
        [
            argument("folder", type=Path, nargs="?", metavar="DIR", help="none: the paper's"),
            argument("-o", "--output", type=Path, default=Path(), help="folder for audit.csv"),
        ],
    ),
    "import-weights": Command(
        _import_weights,
        "Convert weights of the authors' released code.",
        [
            argument("weights", type=Path, metavar="FILE.pth", help="their state dict"),
            argument("-o", "--output", type=Path, required=True, help="safetensors file to write"),
        ],
    ),
    "synthesize": Command(
        _synthesize,
        "Write the synthetic CE of one patient, by a trained model's folder alone.",
        [
            argument("--model", type=Path, required=True, metavar="CELLDIR", help="models/<cell>"),
            argument(
                "--t1w", type=Path, required=True, metavar="IMAGE", help="T1w, or a DICOM folder"
            ),
            argument("--t2w", type=Path, required=True, metavar="IMAGE", help="T2w on its grid"),
            argument("-o", "--output", type=Path, required=True, metavar="IMAGE", help="to write"),
            argument("--dicom-out", action="store_true", help="write a DICOM series: a folder"),
            argument("--device", choices=["cpu", "cuda", "auto"], help="(as the model's study)"),
            argument("--units", choices=["normalized", "t1w"], help="of intensities (t1w)"),
        ],
    ),
    "score": Command(
        _score,
        "Score a synthetic image against the real one, as a study scores its own.",
        [
            argument("real", type=Path, metavar="REAL", help="the real image"),
            argument("synthetic", type=Path, metavar="SYNTHETIC", help="one on its grid"),
            argument("--mask", type=Path, metavar="IMAGE", help="the tumour"),
            argument("--mask-label", type=int, metavar="N", help="the tumour's, of several"),
            argument("--head", type=Path, metavar="IMAGE", help="the head (found in REAL)"),
            argument("--average", choices=["volume", "slice"], default="volume", help="(volume)"),
            argument("--scaling", choices=["reference", "separate"], help="one alone (both)"),
            JSON,
            argument("-o", "--output", type=Path, metavar="FILE", help="to write the JSON to"),
        ],
    ),
    "schema": Command(
        _schema,
        "Print the JSON schema of a study configuration.",
        [
            argument("--markdown", action="store_true", help="as tables for a reader"),
            argument("--tables", action="store_true", help="the columns of all results instead"),
            argument("--dicom-rules", action="store_true", help="the rules of gfce import --dicom"),
        ],
    ),
}
"""The commands that are no steps, by name."""
