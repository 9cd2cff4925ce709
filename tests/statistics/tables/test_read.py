"""Files of scores that cannot be used are refused in one line."""

from __future__ import annotations

import pandas as pd
import pytest
from samples_of_scores import write_cells

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.statistics.inference.step import compare
from gfce.statistics.tables.step import tabulate
from gfce.study import Results


def test_compare_before_tabulate_is_one_line(config: StudyConfig) -> None:
    with pytest.raises(UserError, match=r"metrics\.csv: is not there: run `gfce tabulate` first"):
        compare(config)


def test_a_metrics_file_without_a_column_is_named(
    config: StudyConfig, metrics: pd.DataFrame
) -> None:
    write_cells(config, metrics.drop(columns="ssim"))
    with pytest.raises(UserError, match=r"seed-1\.csv: has no column ssim"):
        tabulate(config)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Institution-4", "Institution-9", "Institution-9 is not in the configuration"),
        ("401,volume", "401,,volume", r"cannot be read \(.*Expected 19 fields"),
        ("0.0", "O.0", r"cannot be read \(could not convert string to float"),
    ],
)
def test_a_broken_metrics_file_is_one_line(
    config: StudyConfig, metrics: pd.DataFrame, old: str, new: str, message: str
) -> None:
    write_cells(config, metrics)
    path = next((Results(config).root / "metrics").rglob("*.csv"))
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(UserError, match=message) as error:
        tabulate(config)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_an_empty_metrics_file_is_one_line(config: StudyConfig, metrics: pd.DataFrame) -> None:
    write_cells(config, metrics)
    next((Results(config).root / "metrics").rglob("*.csv")).write_text("", encoding="utf-8")
    with pytest.raises(UserError, match=r"cannot be read \(No columns to parse from file\)"):
        tabulate(config)


def test_a_patient_scored_twice_is_refused(config: StudyConfig, metrics: pd.DataFrame) -> None:
    write_cells(config, pd.concat([metrics, metrics.iloc[[5]]]))
    tabulate_error = pytest.raises(UserError, match="is scored twice")
    tabulate(config)
    with tabulate_error:
        compare(config)
