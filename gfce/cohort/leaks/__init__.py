"""The leak guard: whether a patient or an image is both in training and in test."""

from gfce.cohort.leaks.step import COLUMNS, find_leaks, guard

__all__ = ["COLUMNS", "find_leaks", "guard"]
