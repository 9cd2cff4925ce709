"""The leak guard: what must not be the same in training and test, and whether it is."""

from gfce.cohort.leaks.step import find_leaks, guard

__all__ = ["find_leaks", "guard"]
