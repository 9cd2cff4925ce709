"""The elements that are read of a file; no other enters the memory.

Those that identify (the first group) serve grouping, pseudonyms and intervals, and nothing else:
the Basic Application Level Confidentiality Profile (PS3.15, Annex E) removes or replaces them.
"""

from __future__ import annotations

IDENTIFYING = (
    *("PatientID", "IssuerOfPatientID", "PatientName", "OtherPatientNames", "OtherPatientIDs"),
    *("PatientBirthDate", "PatientSex", "InstitutionName"),
    *("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"),
    *("StudyDate", "AcquisitionDate", "SeriesDate", "AcquisitionTime", "AcquisitionDateTime"),
    *("SeriesDescription", "ContrastBolusStartTime"),
)
GEOMETRY = (
    *("Rows", "Columns", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient"),
    *("SliceThickness", "SpacingBetweenSlices", "NumberOfFrames", "ImagesInAcquisition"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
)
PIXELS = ("SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BurnedInAnnotation")
ACQUISITION = (
    *("Manufacturer", "MagneticFieldStrength", "MRAcquisitionType", "ImageType"),
    *("ScanningSequence", "SequenceVariant", "ScanOptions", "EchoPulseSequence"),
    *("RepetitionTime", "EchoTime", "InversionTime", "FlipAngle", "EchoTrainLength"),
    *("NumberOfAverages", "PixelBandwidth", "EchoPlanarPulseSequence"),
    *("ContrastBolusAgent", "ContrastBolusIngredient", "ContrastBolusAgentSequence"),
)
KEYWORDS = ("SOPClassUID", "SeriesNumber", *IDENTIFYING, *GEOMETRY, *PIXELS, *ACQUISITION)
