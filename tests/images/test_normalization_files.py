"""A normalization is one file: what it declares, and that nothing else is to be written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gfce
from gfce.images.normalizations import NORMALIZATIONS

SQUARE_ROOT = '''
"""Square root of a volume's own Min-Max."""

from dataclasses import dataclass

import numpy as np

from gfce.images.arrays import Volume
from gfce.images.normalizations.base import Normalization, Parameters
from gfce.images.normalizations.maps import AffineMap, Map
from gfce.images.volume_statistics import VolumeStatistics


@dataclass(frozen=True)
class RootMap:
    affine: AffineMap

    def apply(self, volume: Volume) -> Volume:
        return np.sqrt(self.affine.apply(volume))

    def invert(self, volume: Volume) -> Volume:
        return self.affine.invert(volume**2)


class SquareRoot(Normalization):
    letter = "r"
    title = "square root"
    bounded = True

    def map_for(self, statistics: VolumeStatistics, fitted: Parameters) -> Map:
        return RootMap(AffineMap(statistics.minimum, statistics.maximum - statistics.minimum))


NORMALIZATION = SquareRoot()
'''

USE = """
from pathlib import Path

import numpy as np
from cohorts import minimal_config

from gfce.config import parse_config
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.fitting import load_normalization, save_normalization
from gfce.images.modalities import MODALITIES
from gfce.images.normalizations import NORMALIZATIONS
from gfce.images.volume_statistics import VolumeStatistics
from gfce.schema import schema_text
from gfce.study import cells, model_label

config = parse_config(minimal_config(grid={"normalizations": ["square_root"]}), "test.yaml")
print([model_label(config, cell) for cell in cells(config)], NORMALIZATIONS["square_root"].title)
print('"square_root"' in schema_text())
volume = np.array([[[0, 1], [4, 16]]], dtype=np.float32)
statistics = VolumeStatistics.of(volume, np.ones(volume.shape, dtype=bool))
fitted = FittedNormalization.fit("square_root", dict.fromkeys(MODALITIES, [statistics]))
save_normalization(fitted, Path("normalization.json"))
loaded = load_normalization(Path("normalization.json"))
normalized = loaded.normalize("ce", volume, statistics)
print(loaded == fitted, normalized.ravel().tolist())
print(loaded.to_network(normalized).ravel().tolist())
print(loaded.restore("ce", normalized, statistics).ravel().tolist())
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The folder of normalizations in a copy of gfce."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(gfce.__file__).parent, tmp_path / "gfce", ignore=ignore)
    return tmp_path / "gfce" / "images" / "normalizations"


def run(package: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run code with the copy of gfce that a folder of normalizations belongs to."""
    root, tests = package.parents[2], Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{tests}"}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )


def test_normalizations_that_there_are() -> None:
    letters = {name: normalization.letter for name, normalization in NORMALIZATIONS.items()}
    assert letters == {
        "dataset_z_score": "d",
        "min_max": "m",
        "nyul": "n",
        "percentile_min_max": "p",
        "slice_z_score": "s",
        "z_score": "z",
    }


def test_one_file_is_configured_labelled_fitted_kept_and_applied(package: Path) -> None:
    (package / "square_root.py").write_text(SQUARE_ROOT, encoding="utf-8")
    answer = run(package, USE)
    assert answer.stderr == ""
    assert answer.stdout.splitlines() == [
        "['Uni-r1', 'Uni-r2', 'Uni-r3', 'Tri-R'] square root",
        "True",
        "True [0.0, 0.25, 0.5, 1.0]",
        "[-1.0, -0.5, 0.0, 1.0]",
        "[0.0, 1.0, 4.0, 16.0]",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('    letter = "r"\n', "", "TypeError: normalization square_root has no letter"),
        (
            'letter = "r"',
            'letter = "R"',
            "ValueError: normalization square_root has the letter 'R', not one of a to z",
        ),
        (
            'letter = "r"',
            'letter = "m"',
            "ValueError: normalizations min_max and square_root have the same letter 'm'",
        ),
        ('    title = "square root"\n', "", "TypeError: normalization square_root has no title"),
        ("    bounded = True\n", "", "TypeError: normalization square_root has no bounded"),
    ],
)
def test_a_file_that_does_not_declare_everything(
    package: Path, old: str, new: str, message: str
) -> None:
    assert old in SQUARE_ROOT
    (package / "square_root.py").write_text(SQUARE_ROOT.replace(old, new), encoding="utf-8")
    answer = run(package, "import gfce.config")
    assert answer.stderr.splitlines()[-1] == message


def test_normalizations_need_numpy_alone() -> None:
    """A configuration names them, and is checked in a moment."""
    libraries = ["torch", "pandas", "scipy", "SimpleITK", "matplotlib", "seaborn"]
    code = f"import sys, gfce.config\nprint([name for name in {libraries} if name in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_no_module_imports_a_normalization_by_name() -> None:
    """So that provenance sees the file of a cell's own normalization and of no other."""
    root = Path(gfce.__file__).parent
    for path in root.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for name in NORMALIZATIONS:
            assert f"normalizations.{name} import" not in text, path
            assert f"import gfce.images.normalizations.{name}" not in text, path
