"""Training of one model and synthesis with it, from arrays alone."""
