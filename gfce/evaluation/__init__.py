"""Prediction of synthetic CE volumes and their scores."""
