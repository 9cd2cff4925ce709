"""The study's configuration: typed, described key by key, and the only reader of config files."""

from gfce.config.grid import Grid, Network, Repair
from gfce.config.reading import load_config, parse_config
from gfce.config.sections import (
    Bids,
    Cohort,
    Dissection,
    Evaluation,
    Images,
    Publication,
    Report,
    Simulation,
    Statistics,
    StudyConfig,
    Training,
)
from gfce.config.values import Identifier

__all__ = [
    "Bids",
    "Cohort",
    "Dissection",
    "Evaluation",
    "Grid",
    "Identifier",
    "Images",
    "Network",
    "Publication",
    "Repair",
    "Report",
    "Simulation",
    "Statistics",
    "StudyConfig",
    "Training",
    "load_config",
    "parse_config",
]
