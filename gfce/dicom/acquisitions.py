"""How a series was acquired, as one of its files says.

Sources: DICOM PS3.3, C.8.3.1 (MR Image Module), C.7.6.4 (Contrast/Bolus Module), C.7.6.4b (Enhanced
Contrast/Bolus Module), C.7.6.16.2.12 (Contrast/Bolus Usage macro), C.8.13.4 (MR Pulse Sequence
Module), C.8.13.5 (MR functional group macros). Times are in ms, as in DICOM.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Literal

from pydicom.dataset import Dataset

from gfce.dicom import tags
from gfce.dicom.frames import group

Stage = Literal["unknown", "before", "after", "during"]
"""Whether images were acquired before or after the injection, or some before and some after."""
HALF_A_DAY = tags.SECONDS_PER_DAY / 2
SUPPRESSED = ("FAT", "FAT_AND_WATER")
"""Values of Spectrally Selected Suppression (0018,9025) that suppress fat."""


@dataclass(frozen=True)
class Acquisition:
    """Parameters that rules look at and sidecars hold; None or empty: the file does not say."""

    manufacturer: str = field(default="", repr=False)
    """Free text, of which only a known name is ever written."""
    field_strength_t: float | None = None
    acquisition_type: str = ""
    """`2D` or `3D`."""
    image_type: tuple[str, ...] = ()
    scanning_sequence: tuple[str, ...] = ()
    sequence_variant: tuple[str, ...] = ()
    scan_options: tuple[str, ...] = ()
    repetition_time_ms: float | None = None
    echo_time_ms: float | None = None
    inversion_time_ms: float | None = None
    flip_angle_deg: float | None = None
    echo_train_length: float | None = None
    averages: float | None = None
    bandwidth_hz: float | None = None
    thickness_mm: float | None = None
    distance_mm: float | None = None
    """Spacing Between Slices, as the header declares it."""
    fat_suppressed: bool = False
    """By Spectrally Selected Suppression, which only enhanced images have."""
    agent: str = field(default="", repr=False)
    """Contrast/Bolus Agent, free text: never written."""
    ingredient: str = ""
    stage: Stage = "unknown"
    acquired: float | None = field(default=None, repr=False)
    """When, in seconds: to compare with others, never written."""


def classic_acquisition(dataset: Dataset) -> Acquisition:
    """The parameters of a file of one image."""
    agents = tags.item(dataset, "ContrastBolusAgentSequence")
    acquired = _acquired(dataset)
    return Acquisition(
        manufacturer=tags.text(dataset, "Manufacturer"),
        field_strength_t=tags.number(dataset, "MagneticFieldStrength"),
        acquisition_type=tags.text(dataset, "MRAcquisitionType"),
        image_type=tags.codes(dataset, "ImageType"),
        scanning_sequence=tags.codes(dataset, "ScanningSequence"),
        sequence_variant=tags.codes(dataset, "SequenceVariant"),
        scan_options=tags.codes(dataset, "ScanOptions"),
        repetition_time_ms=tags.number(dataset, "RepetitionTime"),
        echo_time_ms=tags.number(dataset, "EchoTime"),
        inversion_time_ms=tags.number(dataset, "InversionTime"),
        flip_angle_deg=tags.number(dataset, "FlipAngle"),
        echo_train_length=tags.number(dataset, "EchoTrainLength"),
        averages=tags.number(dataset, "NumberOfAverages"),
        bandwidth_hz=tags.number(dataset, "PixelBandwidth"),
        thickness_mm=tags.number(dataset, "SliceThickness"),
        distance_mm=tags.number(dataset, "SpacingBetweenSlices"),
        agent=tags.text(dataset, "ContrastBolusAgent") or tags.text(agents, "CodeMeaning"),
        ingredient=tags.text(dataset, "ContrastBolusIngredient").upper(),
        stage=_stage_by_time(acquired, tags.text(dataset, "ContrastBolusStartTime")),
        acquired=acquired,
    )


def enhanced_acquisition(dataset: Dataset) -> Acquisition:
    """The parameters of a multi-frame file: those of its first frame where frames may differ."""
    shared = tags.item(dataset, "SharedFunctionalGroupsSequence")
    frames = list(tags.items(dataset, "PerFrameFunctionalGroupsSequence"))
    first = frames[0] if frames else Dataset()
    timing = group(first, shared, "MRTimingAndRelatedParametersSequence")
    modifier = group(first, shared, "MRModifierSequence")
    measures = group(first, shared, "PixelMeasuresSequence")
    common = classic_acquisition(dataset)
    ingredients = tags.item(dataset, "ContrastBolusAgentSequence")
    agents = tags.value(dataset, "ContrastBolusAgentSequence")
    return replace(
        common,
        scanning_sequence=_sequence_of(dataset, modifier) or common.scanning_sequence,
        repetition_time_ms=tags.number(timing, "RepetitionTime"),
        echo_time_ms=tags.number(group(first, shared, "MREchoSequence"), "EffectiveEchoTime"),
        inversion_time_ms=tags.number(modifier, "InversionTimes"),
        flip_angle_deg=tags.number(timing, "FlipAngle"),
        echo_train_length=tags.number(timing, "EchoTrainLength"),
        averages=tags.number(group(first, shared, "MRAveragesSequence"), "NumberOfAverages"),
        bandwidth_hz=tags.number(modifier, "PixelBandwidth"),
        thickness_mm=tags.number(measures, "SliceThickness"),
        distance_mm=tags.number(measures, "SpacingBetweenSlices"),
        fat_suppressed=tags.text(modifier, "SpectrallySelectedSuppression") in SUPPRESSED,
        agent=common.agent or ("named by its code" if agents else ""),
        ingredient=common.ingredient or _ingredient(ingredients),
        stage=_stage_of_frames(frames, shared) if agents else common.stage,
    )


def _acquired(dataset: Dataset) -> float | None:
    """Acquisition DateTime, or the date and time that classic images have."""
    whole = tags.text(dataset, "AcquisitionDateTime")
    dates = (tags.text(dataset, f"{of}Date") for of in ("Acquisition", "Series", "Study"))
    classic = tags.moment(next(filter(None, dates), ""), tags.text(dataset, "AcquisitionTime"))
    return (
        classic if classic is not None else tags.moment(whole[:8], re.split("[+-]", whole[8:])[0])
    )


def _stage_by_time(acquired: float | None, injected: str) -> Stage:
    start = tags.seconds(injected)
    if acquired is None or start is None:
        return "unknown"
    later = acquired % tags.SECONDS_PER_DAY - start
    # The injection has a time but no date: across midnight nothing is known.
    if abs(later) > HALF_A_DAY:
        return "unknown"
    return "after" if later >= 0 else "before"


def _stage_of_frames(frames: list[Dataset], shared: Dataset) -> Stage:
    """What the Contrast/Bolus Usage macro says of the frames (C.7.6.16.2.12)."""
    stages: set[Stage] = set()
    for frame in frames:
        usage = group(frame, shared, "ContrastBolusUsageSequence")
        administered = tags.text(usage, "ContrastBolusAgentAdministered")
        if not administered:
            return "unknown"
        early = tags.text(usage, "ContrastBolusAgentPhase") == "PRE_CONTRAST"
        stages.add("before" if administered != "YES" or early else "after")
    return stages.pop() if len(stages) == 1 else "during" if stages else "unknown"


def _sequence_of(dataset: Dataset, modifier: Dataset) -> tuple[str, ...]:
    """The terms of Scanning Sequence (0018,0020) that the enhanced elements stand for."""
    echo = tags.text(dataset, "EchoPulseSequence")
    terms = {
        "SE": echo in ("SPIN", "BOTH"),
        "GR": echo in ("GRADIENT", "BOTH"),
        "IR": tags.text(modifier, "InversionRecovery") == "YES",
        "EP": tags.text(dataset, "EchoPlanarPulseSequence") == "YES",
    }
    return tuple(term for term, applies in terms.items() if applies)


def _ingredient(agents: Dataset) -> str:
    meaning = tags.text(
        tags.item(agents, "ContrastBolusIngredientCodeSequence"), "CodeMeaning"
    ).upper()
    return "GADOLINIUM" if "GADO" in meaning else "OTHER" if meaning else ""
