"""A whole study of a patient, with the habits of each vendor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from dicom_files import (
    AGENT,
    T1,
    T2,
    Place,
    Series,
    agent_sequence,
    ge,
    philips,
    philips_frames,
    siemens,
    usage,
    voxels,
    write,
    write_enhanced,
)
from pydicom.uid import RLELossless


def siemens_study(
    root: Path, patient: str, study: str, seed: int, place: Place | None = None
) -> None:
    """Localizer, T1w, T2w, CE and a subtraction; names of files end in .IMA."""
    place = place or Place()

    def one(number: int, kind: int, elements: dict[str, Any], where: Place = place) -> None:
        series = Series(voxels(seed + kind), elements, where, patient, study, number)
        write(series, root / f"S{number}", "{:05d}.IMA")

    one(1, 0, siemens("localizer", **T1, AcquisitionTime="080000"))
    one(2, 1, siemens("t1_tse_tra", **T1, AcquisitionTime="081000"))
    one(3, 2, siemens("t2_tse_tra_fs", **T2, ScanOptions=["FS", "PFP"], AcquisitionTime="082000"))
    after = {"AcquisitionTime": "084000", "ContrastBolusStartTime": "083500"}
    one(4, 3, siemens("t1_tse_tra_fs", **T1, **AGENT, **after, ScanOptions=["FS"]))
    derived = {"ImageType": ["DERIVED", "SECONDARY", "M", "SUB"], "AcquisitionTime": "084000"}
    one(5, 4, siemens("t1_tse_tra_SUB", **T1, **AGENT, **derived))


def ge_study(root: Path, patient: str, study: str, seed: int) -> None:
    """T1w, T2w FS and CE FS in one folder, highest slice first, files without a suffix."""
    place = Place(position=(-15.0, -18.0, 52.0), distance=-4.4)
    fat = {"ScanOptions": ["FAST_GEMS", "SAT_GEMS", "FS"]}
    series = [
        ge("AX T1", **T1, AcquisitionTime="081000"),
        ge("AX T2 FS", **T2, **fat, AcquisitionTime="082000"),
        ge("AX T1 FS +C", **T1, **fat, **AGENT, AcquisitionTime="084000"),
    ]
    for number, elements in enumerate(series, start=1):
        one = Series(voxels(seed + number), elements, place, patient, study, number)
        write(replace(one, syntax=RLELossless), root, f"E1S{number}I{{:d}}")


def philips_study(root: Path, patient: str, study: str, seed: int) -> None:
    """Three multi-frame files; whether contrast was given is said of each frame."""
    agents = {"ContrastBolusAgentSequence": agent_sequence()}
    before, after = usage("NO", "PRE_CONTRAST"), usage("YES", "POST_CONTRAST")
    series: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({**philips("T1W_TSE_tra"), **agents}, {**philips_frames(600, 10), **before}),
        (philips("T2W_SPAIR"), philips_frames(4200, 90, "FAT")),
        ({**philips("T1W_TSE_SPIR"), **agents}, {**philips_frames(600, 10, "FAT"), **after}),
    ]
    for number, (elements, frames) in enumerate(series, start=1):
        time = {"AcquisitionDateTime": f"2020060208{10 * number:02d}00"}
        one = Series(voxels(seed + number), {**elements, **time}, Place(), patient, study, number)
        write_enhanced(one, root / f"XX_{number:04d}.dcm", frames)
