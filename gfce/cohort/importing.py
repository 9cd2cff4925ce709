"""`gfce import`: the images of a manifest become a BIDS dataset."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gfce.cohort.bids import bids_id
from gfce.cohort.conversions import check_new, import_patients, report_of
from gfce.cohort.defacing import Defacing
from gfce.cohort.import_plan import ImportPlan
from gfce.cohort.manifest import read_manifest
from gfce.cohort.rows import Row, check_files, pending_row
from gfce.errors import UserError
from gfce.progress import progress

ADVICE = ""
"""Lines about a manifest say what to do."""


def import_manifest(
    manifest: Path,
    dataset: Path,
    label: int | None = None,
    *,
    leave_out: bool = False,
    dry_run: bool = False,
    defacing: Defacing | None = None,
) -> str:
    """Write the patients of a manifest as a BIDS dataset, all of them or nothing.

    The manifest is a CSV with the columns patient, institution, t1w, t2w, ce and, optionally,
    tumour_mask; paths are relative to the manifest. A path of a modality may be a folder with the
    DICOM files of one series. An empty path is a modality that the patient lacks: `gfce index` then
    decides about the patient. Voxels stay as they are, except in masks with several labels, of
    which `label` is the tumour's: they become 0 and 1. Of an image's header only the geometry is
    kept, of a DICOM series the fields that `gfce.dicom.sidecars` allows.

    Rows that cannot be imported are an error that names all of them, or with `leave_out` are left
    out. The next try goes on with what was converted (`gfce.cohort.conversions`).

    Returns:
        The report: patients by institution, and who cannot be imported, with the reason. With
        `dry_run` nothing is written and no voxel is read.

    Raises:
        UserError: the manifest is no table, a patient cannot be imported, or the dataset exists
            already.
    """
    rows, problems = read_manifest(manifest)
    check_new(dataset)
    plan = _Rows(ADVICE, problems=problems)
    for row in progress(rows, "check"):
        plan.add_row(row, manifest.parent, label)
    if not dry_run:
        import_patients(plan, dataset, "gfce import", leave_out=leave_out, defacing=defacing)
    return report_of(plan, defacing)


@dataclass
class _Rows(ImportPlan):
    """The rows of a manifest, each checked as it is added."""

    _ids: set[str] = field(default_factory=set)
    _people: dict[tuple[str, str], str] = field(default_factory=dict)

    def add_row(self, row: Row, folder: Path, label: int | None) -> None:
        """Add a row, as a patient or as a problem."""
        try:
            patient_id = bids_id(row["patient"], self._ids)
        except UserError as error:
            self.problems[f"patient {row['patient']}"] = str(error)
            return
        try:
            self._check_person(check_files(row, folder, series=True), row, patient_id)
        except UserError as error:
            self.refuse(patient_id, str(error))
        else:
            self.add(pending_row(patient_id, row, folder, label), row, patient_id)

    def _check_person(self, person: str, row: Row, patient_id: str) -> None:
        """Refuse a second row of one person, who would be in training and test under two names."""
        first = self._people.setdefault((row["institution"], person), patient_id)
        if person and first != patient_id:
            raise UserError(f"its DICOM files have the PatientID of {first}: keep one row")
