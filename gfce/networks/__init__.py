"""The networks that synthesise contrast-enhanced slices, behind one registry."""
