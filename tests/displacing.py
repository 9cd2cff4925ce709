"""Simulated patients, and volumes of them whose headers say that the patient has moved."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk  # noqa: N813

from gfce.images.arrays import Geometry
from gfce.images.modalities import MODALITIES
from gfce.images.volumes import Image, to_image
from gfce.phantom import read_protocols, simulate_patient


def simulated(
    institution: int, index: int = 0, coarsening: float = 2.5, slices: int = 16
) -> dict[str, Image]:
    """The volumes of a patient, and the tumour mask."""
    protocol = read_protocols()[f"Institution-{institution}"]
    patient = simulate_patient(
        protocol, seed=2022, index=index, coarsening=coarsening, slices=slices
    )
    geometry = Geometry(patient.spacing, patient.origin, patient.direction)
    return {name: to_image(patient.images[name], geometry) for name in (*MODALITIES, "tumour")}


def movement(
    about: Image, shift_mm: tuple[float, ...], degrees: tuple[float, ...] = (0.0, 0.0, 0.0)
) -> sitk.Euler3DTransform:
    """A rigid movement about the centre of a volume."""
    made = sitk.Euler3DTransform()
    middle = [(length - 1) / 2 for length in about.GetSize()]
    made.SetCenter(about.TransformContinuousIndexToPhysicalPoint(middle))
    made.SetRotation(*np.radians(degrees))
    made.SetTranslation(shift_mm)
    return made


def displaced(image: Image, by: sitk.Euler3DTransform) -> Image:
    """The same voxels at other places: nothing is interpolated, and the truth is known."""
    made = sitk.Image(image)
    turned = np.reshape(by.GetMatrix(), (3, 3)) @ np.reshape(image.GetDirection(), (3, 3))
    made.SetDirection(turned.ravel().tolist())
    made.SetOrigin(by.TransformPoint(image.GetOrigin()))
    return made


def apart_mm(one: sitk.Transform, other: sitk.Transform, about: Image) -> float:
    """How far two movements take the places of a head apart, on average (mm)."""
    size = np.array(about.GetSize())
    steps = [np.linspace(0.25, 0.75, 5) * (length - 1) for length in size]
    indices = np.stack(np.meshgrid(*steps), axis=-1).reshape(-1, 3).tolist()
    places = [about.TransformContinuousIndexToPhysicalPoint(index) for index in indices]
    apart = [np.subtract(one.TransformPoint(p), other.TransformPoint(p)) for p in places]
    return float(np.linalg.norm(apart, axis=1).mean())
