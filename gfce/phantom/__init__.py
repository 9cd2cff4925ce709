"""Physical simulator of head-and-neck MRI: anatomy, tissues, scanners, patients."""

from gfce.phantom.patient import SimulatedPatient, simulate_patient
from gfce.phantom.protocols import Protocol, read_protocols

__all__ = ["Protocol", "SimulatedPatient", "read_protocols", "simulate_patient"]
