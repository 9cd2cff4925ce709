"""Implicit shapes against distances known in closed form, and the canvas."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gfce.phantom.canvas import Canvas
from gfce.phantom.contours import read_surface
from gfce.phantom.shapes import Ellipsoid, Stack, Tube, coverage, smooth_union


def points(*xyz: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y, z = (np.array([v], np.float32) for v in xyz)
    return x, y, z


def canvas(voxel: float = 1.0) -> Canvas:
    axis = np.arange(-20, 20, voxel, dtype=np.float32)
    z, y, x = np.meshgrid(np.float32([-1, 1]), axis, axis, indexing="ij")
    return Canvas(x, y, z, voxel, {})


def test_coverage_is_half_at_the_surface() -> None:
    assert coverage(np.float32([-2, 0, 0.25, 2]), 1.0) == pytest.approx([1, 0.5, 0.25, 0])


@pytest.mark.parametrize(("radius", "distance"), [(4.0, -1.0), (5.0, 0.0), (7.0, 2.0)])
def test_sphere(radius: float, distance: float) -> None:
    direction = np.array([2.0, -1.0, 2.0]) / 3
    sphere = Ellipsoid((0, 0, 0), (5, 5, 5))
    assert sphere.distance(*points(*(radius * direction))) == pytest.approx(distance, abs=1e-4)


def test_tube_round_its_path() -> None:
    tube = Tube(np.array([[0.0, 0, 0], [0, 0, 10]]), np.array([1.0, 3.0]))
    assert tube.distance(*points(4, 0, 5)) == pytest.approx(4 - 2)
    assert tube.distance(*points(0, 3, -4)) == pytest.approx(5 - 1)


def test_stack_follows_its_sections() -> None:
    stack = Stack(np.array([[-20.0, 0, 0, 4, 8, 0], [20, 10, 0, 4, 8, 0]]))
    assert stack.distance(*points(5 + 4, 0, 0)) == pytest.approx(0, abs=0.05)
    assert stack.distance(*points(5, 8, 0)) == pytest.approx(0, abs=0.05)
    assert stack.distance(*points(5, 0, 30)) > 10


def test_smooth_union_is_never_smaller_than_either() -> None:
    a, b = np.float32([-3, 1, 5]), np.float32([2, 1, -1])
    joined = smooth_union(a, b, 4.0)
    assert (joined <= np.minimum(a, b) + 1e-6).all()
    assert joined[1] == pytest.approx(0.0)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["fat", "muscle", "csf"]),
            st.floats(-15, 15),
            st.floats(1, 12),
            st.floats(0.1, 1),
        ),
        max_size=6,
    )
)
def test_fractions_always_sum_to_one(strokes: list[tuple[str, float, float, float]]) -> None:
    board = canvas()
    for tissue, x, radius, strength in strokes:
        shape = Ellipsoid((x, 0, 0), (radius, radius, radius)).distance(board.x, board.y, board.z)
        board.paint(tissue, shape, strength=strength)
    assert board.fractions.sum(axis=0) == pytest.approx(1.0, abs=1e-5)
    assert board.fractions.min() >= -1e-6


def test_partial_volume_conserves_area() -> None:
    areas = []
    for voxel in (0.5, 2.0):
        board = canvas(voxel)
        board.paint("muscle", np.hypot(board.x, board.y) - 9)
        areas.append(float(board.fractions[board.index["muscle"], 0].sum()) * voxel**2)
    assert areas[0] == pytest.approx(np.pi * 81, rel=0.02)
    assert areas[1] == pytest.approx(areas[0], rel=0.03)


@pytest.mark.parametrize("side", [1, -1])
def test_shapes_are_painted_on_their_side(side: int) -> None:
    board = canvas()
    board.paint_shape({"fat": 0.5, "muscle": 0.5}, Ellipsoid((10, 0, 0), (4, 5, 3)), side)
    fat = board.fractions[board.index["fat"]]
    assert fat[:, 20, 20 + 10 * side] == pytest.approx(0.5)
    assert fat[:, 20, 20 - 10 * side] == pytest.approx(0.0)


def test_window_finds_the_mirror_image() -> None:
    board = canvas()
    bounds = np.array([[10.0, 14.0], [-2.0, 2.0], [-5.0, 5.0]])
    left, right = board.window(bounds), board.window(bounds, -1)
    assert left is not None and right is not None
    assert board.x[left].max() >= 14
    assert board.x[right].min() <= -14
    assert board.window(bounds + 100) is None


def test_head_contour_passes_through_its_points() -> None:
    head = read_surface("head")
    assert abs(float(head.distance(*points(72, 36, 5))[0])) < 1.5
    assert float(head.distance(*points(0, 20, 5))[0]) < -40
    assert float(head.distance(*points(0, 150, 5))[0]) > 20
