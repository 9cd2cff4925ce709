"""report.html without a browser: what is on it, and what is not."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
from pathlib import Path

import pytest
import yaml
from report.reading import Page

from gfce.config import StudyConfig, parse_config
from gfce.files import sha256
from gfce.report.figure import study_figures
from gfce.report.page import results as results_section
from gfce.report.page.markdown import as_html
from gfce.report.page.study import ReportedStudy
from gfce.report.page.writing import LIMIT, SECTIONS, page, without_run_times, write_report
from gfce.report.portable import portable_text
from gfce.steps import Task
from gfce.study import Results, cells


@pytest.fixture(scope="module")
def read(report: Path) -> Page:
    return Page(report.read_text(encoding="utf-8"))


def test_every_section_has_something_and_nothing_is_missing(read: Page) -> None:
    assert read.values("section", "id") == list(SECTIONS)
    assert read.values("a", "href")[1 : len(SECTIONS) + 1] == [f"#{name}" for name in SECTIONS]
    absent = [found for _, found in read.tags if found.get("class") == "absent"]
    assert len(absent) == 1  # for browsers without scripts


def test_printed_numbers_are_those_of_the_tables(finished: StudyConfig, read: Page) -> None:
    tables = sorted(Results(finished).tables.glob("*.md"))
    assert len(tables) >= 4
    for path in tables:
        rows = [line for line in path.read_text().splitlines() if line.startswith("| ")]
        for row in rows[:1] + rows[2:]:
            for cell in re.split(r"(?<!\\)\|", row)[1:-1]:
                plain = cell.strip().removeprefix("**").removesuffix("**")
                assert re.sub(r"\\(.)", r"\1", plain) in read.cells, path


def test_every_statistic_is_there_or_named(finished: StudyConfig, read: Page) -> None:
    links = read.values("a", "href")
    for path in Results(finished).statistics.glob("*.csv"):
        assert f"statistics/{path.name}" in links
    findings = Results(finished).findings.read_text().splitlines()
    assert findings
    for line in findings:
        plain = re.sub(r"^- |^## |\*\*|\\", "", line)
        assert " ".join(plain.split()) in read.text


def test_every_figure_is_part_of_the_page(finished: StudyConfig, read: Page) -> None:
    folder = Results(finished).figures
    single = {path for path in folder.rglob("*.png") if path.is_relative_to(folder / "learning")}
    files = set(folder.rglob("*.png")) - single
    assert len(single) == len(cells(finished))
    assert len(files) >= len(study_figures(finished))
    assert len(read.values("img", "src")) == len(files)
    links = {link.rsplit(".", 1)[0] for link in read.values("a", "href")}
    root = Results(finished).root
    assert {path.relative_to(root).with_suffix("").as_posix() for path in single} <= links
    for name, figure in study_figures(finished).items():
        assert f"figures-{name}" in read.values("h3", "id")
        assert " ".join(figure.kind.caption.split()) in read.text
    assert all(read.values("img", "alt"))
    shown = [name for name in read.values("h3", "id") if name.startswith("figures-")]
    assert shown[:2] == ["figures-figure1", "figures-figure2"]


def test_figures_without_room_are_named(
    finished: StudyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results_section, "FIGURE_BYTES", 60_000)
    text = "".join(results_section.figures(ReportedStudy(finished, {})))
    assert "Too large for this page" in text
    assert 0 < text.count("data:image/") < len(study_figures(finished))


def test_the_page_refers_to_nothing_outside(finished: StudyConfig, read: Page) -> None:
    sources = [value for tag in ("img", "script", "link") for value in read.values(tag, "src")]
    assert all(source.startswith("data:image/") for source in sources)
    assert read.values("link", "href") == []
    ids = [str(found["id"]) for _, found in read.tags if "id" in found]
    assert len(set(ids)) == len(ids)
    of_next_step = ("reviewer/", "ro-crate-metadata.json")
    for link in read.values("a", "href"):
        there = link.startswith(of_next_step) or (Results(finished).root / link).is_file()
        assert link.removeprefix("#") in ids if link.startswith("#") else there, link


def test_the_policy_lets_the_one_script_run(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    script = re.search(r"<script>(.*)</script>", text, re.DOTALL)
    assert script
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert "default-src 'none'; base-uri 'none'; img-src data:; style-src 'unsafe-inline'; " in text
    assert f"script-src 'sha256-{digest}'" in text


def test_nothing_of_this_machine_is_on_it(finished: StudyConfig, report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    images = re.compile(r"[A-Za-z0-9+/=]{200,}")
    readable = images.sub("", text)
    assert len(readable) < len(text)
    for private in (finished.results.parent, Path.home(), Path.cwd(), socket.gethostname()):
        assert str(private) not in readable


def test_the_same_study_gives_the_same_page_but_for_run_times(
    finished: StudyConfig, report: Path
) -> None:
    before = report.read_text(encoding="utf-8")
    benchmark = Results(finished).benchmark("tabulate")
    benchmark.parent.mkdir(parents=True)
    benchmark.write_text("s\th:m:s\tmax_rss\n3723.4\t1:02:03\t512.3\n")
    try:
        after = page(ReportedStudy(finished, {}))
    finally:
        benchmark.unlink()
    assert after != before
    assert without_run_times(after) == without_run_times(before)
    assert '<td class="n">1:02:03</td>' in after
    assert "1:02:03" not in without_run_times(after)
    assert len(after.encode()) < LIMIT


def test_the_configuration_is_the_studys(finished: StudyConfig, read: Page) -> None:
    text = portable_text(finished)
    assert " ".join(text.split()) in read.text
    content = yaml.safe_load(text)
    content["cohort"]["dataset"] = finished.cohort.dataset
    assert parse_config({**content, "results": finished.results}, "again.yaml") == finished
    assert hashlib.sha256(text.encode()).hexdigest() in read.text
    assert sha256(Results(finished).patients) in read.text


def test_what_does_not_fit_is_left_out_with_its_reason(finished: StudyConfig) -> None:
    cell = cells(finished)[0]
    reasons = {
        Task("compare"): "setting statistics.bootstrap_resamples 99 -> 999",
        Task("predict", cell): "not made yet",
        Task("figures", "figure1"): "follows <index>",
    }
    text = page(ReportedStudy(finished, reasons))
    read = Page(text)
    assert "The study is not complete" in read.text
    assert "compare (1): setting statistics.bootstrap_resamples 99 -> 999" in read.text
    assert "follows <index>; gfce figures … figure1 makes it" in read.text
    assert "statistics/drops.csv" not in read.values("a", "href")
    assert '"models":["Uni-m2","Pooled-M"]' in text


def test_a_study_that_has_just_been_indexed_has_a_report(
    finished: StudyConfig, tmp_path: Path
) -> None:
    cohort = Results(finished).root / "cohort"
    young = finished.model_copy(update={"results": tmp_path})
    folder = Results(young).root / "cohort"
    folder.mkdir(parents=True)
    for name in ("patients.csv", "training_sets.csv", "exclusions.csv"):
        (folder / name).write_bytes((cohort / name).read_bytes())
    write_report(young)
    read = Page(Results(young).report.read_text(encoding="utf-8"))
    assert read.values("section", "id") == list(SECTIONS)
    for step in ("tabulate", "compare", "quality", "leaks", "figures"):
        assert f"gfce {step}" in read.text


def test_markdown_of_tables_becomes_html() -> None:
    text = "**Table 9. A\\_b**\n\n| Model | MAE |\n| --- | --- |\n| x \\| <y> | **1.0 ± –** |\n"
    read = Page(as_html(text + "\nA note\\* of it.\n\n- one **two**\n"))
    assert read.cells == ["Model", "MAE", "x | <y>", "1.0 ± –"]
    assert [tag for tag, _ in read.tags].count("strong") == 3
    assert "Table 9. A_b" in read.text
    assert "A note* of it." in read.text
    assert [found.get("class") for tag, found in read.tags if tag in ("th", "td")] == [
        *(None, "n", None, "n")
    ]
