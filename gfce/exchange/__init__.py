"""Models go to another hospital, scores come back; patients stay where they are."""
