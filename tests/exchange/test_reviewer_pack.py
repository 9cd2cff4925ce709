"""`gfce pack`: what it says is so, it names no patient, and the crate lists what is there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from provenance.pretending import due, steps
from two_hospitals import MARKER, change, copied, gfce

from gfce.config import load_config
from gfce.files import sha256
from gfce.report.reviewer.checklist import CLAIM, TRIPOD_AI
from gfce.report.reviewer.packed_study import SHORT, holds_times
from gfce.report.reviewer.writing import FACTS
from gfce.study import Results, cells

TRIPOD_NUMBERS = """1 2 3a 3b 3c 4 5a 5b 6a 6b 6c 7 8a 8b 8c 9a 9b 9c 10 11 12a 12b 12c 12d 12e
12f 12g 13 14 15 16 17 18a 18b 18c 18d 18e 18f 19 20a 20b 20c 21 22 23a 23b 24 25 26 27a 27b 27c"""
LINK = re.compile(r"\[[^]]+\]\(([^)]+)\)(?: `([0-9a-f]+)`)?")


@pytest.fixture(scope="module")
def packed(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a study with its pack; not to be changed."""
    config = copied(original, tmp_path_factory.mktemp("packed"))
    gfce("pack", config)
    return config


@pytest.fixture
def results(packed: Path) -> Results:
    return Results(load_config(packed))


def written(results: Results) -> dict[Path, str]:
    """The texts of a pack."""
    paths = [*sorted(results.reviewer.rglob("*.md")), results.crate]
    return {path: path.read_text(encoding="utf-8") for path in paths}


def test_items_are_numbered_as_published_and_every_fact_answers_one() -> None:
    assert [item.number for item in CLAIM.items] == [str(number) for number in range(1, 45)]
    assert [item.number for item in TRIPOD_AI.items] == TRIPOD_NUMBERS.split()
    items = [*CLAIM.items, *TRIPOD_AI.items]
    assert all(item.facts or item.authors or item.not_applicable for item in items)
    assert {name for item in items for name in item.facts} == set(FACTS)


def test_nobody_is_named_and_no_path_and_no_date(results: Results, packed: Path) -> None:
    texts = written(results)
    assert len(texts) == 3 + len(cells(load_config(packed))) + 1
    for path, text in texts.items():
        assert MARKER not in text, path
        assert str(packed.parent) not in text, path
        assert not re.search(r"\b20\d\d-\d\d-\d\d", text), path


def test_links_lead_to_files_with_these_checksums(results: Results) -> None:
    checked = 0
    for path, text in written(results).items():
        for target, checksum in LINK.findall(text) if path.suffix == ".md" else ():
            found = path.parent / target
            if not target.startswith("http"):
                assert found.exists(), (path, target)
                assert not checksum or sha256(found)[:SHORT] == checksum
                checked += bool(checksum)
    assert checked > 40


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("models/a/history.csv", True),
        ("models/a/few-shot/history_C.csv", True),
        ("models/a/run.json", True),
        ("report.html", True),
        ("datapackage.json", True),
        ("metrics.csv", False),
        ("models/a/few-shot/weights_C.safetensors", False),
    ],
)
def test_only_files_without_times_have_a_checksum(name: str, times: bool) -> None:
    assert holds_times(name) is times


def test_facts_are_those_of_the_study(results: Results) -> None:
    texts = {path.name: text for path, text in written(results).items()}
    card = texts["DATA_CARD.md"]
    assert "| A | development | 3 | 2 | 1 | 2 | 1 |" in card
    assert "Left out: left out by a person (1)." in card
    assert "10 examined, 1 left out: left out by a person (1); 9 usable." in texts["CLAIM.md"]
    assert "report.html (not made yet, or out of date)" in texts["CLAIM.md"]
    for cell in cells(load_config(next(results.root.parents[1].glob("*.yaml")))):
        model = (results.reviewer / "models" / f"{cell}.md").read_text(encoding="utf-8")
        assert sha256(results.weights(cell)) in model
        assert "**Research, not for diagnosis.**" in model


def references(value: Any) -> Iterator[str]:
    """The ids that an entity refers to."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            assert set(each) == {"@id"}, "entities are flat"
            yield each["@id"]


def graph_of(results: Results) -> dict[str, dict[str, Any]]:
    """The entities of a crate by their ids: described once, flat, and none refers to nothing."""
    content = json.loads(results.crate.read_text(encoding="utf-8"))
    assert content["@context"] == "https://w3id.org/ro/crate/1.2/context"
    graph = {entity["@id"]: entity for entity in content["@graph"]}
    assert len(graph) == len(content["@graph"])
    for entity in graph.values():
        assert entity["@type"] and entity["name"]
        for key, value in entity.items():
            if key != "@type":
                assert all(name in graph or "//" in name for name in references(value)), entity
    return graph


def test_the_crate_is_one_and_lists_what_is_there(results: Results) -> None:
    graph = graph_of(results)
    root = graph[graph["ro-crate-metadata.json"]["about"]["@id"]]
    assert {"name", "description", "license", "hasPart"} <= root.keys()
    assert "datePublished" not in root, "which only the authors can say"
    parts = set(references(root["hasPart"]))
    files = [path for path in results.root.rglob("*") if path.suffix in (".csv", ".safetensors")]
    listed = {
        path.relative_to(results.root).as_posix()
        for path in files
        if not {"checkpoints", "images"} & set(path.parts)
    }
    assert listed
    assert listed | {"datapackage.json", "reviewer/CLAIM.md"} <= parts
    for part in parts:
        if checksum := graph[part].get("sha256"):
            assert checksum == sha256(results.root / part)
            assert graph[part]["contentSize"] == str((results.root / part).stat().st_size)
        else:
            assert part.endswith(("/", "run.json", "history.csv", "datapackage.json")), part


def test_what_the_authors_say_is_in_it_and_makes_nothing_else_due(home: Path) -> None:
    results = Results(load_config(home))
    gfce("pack", home)
    before = written(results)
    words = {"date": "2026-11-28", "license": "https://example.org/cc", "code": "https://x.org"}
    change(home, "publication", **words)
    assert steps(due(load_config(home))) == {"figures", "fingerprint", "report", "pack"}
    gfce("pack", home)
    root = graph_of(results)["./"]
    assert root["datePublished"] == words["date"]
    assert root["license"] == {"@id": words["license"]}
    assert f"Apache-2.0 at {words['code']}" in written(results)[results.reviewer / "CLAIM.md"]
    change(home, "publication", date=None, license=None, code=None)
    gfce("pack", home)
    assert written(results) == before, "the same study gives the same bytes"


def test_a_result_that_does_not_fit_is_no_evidence(home: Path) -> None:
    results = Results(load_config(home))
    table = results.statistics / "scorecard.csv"
    table.write_text(table.read_text() + "\n")
    gfce("pack", home)
    text = (results.reviewer / "CLAIM.md").read_text(encoding="utf-8")
    assert "statistics/scorecard.csv (not made yet, or out of date)" in text
    assert "statistics/scorecard.csv" not in graph_of(results)
