"""Tissue tables and the contrast equations against hand-worked values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfce.errors import UserError
from gfce.phantom.scanner import enhancement_percent, flow_void, spin_echo
from gfce.phantom.tissues import Tissue, agent_at, enhanced, tissue_names, tissues_at

AGENTS = ("gadoterate", "gadobutrol", "gadopentetate")
# Worked out for the study at 1.5 T, TR 600 ms, TE 14 ms (percent).
EXPECTED = {
    "mucosa": 87,
    "tumour_npc": 68,
    "muscle": 22,
    "parotid": 22,
    "marrow": 11,
    "grey_matter": 7,
    "white_matter": 4,
    "fat": 1,
    "csf": 0,
}


def percents(agent: str) -> dict[str, float]:
    return {
        t.name: enhancement_percent(t, agent, 1.5, 600.0, 14.0)
        for t in tissues_at(1.5)
        if t.name in EXPECTED
    }


def test_expected_enhancement_is_that_of_gadopentetate() -> None:
    # Seven tissues round to the listed figure; mucosa (88.3) and parotid (22.8) miss it by 1.4 and
    # 0.8 points, more than rounding: the list was made with a slightly larger r2.
    found = percents("gadopentetate")
    for tissue, percent in EXPECTED.items():
        slack = 1.5 if tissue in ("mucosa", "parotid") else 0.5
        assert found[tissue] == pytest.approx(percent, abs=slack), tissue


def test_no_other_agent_comes_closer() -> None:
    misfit = {a: max(abs(percents(a)[t] - p) for t, p in EXPECTED.items()) for a in AGENTS}
    assert min(misfit, key=misfit.__getitem__) == "gadopentetate"


def test_expected_enhancement_rounds_with_the_3t_transverse_relaxivity() -> None:
    # r1 4.3 (1.5 T) with r2 5.2 (the 3 T value) gives the whole list, parotid (22.51) at its edge.
    agent = type(agent_at("gadopentetate", 1.5))("mixed", 4.3, 5.2)
    for tissue in tissues_at(1.5):
        if tissue.name in EXPECTED:
            after = enhanced(tissue, agent, tissue.uptake_mmol_per_l)
            before = spin_echo(tissue, 600, 14)
            percent = 100 * (spin_echo(after, 600, 14) / before - 1)
            assert percent == pytest.approx(EXPECTED[tissue.name], abs=0.52)


def test_signal_by_hand() -> None:
    # 0.8 (1 - e^(-600/1008)) e^(-14/44) = 0.8 * 0.44857 * 0.72748
    muscle = next(t for t in tissues_at(1.5) if t.name == "muscle")
    assert spin_echo(muscle, 600, 14) == pytest.approx(0.26106, abs=2e-5)
    # Long TR and short TE leave the proton density.
    assert spin_echo(muscle, 1e7, 0.0) == pytest.approx(0.80)


def test_uptake_by_hand() -> None:
    # 1/T1 = 1 + 4.3 * 0.6 = 3.58 1/s; 1/T2 = 1/0.095 + 4.6 * 0.6 = 13.286 1/s
    mucosa = next(t for t in tissues_at(1.5) if t.name == "mucosa")
    bathed = enhanced(mucosa, agent_at("gadopentetate", 1.5), 0.6)
    assert bathed.t1_ms == pytest.approx(1000 / 3.58)
    assert bathed.t2_ms == pytest.approx(1000 / (1000 / 95 + 2.76))


@pytest.mark.parametrize(
    ("velocity", "te", "thickness", "part"),
    [(0, 90, 4, 1.0), (100, 20, 4, 0.75), (600, 90, 4, 0.0), (8, 90, 4, 0.91)],
)
def test_flow_void_by_hand(velocity: float, te: float, thickness: float, part: float) -> None:
    assert flow_void(velocity, te, thickness) == pytest.approx(part)


def test_given_values_are_carried_over() -> None:
    csf = next(t for t in tissues_at(3.0) if t.name == "csf")
    assert (csf.t1_ms, csf.t2_ms, csf.pd, csf.uptake_mmol_per_l) == (4160, 2100, 1.0, 0.0)
    assert tissue_names()[0] == "air"
    assert agent_at("gadobutrol", 3.0).r2 == 7.1


def test_unknown_field_strength_and_agent() -> None:
    with pytest.raises(UserError, match="field strength 7 T"):
        tissues_at(7.0)
    with pytest.raises(UserError, match="'water'"):
        agent_at("water", 1.5)


relaxing = st.builds(
    Tissue,
    name=st.just("any"),
    pd=st.floats(0.1, 1.0),
    t1_ms=st.floats(200, 4500),
    t2_ms=st.floats(5, 2200),
)


@given(relaxing, st.floats(0, 2), st.sampled_from(AGENTS), st.sampled_from((1.5, 3.0)))
def test_contrast_agent_only_shortens(
    tissue: Tissue, concentration: float, agent: str, field: float
) -> None:
    bathed = enhanced(tissue, agent_at(agent, field), concentration)
    assert bathed.t1_ms <= tissue.t1_ms * (1 + 1e-9)
    assert bathed.t2_ms <= tissue.t2_ms * (1 + 1e-9)


@given(relaxing, st.floats(100, 8000), st.floats(1, 120))
def test_signal_is_bounded_and_decays(tissue: Tissue, tr: float, te: float) -> None:
    signal = spin_echo(tissue, tr, te)
    assert 0 <= signal <= tissue.pd
    assert spin_echo(tissue, tr, te + 1) <= signal
    assert spin_echo(tissue, tr + 1, te) >= signal
    assert not math.isnan(signal)
