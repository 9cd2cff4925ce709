"""report.html in a real browser: it opens from the file alone, and the viewer answers."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from report.browser import IS_THERE, WHY_NOT, Browser, browser, driver

from gfce.config import StudyConfig
from gfce.report.page.writing import SECTIONS

pytestmark = pytest.mark.skipif(not IS_THERE, reason=WHY_NOT)
AXE = importlib.util.find_spec("axe_core_python")
DOWN, UP, RIGHT = "\ue015", "\ue013", "\ue014"
PANELS = "#viewer-panels"
PIXELS = """
const canvas = document.querySelector(`[data-panel=${arguments[0]}] canvas`);
const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
let sum = 0;
for (let i = 0; i < data.length; i += 1) sum += data[i] * (i % 251);
return sum;
"""
TWO_FRAMES = """
return new Promise((done) => setTimeout(() => requestAnimationFrame(() => done(true)), 150));
"""
EVERY_PICTURE = """
const pictures = [...document.images];
pictures.forEach((picture) => { picture.loading = "eager"; });
return Promise.all(pictures.map((picture) => picture.decode())).then(() => true);
"""
"""Pictures far below are decoded when somebody comes near them."""
SELECT = """
const list = document.querySelector(arguments[0]);
list.value = arguments[1];
list.dispatchEvent(new Event("change"));
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with driver() as started:
        yield started


@pytest.fixture
def opened(address: str, report: Path) -> Iterator[Browser]:
    """The page at its viewer, on a desktop."""
    with browser(address) as session:
        session.open(report)
        to_viewer(session)
        yield session


def to_viewer(session: Browser) -> None:
    session.run(f"document.querySelector('{PANELS}').scrollIntoView()")
    session.run(TWO_FRAMES)
    assert "Slice" in status(session)


def status(session: Browser) -> str:
    session.run(TWO_FRAMES)
    text: str = session.run("return document.querySelector('#viewer-status').textContent")
    return text


def pixels(session: Browser, panel: str) -> float:
    session.run(TWO_FRAMES)
    value: float = session.run(PIXELS, panel)
    return value


@pytest.mark.parametrize("width", [1280, 375])
def test_it_opens_from_the_file_alone(
    address: str, report: Path, tmp_path: Path, width: int
) -> None:
    alone = tmp_path / "moved away.html"
    alone.write_bytes(report.read_bytes())
    with browser(address, width) as session:
        session.open(alone)
        to_viewer(session)
        for name in SECTIONS:
            session.run("document.getElementById(arguments[0]).scrollIntoView()", name)
            session.run(TWO_FRAMES)
        session.run(EVERY_PICTURE)
        pictures = "return [...document.images].map((i) => i.complete && i.naturalWidth > 100)"
        assert all(session.run(pictures))
        wide = "return [document.documentElement.scrollWidth, window.innerWidth]"
        assert session.run(wide) == [width, width]
        asked = {url.split(",")[0].split(";")[0] for url in session.requests()}
        assert session.complaints() == []
    assert asked == {alone.as_uri(), "data:image/jpeg", "data:image/png", "data:image/svg+xml"} or (
        asked == {alone.as_uri(), "data:image/jpeg", "data:image/svg+xml"}
    )


def test_the_policy_stops_what_the_page_would_load(opened: Browser) -> None:
    """The test of requests could see one."""
    opened.run("const i = new Image(); i.src = 'https://example.org/x.png'; i.className = 'x'")
    opened.run(TWO_FRAMES)
    assert any("Content Security Policy" in message for message in opened.complaints())


def test_the_viewer_shows_real_synthetic_and_error(opened: Browser, finished: StudyConfig) -> None:
    values = {name: pixels(opened, name) for name in ("ce", "synthetic", "error", "t1w", "t2w")}
    assert len(set(values.values())) == 5
    assert "Pooled-M" in status(opened)
    opened.run(SELECT, "#viewer-model", 0)
    assert pixels(opened, "synthetic") != values["synthetic"]
    assert pixels(opened, "error") != values["error"]
    assert pixels(opened, "ce") == values["ce"]
    assert "MAE × 10³ of Uni-m1" in status(opened)


def test_keys_change_slices_models_and_blink(opened: Browser) -> None:
    before, slice_before = status(opened), pixels(opened, "ce")
    opened.type(PANELS, DOWN)
    assert status(opened) != before
    assert pixels(opened, "ce") != slice_before
    opened.type(PANELS, UP)
    assert status(opened) == before
    assert pixels(opened, "ce") == slice_before
    opened.type(PANELS, "b")
    pressed = "return document.querySelector('#viewer-blink').getAttribute('aria-pressed')"
    assert opened.run(pressed) == "true"
    opened.type(PANELS, "b")
    assert opened.run(pressed) == "false"


def test_blinking_shows_the_real_ce_in_the_synthetic_ones_place(opened: Browser) -> None:
    synthetic, real = pixels(opened, "synthetic"), pixels(opened, "ce")
    assert synthetic != real
    opened.click("#viewer-blink")
    seen = {pixels(opened, "synthetic") for _ in range(12)}
    assert seen == {synthetic, real}
    opened.click("#viewer-blink")
    assert pixels(opened, "synthetic") == synthetic


def test_the_window_is_the_same_for_all_and_can_be_reset(opened: Browser) -> None:
    panels = ("ce", "synthetic", "t1w", "t2w")
    before = {name: pixels(opened, name) for name in panels}
    error = pixels(opened, "error")
    opened.point(
        f"{PANELS} canvas",
        "mouse",
        {"type": "pointerDown", "button": 0},
        {"type": "pointerMove", "x": 60, "y": -40, "origin": "pointer"},
        {"type": "pointerUp", "button": 0},
    )
    assert all(pixels(opened, name) != before[name] for name in panels)
    assert pixels(opened, "error") == error
    opened.click("#viewer-reset")
    assert {name: pixels(opened, name) for name in panels} == before


def test_the_wheel_scrolls_slices_and_then_the_page(opened: Browser) -> None:
    first = opened.run("return [scrollY, document.querySelector('#viewer-slice').max]")
    before = status(opened)
    opened.wheel(f"{PANELS} canvas", 100)
    assert status(opened) != before
    assert opened.run("return scrollY") == first[0]
    for _ in range(int(first[1]) + 1):
        opened.wheel(f"{PANELS} canvas", 100)
        status(opened)
    assert opened.run("return scrollY") > first[0]


def test_a_finger_changes_slices_and_no_window(address: str, report: Path) -> None:
    with browser(address, 375) as session:
        session.open(report)
        to_viewer(session)
        before, window = status(session), "return document.querySelector('#viewer-level').value"
        level = session.run(window)
        session.point(
            f"{PANELS} canvas",
            "touch",
            {"type": "pointerDown", "button": 0},
            {"type": "pointerMove", "x": 30, "y": 0, "origin": "pointer", "duration": 100},
            {"type": "pointerUp", "button": 0},
        )
        assert status(session) != before
        assert session.run(window) == level


@pytest.mark.skipif(AXE is None, reason="axe-core-python is not installed")
@pytest.mark.parametrize("width", [1280, 375])
def test_everybody_can_use_it(address: str, report: Path, width: int) -> None:
    assert AXE
    assert AXE.submodule_search_locations
    folder = Path(AXE.submodule_search_locations[0])
    (script,) = folder.rglob("axe.min.js")
    with browser(address, width) as session:
        session.open(report)
        to_viewer(session)
        session.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        session.run(f"{script.read_text(encoding='utf-8')}; window.axe = axe")
        found = session.run("return axe.run().then((r) => [r.violations, r.passes.length])")
    assert [(v["id"], v["nodes"][0]["html"]) for v in found[0]] == []
    assert found[1] > 20
