"""gfce: how contrast-enhanced MRI synthesis without gadolinium generalises across hospitals."""

__version__ = "0.1.0"
