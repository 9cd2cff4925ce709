"""The leak guard: what must not be the same in training and test, and whether it is."""

from gfce.cohort.leaks.step import COLUMNS, find_leaks, guard

__all__ = ["COLUMNS", "find_leaks", "guard"]
