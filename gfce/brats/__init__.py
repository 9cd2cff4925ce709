"""Folders as BraTS has them become a BIDS dataset (`gfce.brats.importing`, docs/public-data.md)."""
