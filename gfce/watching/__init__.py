"""How far a study is, while it runs: logs, Slurm's queue, the state of each cell."""
