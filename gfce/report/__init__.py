"""Figures: what they are, and how they are drawn."""
