"""The data contract: what every CSV of a study's results holds."""
