"""Snakemake that asks Slurm every second, whatever the plugin thinks.

While nothing ends, the plugin waits longer and longer between two questions, which spares a real
cluster and would make most of the tests' time.
"""

import sys

from snakemake.cli import main
from snakemake_executor_plugin_slurm import Executor

Executor.next_seconds_between_status_checks = property(lambda executor: 1, lambda *_: None)

if __name__ == "__main__":
    sys.exit(main())
