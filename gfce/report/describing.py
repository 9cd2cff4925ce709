"""What each file of the results is, in words: tables as declared, figures by their captions."""

from __future__ import annotations

from pathlib import PurePosixPath

from gfce.config import StudyConfig
from gfce.report.figure import study_figures
from gfce.study.results import FINGERPRINT, NORMALIZATION, REPORT, RUN, WEIGHTS

DATAPACKAGE = "datapackage.json"
WORDS = {
    WEIGHTS: ("Weights of the generator", "As safetensors."),
    NORMALIZATION: ("Fitted normalization", "What the model's normalization was fitted to."),
    FINGERPRINT: ("Fingerprint", "Ranges of what the model was trained on."),
    RUN: ("Run", "How the model was trained: configuration, versions, device, time."),
    REPORT: ("Report", "The study on one page."),
    DATAPACKAGE: ("Data package", "Columns of every CSV: type, unit, meaning."),
    "findings.md": ("Findings", "What may be said of the claims, with intervals."),
    "quality.html": ("Quality", "All patients at a glance, with what is unusual about them."),
    "statistics.csv": ("Statistics of volumes", "Intensities of an institution's volumes."),
    "rows.json": ("Merged rows", "What a merged institution says of its rows."),
    "CLAIM.md": ("CLAIM 2024", "The checklist for AI in medical imaging, filled."),
    "TRIPOD+AI.md": ("TRIPOD+AI", "The checklist for prediction models, filled."),
    "DATA_CARD.md": ("Data card", "What the patients' images are like, without the patients."),
}
"""Titles and descriptions of files that are neither tables nor figures, by their names."""
MODEL_CARD = ("Model card", "What a model is, how it scored, what it is for and what it is not.")


def described(config: StudyConfig, path: str) -> tuple[str, str]:
    """The title and the description of a file.

    Args:
        config: the study.
        path: of the file, below the results.
    """
    file = PurePosixPath(path)
    if file.parts[0] == "figures" and (words := _of_figure(config, file)):
        return words
    if file.parts[:2] == ("reviewer", "models"):
        return MODEL_CARD
    if words := WORDS.get(file.name):
        return words
    title = _of_table(file) or path
    return title, f"{title}."


def _of_figure(config: StudyConfig, file: PurePosixPath) -> tuple[str, str] | None:
    figures = study_figures(config)
    name = next((name for name in (*file.parts[1:-1], file.stem) if name in figures), None)
    if name is None:
        return None
    kind = figures[name].kind
    return kind.title, " ".join(kind.caption.split())


def _of_table(file: PurePosixPath) -> str | None:
    from gfce.contract.tables import declaration  # which imports every table

    # A cell's own rows have the columns of the table that gathers them.
    names = (file.with_suffix("").as_posix(), file.stem, file.parts[0])
    titles = (table.title_of(name) for name in names if (table := declaration(name)))
    return next(titles, None)
