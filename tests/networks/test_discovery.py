"""Declarations of networks, read without running their modules."""

from pathlib import Path

import pytest
from cohorts import minimal_config

from gfce.config import parse_config
from gfce.errors import UserError
from gfce.networks import mmgsn_net, pix2pix, unet
from gfce.networks.architecture import Architecture
from gfce.networks.discovery import architectures


def test_the_networks_of_the_package_as_their_modules_declare_them() -> None:
    assert list(architectures().items()) == [
        ("mmgsn_net", mmgsn_net.ARCHITECTURE),
        ("pix2pix", pix2pix.ARCHITECTURE),
        ("unet", unet.ARCHITECTURE),
    ]


@pytest.mark.parametrize(
    ("source", "declared"),
    [
        ("ARCHITECTURE = Architecture()", Architecture()),
        ("ARCHITECTURE: Architecture = Architecture(work=2)", Architecture(work=2)),
        (
            "import absent\nARCHITECTURE = architecture.Architecture(\n    width_multiple=3,\n)\n",
            Architecture(width_multiple=3),
        ),
    ],
)
def test_a_network_of_the_user_s_own(folder: Path, source: str, declared: Architecture) -> None:
    (folder / "mine.py").write_text(source)
    assert architectures()["mine"] == declared


def test_modules_that_declare_nothing_are_no_networks(folder: Path) -> None:
    (folder / "helper.py").write_text("from gfce.networks.architecture import Architecture\n")
    (folder / "nested.py").write_text("def build():\n    ARCHITECTURE = Architecture()\n")
    (folder / "typed.py").write_text("ARCHITECTURE: Architecture\n")
    assert list(architectures()) == ["mmgsn_net", "pix2pix", "unet"]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("Architecture(work=WORK)", "ARCHITECTURE: work: write the value out, not WORK"),
        ("Architecture(work=8 / 2)", "ARCHITECTURE: work: write the value out, not 8 / 2"),
        (
            "Architecture(widht_multiple=8)",
            "ARCHITECTURE: unknown keyword widht_multiple (known: width_multiple, "
            "matrix_multiple, smallest_matrix, parameters, work)",
        ),
        (
            "Architecture(**LIMITS)",
            "ARCHITECTURE: unknown keyword LIMITS (known: width_multiple, matrix_multiple, "
            "smallest_matrix, parameters, work)",
        ),
        ("Architecture(8)", "ARCHITECTURE: give Architecture(...) with keywords only"),
        ("LIMITS", "ARCHITECTURE: give Architecture(...) with keywords only"),
        (
            "Architecture(width_multiple=0)",
            "ARCHITECTURE: width_multiple: give a whole number above 0, not 0",
        ),
        (
            "Architecture(smallest_matrix=3.5)",
            "ARCHITECTURE: smallest_matrix: give a whole number above 0, not 3.5",
        ),
        ("Architecture(work='1')", "ARCHITECTURE: work: give a number above 0, not '1'"),
        ("Architecture(work=True)", "ARCHITECTURE: work: give a number above 0, not True"),
        ("Architecture(", "not valid Python (line 1): '(' was never closed"),
    ],
)
def test_a_wrong_declaration_is_one_line(folder: Path, source: str, problem: str) -> None:
    (folder / "mine.py").write_text(f"ARCHITECTURE = {source}\n")
    with pytest.raises(UserError) as caught:
        parse_config(minimal_config(), "config.yaml")
    assert str(caught.value) == f"gfce/networks/mine.py: {problem}"


def test_a_configuration_is_held_to_what_is_declared(folder: Path) -> None:
    (folder / "mine.py").write_text("ARCHITECTURE = Architecture(matrix_multiple=3)\n")
    content = minimal_config(images={"matrix": [42, 40]}, grid={"networks": {"mine": {}}})
    with pytest.raises(UserError, match=r"matrix: 42 x 40 is not divisible by 3, as mine needs"):
        parse_config(content, "config.yaml")
