"""Training of one model and synthesis with it, from arrays alone."""

from gfce.training.data import TrainingSlices
from gfce.training.interruption import STOPPED_EXIT_CODE, TrainingStopped
from gfce.training.loop import TrainedModel, train
from gfce.training.synthesis import synthesize
from gfce.training.weights import import_weights, initial_weights, load_generator, save_weights

__all__ = [
    "STOPPED_EXIT_CODE",
    "TrainedModel",
    "TrainingSlices",
    "TrainingStopped",
    "import_weights",
    "initial_weights",
    "load_generator",
    "save_weights",
    "synthesize",
    "train",
]
