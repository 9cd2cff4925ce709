"""The leak guard: whether a patient or an image is both in training and in test."""

from gfce.cohort.leaks.step import find_leaks, guard

__all__ = ["find_leaks", "guard"]
