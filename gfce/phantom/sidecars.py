"""BIDS metadata of the simulated series."""

from __future__ import annotations

from gfce.phantom.painted import Grid
from gfce.phantom.protocols import Protocol


def sidecar(protocol: Protocol, modality: str, grid: Grid) -> dict[str, object]:
    """BIDS metadata of one series (BIDS specification, Magnetic Resonance Imaging data)."""
    fields: dict[str, object] = {
        "Modality": "MR",
        "Manufacturer": protocol.manufacturer,
        "ManufacturersModelName": protocol.model,
        "MagneticFieldStrength": protocol.field_strength_t,
        "InstitutionName": protocol.name,
        "BodyPartExamined": "HEADNECK",
        "MRAcquisitionType": "2D",
        "ScanningSequence": "SE",
        "SequenceVariant": "SK" if modality == "t2w" else "NONE",
        "ScanOptions": "FS" if protocol.fat_suppression(modality) else "NONE",
        "RepetitionTime": protocol.tr_ms(modality) / 1000,
        "EchoTime": protocol.te_ms(modality) / 1000,
        "SliceThickness": round(grid.thickness_mm, 4),
        "SpacingBetweenSlices": round(grid.spacing_mm, 4),
        "InPlanePhaseEncodingDirectionDICOM": "COL" if protocol.phase_axis == "rows" else "ROW",
    }
    if modality == "ce":
        fields["ContrastBolusIngredient"] = "GADOLINIUM"
        fields["ContrastBolusAgent"] = protocol.agent
    return fields
