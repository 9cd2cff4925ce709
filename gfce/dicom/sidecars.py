"""The JSON beside an image: an allow-list of protocol fields, none of them free text.

A number is a number within bounds, a term is one of the standard's, a manufacturer one of a list;
whatever else a file holds is not written. Names and units are those of BIDS 1.10 (Magnetic
Resonance Imaging data): times in seconds.
"""

from __future__ import annotations

from gfce.cohort.sidecars import STRONGEST_T
from gfce.dicom.acquisitions import Acquisition
from gfce.dicom.choosing import Verdict

MANUFACTURERS = {
    "siemens": "Siemens",
    "philips": "Philips",
    "ge medical": "GE",
    "ge health": "GE",
    "general electric": "GE",
    "canon": "Canon",
    "toshiba": "Toshiba",
    "hitachi": "Hitachi",
    "fujifilm": "Fujifilm",
    "uih": "UIH",
    "united imaging": "UIH",
}
"""Beginnings of Manufacturer (0008,0070), and the name that is written."""
SCANNING_SEQUENCES = ("SE", "IR", "GR", "EP", "RM")
SEQUENCE_VARIANTS = ("SK", "MTC", "SS", "TRSS", "SP", "MP", "OSP", "NONE")
SCAN_OPTIONS = ("PER", "RG", "CG", "PPG", "FC", "PFF", "PFP", "SP", "FS")
"""Terms of PS3.3, table C.8-4."""
LARGEST = 1e6


def sidecar(verdict: Verdict, institution: str, days: int | None) -> dict[str, object]:
    """The fields of a series that may be told.

    `days` is the time since the patient's first study (None: it is the only one, or unknown).
    """
    acquisition = verdict.stack.acquisition
    fields: dict[str, object] = {
        "Modality": "MR",
        "InstitutionName": institution,
        "FatSuppression": verdict.facts.fat_suppression,
        **_terms(acquisition),
        **_numbers(acquisition),
        "SpacingBetweenSlices": round(verdict.stack.slice_distance_mm, 4),
    }
    if verdict.outcome == "CE":
        fields["ContrastBolusIngredient"] = "GADOLINIUM"
    if days is not None:
        fields["DaysSinceFirstStudy"] = days
    return fields


def _terms(acquisition: Acquisition) -> dict[str, object]:
    terms: dict[str, object] = {
        "Manufacturer": _manufacturer(acquisition.manufacturer),
        "MRAcquisitionType": _known((acquisition.acquisition_type,), ("2D", "3D")),
        "ScanningSequence": _known(acquisition.scanning_sequence, SCANNING_SEQUENCES),
        "SequenceVariant": _known(acquisition.sequence_variant, SEQUENCE_VARIANTS),
        "ScanOptions": _known(acquisition.scan_options, SCAN_OPTIONS),
    }
    return {name: term for name, term in terms.items() if term}


def _numbers(acquisition: Acquisition) -> dict[str, object]:
    numbers = {
        "MagneticFieldStrength": (acquisition.field_strength_t, 1.0, float(STRONGEST_T)),
        "RepetitionTime": (acquisition.repetition_time_ms, 1000.0, LARGEST),
        "EchoTime": (acquisition.echo_time_ms, 1000.0, LARGEST),
        "InversionTime": (acquisition.inversion_time_ms, 1000.0, LARGEST),
        "FlipAngle": (acquisition.flip_angle_deg, 1.0, 360.0),
        "EchoTrainLength": (acquisition.echo_train_length, 1.0, LARGEST),
        "NumberOfAverages": (acquisition.averages, 1.0, LARGEST),
        "PixelBandwidth": (acquisition.bandwidth_hz, 1.0, LARGEST),
        "SliceThickness": (acquisition.thickness_mm, 1.0, 100.0),
    }
    return {
        name: round(number / unit, 9)
        for name, (number, unit, largest) in numbers.items()
        if number is not None and 0 < number <= largest
    }


def _manufacturer(text: str) -> str:
    plain = text.casefold()
    return next((name for part, name in MANUFACTURERS.items() if plain.startswith(part)), "")


def _known(given: tuple[str, ...], terms: tuple[str, ...]) -> str:
    """The standard's terms among those given, as BIDS writes several."""
    return "_".join(term for term in given if term in terms)
