"""The experimental design: cells, who is trained on and tested, and where every file lies."""

from gfce.study.cell import (
    AXES,
    CELL_KEYS,
    GROUP_KEYS,
    METHOD_KEYS,
    MODEL_KEYS,
    Axis,
    Cell,
    cells,
    find_cell,
    method_of,
    model_label,
    said_of,
)
from gfce.study.patients import (
    CROSS,
    TABLED_COHORTS,
    adaptation_patients,
    read_patients,
    read_training_set,
    set_aside,
    test_institutions,
    test_patients,
)
from gfce.study.remote import Remote, remotes, with_remotes
from gfce.study.results import Results

__all__ = [
    "AXES",
    "CELL_KEYS",
    "CROSS",
    "GROUP_KEYS",
    "METHOD_KEYS",
    "MODEL_KEYS",
    "TABLED_COHORTS",
    "Axis",
    "Cell",
    "Remote",
    "Results",
    "adaptation_patients",
    "cells",
    "find_cell",
    "method_of",
    "model_label",
    "read_patients",
    "read_training_set",
    "remotes",
    "said_of",
    "set_aside",
    "test_institutions",
    "test_patients",
    "with_remotes",
]
