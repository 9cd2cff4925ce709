"""DICOM trees of hospitals become a BIDS dataset (`gfce.dicom.importing`, docs/dicom.md).

No other part of gfce imports pydicom or dcm2niix.
"""
