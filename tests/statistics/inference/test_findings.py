"""findings.csv and what findings.md says of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from samples_of_scores import study

from gfce.evaluation.metrics import METRICS, PRINTED_METRICS
from gfce.statistics import inference
from gfce.statistics.inference.findings import TABLE as FINDINGS
from gfce.statistics.inference.findings import findings
from gfce.statistics.inference.findings_text import findings_text
from gfce.statistics.inference.next_hospital import TABLE as NEXT_HOSPITAL
from gfce.statistics.inference.step import findings_text as findings_of
from gfce.statistics.questions import DROP, NEXT, NORMALIZATION, POOLING, QUESTIONS
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.study_tables import declared

FEW = {"bootstrap_resamples": 99}
DROPS, IMPROVES = "every_uni_model_drops", "pooled_improves_on_uni"
DROPS_LESS = "second_normalization_drops_less"


def steady(metrics: pd.DataFrame, **factors: float) -> pd.DataFrame:
    """MAE of 0.02 that differs a little between patients, times a model's factor externally."""
    of_model = {
        f"Uni-{name}" if name[0] in "mz" else f"Tri-{name}": f for name, f in factors.items()
    }
    external = metrics["model"].map(of_model).fillna(1.5)
    patient = np.random.default_rng(0).normal(1, 0.002, len(metrics))
    factor = external.where(metrics["cohort"] == "external", 1.0)
    return metrics.assign(mae=0.02 * patient * factor)


def of(metrics: pd.DataFrame, **changes: object) -> pd.DataFrame:
    return findings(ScoredStudy(study(statistics=FEW, **changes), metrics))


def finding(table: pd.DataFrame, claim: str, subject: str) -> pd.Series:
    rows = table.query("claim == @claim and metric == 'mae'")
    return rows[rows["subject"].str.startswith(subject)].iloc[0]


def line(table: pd.DataFrame, row: pd.Series) -> str:
    """The line about a finding."""
    return findings_text(table.loc[[row.name]]).removesuffix("\n")


def test_a_line_for_each_finding_about_a_printed_metric(metrics: pd.DataFrame) -> None:
    table = of(metrics)
    assert len(table) == 5 * len(METRICS)
    lines = findings_text(table).splitlines()
    assert len(lines) == 5 * len(PRINTED_METRICS)
    assert all(text.startswith("- **") for text in lines)
    assert not any("NMSE" in text for text in lines)


def test_what_is_shown_in_all_analyses(metrics: pd.DataFrame) -> None:
    table = of(steady(metrics))
    row = finding(table, DROPS, "Uni-m1")
    assert (row["verdict"], row["n_shown"], row["n_analyses"]) == ("shown", 4, 4)
    assert (row["n_patients"], row["n_institutions"]) == (31, 7)
    text = line(table, row)
    start = (
        "- **Shown:** Uni-m1, Uni-m2, Uni-m3 each have a higher MAE externally than at their own "
    )
    assert text.startswith(f"{start}site: smallest drop ")
    percent = " [".join(f"{row[name]:.1f}" for name in ("effect_pct", "ci95_low"))
    assert f"smallest drop {percent.replace(' [', ' % [')}, {row['ci95_high']:.1f}], " in text
    low, ratio, high = np.exp(row[["effect_ci95_low", "effect", "effect_ci95_high"]].astype(float))
    assert f"as a ratio {ratio:.2f} [{low:.2f}, {high:.2f}]" in text
    assert "(31 patients of 7 institutions; one training per model)" in text
    assert "Positive in 4 of 4 analyses; the smallest effect is " in text
    assert "of the cause (other patients may be harder: see the next question)" in DROP.limits
    assert "nor of hospitals that are not in the study" in DROP.limits
    assert "Analyses share patients and are not independent" in DROP.limits


def test_an_interval_that_holds_zero_is_no_yes(metrics: pd.DataFrame) -> None:
    table = of(metrics)
    row = finding(table, DROPS_LESS, "Z-Score")
    assert row["ci95_low"] < 0 < row["ci95_high"]
    assert row["verdict"] == "not shown"
    text = line(table, row)
    assert text.startswith("- **Not shown** that uni models lose less in MAE from internal to ")
    assert "with Z-Score than with Min-Max: difference of the mean drops" in text
    assert " percentage points [" in text
    assert " % " not in text


def test_the_opposite(metrics: pd.DataFrame) -> None:
    table = of(steady(metrics, M=1.8))
    row = finding(table, IMPROVES, "Tri-M")
    assert (row["verdict"], row["holds"]) == ("opposite", False)
    text = line(table, row)
    assert text.startswith("- **The opposite is shown:** Tri-M has a higher MAE externally than ")
    assert f"improvement {row['effect_pct']:.1f} %" in text
    assert "Positive in 0 of 4 analyses" in text


def test_the_opposite_has_the_same_limits(metrics: pd.DataFrame) -> None:
    scores = steady(metrics, M=1.8)
    scores["mae"] = scores["mae"].where(scores["scaling"] == "reference", steady(metrics)["mae"])
    table = of(scores)
    row = finding(table, IMPROVES, "Tri-M")
    assert (row["verdict"], row["n_opposite"], row["n_analyses"]) == ("opposite", 2, 4)
    assert line(table, row).startswith("- **The opposite is shown, but not under scaling separate:")


def test_one_scale_alone_shows_nothing(metrics: pd.DataFrame) -> None:
    """Drops of 0, 0, 300 % and thrice 90 %: in percent the second is less, in ratios more."""
    table = of(steady(metrics, m1=1, m2=1, m3=4, z1=1.9, z2=1.9, z3=1.9))
    row = finding(table, DROPS_LESS, "Z-Score")
    assert row["ci95_low"] > 0 > row["effect_ci95_high"]
    assert (row["verdict"], row["flips_with"]) == ("not shown", "scale=log_ratio")
    assert row["verdict_changes_with"] == "scale=log_ratio"
    assert "(the sign turns under scale log_ratio)" in line(table, row)


def test_shown_but_not_under_another_choice(metrics: pd.DataFrame) -> None:
    scores = steady(metrics)
    noise = np.random.default_rng(0).normal(0.02, 0.005, len(scores))
    scores["mae"] = scores["mae"].where(scores["scaling"] == "reference", noise)
    table = of(scores)
    row = finding(table, DROPS, "Uni-m1")
    assert (row["verdict"], row["verdict_changes_with"]) == ("shown", "scaling=separate")
    assert row["smallest_effect_pct_with"] == "scaling=separate;region=volume;seed=all"
    assert row["smallest_effect_pct"] < row["effect_pct"]
    assert line(table, row).startswith("- **Shown, but not under scaling separate:** Uni-m1, ")


def test_what_is_shown_alone_but_not_in_combination(metrics: pd.DataFrame) -> None:
    scores = steady(metrics)
    tumour = scores.assign(region="tumour")
    flat = tumour["mae"].where(tumour["scaling"] == "reference", 0.02)
    table = of(pd.concat([scores, tumour.assign(mae=flat)]))
    row = finding(table, IMPROVES, "Tri-M")
    assert row["verdict"] == "not shown"  # pooled and uni models are alike
    row = finding(table, DROPS, "Uni-m1")
    assert (row["verdict"], row["verdict_changes_with"]) == ("shown", "")
    assert row["n_shown"] < row["n_analyses"]
    start = "- **Shown, but not under every combination of choices:**"
    assert line(table, row).startswith(start)


def test_what_is_not_known(metrics: pd.DataFrame) -> None:
    table = of(metrics[metrics["model"] != "Tri-Z"])
    row = finding(table, IMPROVES, "Tri-Z")
    assert (row["verdict"], row["n_analyses"]) == ("unknown", 0)
    assert pd.isna(row["holds"])
    assert line(table, row) == (
        "- **Not known** whether Tri-Z has a lower MAE externally than the mean of its uni models: "
        "not every mean that it needs is known, or it is a share of 0: see missing.csv."
    )


def test_single_patients_have_effects_and_no_verdict(metrics: pd.DataFrame) -> None:
    table = of(metrics[metrics["patient_id"].str.endswith("00")])
    assert set(table["verdict"]) == {"unknown"}
    assert table["effect_pct"].notna().all()
    text = findings_text(table)
    assert "nan" not in text
    assert "Smallest drop" in text
    assert " dB without interval" in text


def test_without_external_institutions_nothing_is_known(metrics: pd.DataFrame) -> None:
    alone = {"dataset": "b", "development": ["Institution-1", "Institution-2"], "external": []}
    table = of(metrics[metrics["cohort"] == "internal"], cohort=alone)
    assert set(table["verdict"]) == {"unknown"}
    lines = findings_text(table).splitlines()
    assert all(text.endswith(": no external institution.") for text in lines)


@pytest.mark.parametrize("name", ["shown", "not shown", "opposite", "unknown"])
def test_the_rule_stands_in_the_documentation(name: str) -> None:
    page = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text(encoding="utf-8")
    assert f"| `{name}` |" in page.partition("## Findings")[2].partition("\n## ")[0]


def test_findings_are_sections_that_begin_with_their_limits(metrics: pd.DataFrame) -> None:
    scored = ScoredStudy(study(statistics=FEW), metrics)
    sections = findings_of(scored, [FINDINGS, NEXT_HOSPITAL]).split("\n\n## ")
    asked = (DROP, POOLING, NORMALIZATION, NEXT)
    assert [text.partition("\n")[0].removeprefix("## ") for text in sections] == [
        question.heading for question in asked
    ]
    for question, text in zip(asked, sections, strict=True):
        _, limits, lines = text.split("\n\n")
        assert limits == question.limits
        assert all(line.startswith("- ") for line in lines.splitlines())
    drops = sections[0].split("\n\n")[2].splitlines()
    assert len(drops) == 2 * len(PRINTED_METRICS)
    assert all(" externally than at their own site" in line for line in drops)


def test_every_question_has_its_place() -> None:
    questions = {question for table in declared(inference) for question in table.answers}
    assert questions < set(QUESTIONS)
    assert len({question.heading for question in QUESTIONS}) == len(QUESTIONS)
