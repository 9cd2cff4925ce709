"""`gfce check`: the results of index and leak guard, in one table."""

from __future__ import annotations

import pandas as pd

from gfce.cohort.leaks.design import sides
from gfce.config import StudyConfig
from gfce.files import records
from gfce.study import Results, read_patients

SHOWN = 20
"""Lines about single patients; the tables have all of them."""


def cohort_text(config: StudyConfig) -> str:
    """Numbers of patients by institution, and the reasons that concern single patients.

    Reads patients.csv, exclusions.csv and leaks.csv.
    """
    results = Results(config)
    patients = read_patients(results)
    excluded = pd.read_csv(results.exclusions, dtype=str, keep_default_na=False)
    leaks = pd.read_csv(results.leaks, dtype=str)
    lines = [*_counted(config, patients, excluded), ""]
    lines += [f"excluded: {row['reason']}" for row in records(excluded)][:SHOWN]
    for severity in ("warning", "stop"):
        rows = records(leaks[leaks["severity"] == severity])
        lines += [f"{severity}: {sides(row)}: {row['reason']}" for row in rows][:SHOWN]
    stops = int((leaks["severity"] == "stop").sum())
    lines += [f"{len(patients)} patients usable, {len(excluded)} excluded, {stops} leaks"]
    return "\n".join(lines) + "\n"


def _counted(config: StudyConfig, patients: pd.DataFrame, excluded: pd.DataFrame) -> list[str]:
    names = config.cohort.institutions
    width = max(len("institution"), *map(len, names))
    columns = ("role", "usable", "training", "test", "masks", "excluded")
    lines = [f"{'institution':<{width}}" + "".join(f"{column:>13}" for column in columns)]
    for name in names:
        rows = patients[patients["institution"] == name]
        splits = rows["split"].value_counts()
        role = "development" if name in config.cohort.development else "external"
        counts = (
            *(len(rows), splits.get("train", 0), splits.get("test", 0)),
            *(rows["tumour"].notna().sum(), (excluded["institution"] == name).sum()),
        )
        lines.append(f"{name:<{width}}{role:>13}" + "".join(f"{count:>13}" for count in counts))
    return lines
