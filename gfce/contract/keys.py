"""What identifies a cell, a model and a group of models: the fields of `gfce.study.Cell`."""

from __future__ import annotations

from dataclasses import fields

from gfce.study import Cell

CELL_KEYS = tuple(field.name for field in fields(Cell))
"""A trained network."""
MODEL_KEYS = tuple(key for key in CELL_KEYS if key != "seed")
"""A model: a row of the tables, its seeds together."""
GROUP_KEYS = tuple(key for key in MODEL_KEYS if key != "training_set")
"""Models that differ in what they are trained on alone: one table of scores."""
METHOD_KEYS = tuple(key for key in GROUP_KEYS if key != "normalization")
"""Models that differ in their normalization and in what they are trained on alone."""
