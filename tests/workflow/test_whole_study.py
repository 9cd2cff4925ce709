"""A whole tiny study through Snakemake, on a simulated cohort and on real images."""

from __future__ import annotations

import csv
import json
import shutil
from html import escape
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
import SimpleITK as sitk  # noqa: N813
from cohorts import REPOSITORY
from long import takes_minutes
from studies import files_of, run_to_the_end, simulated_study, snakemake, write_config

from gfce.cli import main
from gfce.config import load_config
from gfce.report.figure import FIGURE_FORMATS, study_figures
from gfce.study import Results, cells

REAL_COHORT = REPOSITORY.parent / "shared" / "real-cohort"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a finished tiny study."""
    folder = tmp_path_factory.mktemp("study")
    config = write_config(folder, simulated_study(folder) | {"readable_by": "owner"})
    run_to_the_end(config)
    return config


def test_files_are_closed_to_whom_the_configuration_names(study: Path) -> None:
    written = [
        path for folder in ("data", "results") for path in (study.parent / folder).rglob("*")
    ]
    assert {path.suffix for path in written} >= {".gz", ".csv", ".log", ".png", ".safetensors"}
    assert [path for path in written if path.stat().st_mode & 0o077] == []


def test_the_contract_is_kept(study: Path) -> None:
    config = load_config(study)
    results = Results(config)
    metrics = pd.read_csv(results.metrics)
    assert list(metrics.columns) == [
        *("network", "normalization", "training_set", "model", "seed", "institution", "cohort"),
        *("patient_id", "region", "scaling", "n_voxels", "mae", "psnr_db", "ssim"),
        *("nmse", "ms_ssim", "nmi", "hfen"),
    ]
    assert metrics["model"].nunique() == 8
    volumes = metrics[(metrics["region"] == "volume") & (metrics["scaling"] == "reference")]
    # 2 held-out patients per development institution, 2 external ones; 6 uni models and 2 tri.
    counts = volumes["cohort"].value_counts().to_dict()
    assert counts == {"internal": 6 * 2 + 2 * 6, "external": 8 * 2, "cross": 6 * 4}
    assert not metrics.duplicated(["model", "seed", "patient_id", "region", "scaling"]).any()
    assert metrics["mae"].between(0, 1).all()
    for cell in cells(config):
        folder = results.model(cell)
        assert {path.name for path in folder.iterdir()} == {
            "weights.safetensors",
            "normalization.json",
            "history.csv",
            "run.json",
            "fingerprint.json",
        }
        run = json.loads((folder / "run.json").read_text())
        assert {"config", "versions", "device", "wall_seconds", "patients"} <= run.keys()


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("table2", "model testing cohort n mae_mean mae_sd psnr_mean_db psnr_sd_db"),
        ("table3", "model testing cohort n mae_mean mae_sd psnr_mean_db psnr_sd_db"),
        ("table4", "model mae_improvement_pct psnr_improvement_pct"),
        ("table5", "normalization model mae_drop_pct psnr_drop_pct"),
    ],
)
def test_the_tables_have_the_contracts_columns(study: Path, table: str, columns: str) -> None:
    path = Results(load_config(study)).table(table, "csv")
    with path.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    assert header[: len(columns.split())] == columns.split()
    assert rows
    assert path.with_suffix(".md").exists()
    assert path.with_suffix(".tex").exists()


def test_predictions_lie_on_the_patients_resampled_grid(study: Path) -> None:
    config = load_config(study)
    results = Results(config)
    found = sorted(results.predictions(cells(config)[0]).rglob("*desc-synthetic_T1w.nii.gz"))
    assert len(found) == 3 * 2 + 2, "held out at each development institution, and external"
    patient = found[0].parts[-3]
    original = sitk.ReadImage(config.cohort.dataset / patient / f"anat/{patient}_T1w.nii.gz")
    synthetic = sitk.ReadImage(found[0])
    assert synthetic.GetSize()[:2] == (36, 40)
    assert synthetic.GetDirection() == original.GetDirection()
    centres = [
        image.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in image.GetSize()])
        for image in (original, synthetic)
    ]
    assert centres[1] == pytest.approx(centres[0], abs=1e-4)


def test_a_second_run_does_nothing(study: Path) -> None:
    answer = snakemake(study)
    assert "Nothing to be done" in answer.stdout + answer.stderr


def test_snakemakes_own_report_shows_the_results_and_leaves_them(
    study: Path, tmp_path: Path
) -> None:
    config = load_config(study)
    before = files_of(Results(config))
    page = tmp_path / "study.html"
    answer = snakemake(study, "--report", str(page))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    text = page.read_text(encoding="utf-8")
    shown = [name for name in before if name.startswith(("figures/", "tables/", "statistics/"))]
    for name in [*shown, "reviewer/CLAIM.md"]:
        assert (f"/{name}" in text) == (not name.endswith(".svg")), name
    for figure in study_figures(config).values():
        assert figure.kind.title in text
        assert escape(" ".join(figure.kind.caption.split())[:60], quote=False) in text
    assert "Paired comparisons of models" in text, "titles of tables are those declared"
    assert "WARNING" not in answer.stdout + answer.stderr, "of reStructuredText"
    assert files_of(Results(config)) == before


@takes_minutes
def test_two_runs_give_the_same_bytes(study: Path, tmp_path: Path) -> None:
    again = write_config(tmp_path, simulated_study(tmp_path))
    assert files_of(run_to_the_end(again)) == files_of(Results(load_config(study)))


def test_no_path_of_this_machine_is_in_the_results(study: Path) -> None:
    results = Results(load_config(study))
    written = [
        p for kind in ("csv", "json", "md", "tex", "tsv") for p in results.root.rglob(f"*.{kind}")
    ]
    assert written
    for path in written:
        assert str(study.parent) not in path.read_text(), path


def test_every_figure_is_there(study: Path) -> None:
    config = load_config(study)
    results = Results(config)
    for name, kind in product(study_figures(config), FIGURE_FORMATS):
        files = [results.figure(name, kind), *(results.figures / name).rglob(f"*.{kind}")]
        assert any(file.exists() for file in files), (name, kind)
    for cell in cells(config):
        assert results.figure(f"learning/{cell}", "png").stat().st_size > 10_000


def test_the_papers_dry_run_lists_eight_trainings() -> None:
    answer = snakemake(REPOSITORY / "config" / "config.yaml", "--dry-run", "--quiet", "rules")
    assert answer.returncode == 0, answer.stderr
    counts = dict(line.split()[:2] for line in answer.stdout.splitlines() if len(line.split()) == 2)
    assert counts["train"] == "8"


def test_a_wrong_configuration_is_one_line(tmp_path: Path) -> None:
    content = simulated_study(tmp_path)
    content["trainig"] = content.pop("training")
    answer = snakemake(write_config(tmp_path, content), "--dry-run")
    assert answer.returncode != 0
    said = answer.stdout + answer.stderr  # a dry run speaks on standard output
    assert "trainig: unknown key (did you mean training?)" in said
    assert "Traceback" not in said


def test_overrides_on_the_command_line_are_refused(study: Path) -> None:
    answer = snakemake(study, "--config", "seed=3")
    assert answer.returncode != 0
    assert "--config is not read" in answer.stderr


def test_a_failed_step_shows_its_reason(study: Path, tmp_path: Path) -> None:
    content = simulated_study(tmp_path, "failing")
    shutil.copytree(study.parent / "data", tmp_path / "data")
    del content["simulation"]
    content["cohort"]["training_patients"] = 3
    answer = snakemake(write_config(tmp_path, content))
    assert answer.returncode != 0
    assert "gfce: error: institution Institution-1: too few usable patients (3)" in answer.stderr
    assert not (tmp_path / "results" / "failing" / "cohort").exists()


@pytest.mark.skipif(not REAL_COHORT.exists(), reason="no real images beside the checkout")
def test_the_study_runs_on_real_images(tmp_path: Path) -> None:
    dataset = tmp_path / "bids"
    assert main(["import", str(REAL_COHORT / "manifest.csv"), "-o", str(dataset)]) == 0
    content = simulated_study(tmp_path, "real")
    del content["simulation"]
    content["cohort"] = {
        "dataset": str(dataset),
        "development": ["site-a", "site-b"],
        "external": ["site-c"],
        "training_patients": 1,
    }
    results = run_to_the_end(write_config(tmp_path, content))
    for number in range(1, 6):
        assert len(pd.read_csv(results.table(f"table{number}", "csv")))
    scored = pd.read_csv(results.metrics)
    assert set(scored["institution"]) == {"site-a", "site-b", "site-c"}
    assert {"volume", "foreground"} <= set(scored["region"])
    assert (results.figures / "figure1.png").stat().st_size > 0
    assert (results.figures / "figure3.png").stat().st_size > 0
