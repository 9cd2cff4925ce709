"""Volumes, resampling, normalizations and the store of resampled patients."""
