"""What the BIDS validator says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def validator_errors(dataset: Path) -> list[str]:
    """The errors of a dataset, each with its file; recommendations are none."""
    program = Path(sys.executable).parent / "bids-validator-deno"
    command = [program, dataset, "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    issues = json.loads(answer.stdout)["issues"]["issues"]
    return [
        f"{issue['code']} {issue.get('subCode', '')} {issue.get('location', '')}"
        for issue in issues
        if issue["severity"] == "error"
    ]
