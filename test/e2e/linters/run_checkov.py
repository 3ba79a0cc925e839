"""Runs checkov on each folder by itself, and prints what it says as JSON.

One process for all of them, since importing checkov takes seconds. Its own command line mixes the objects of several
folders: a NetworkPolicy of one would count for the pods of another.
"""

import json
import sys

from checkov.kubernetes.runner import Runner
from checkov.runner_filter import RunnerFilter


def judge(folder: str) -> dict:
    report = Runner().run(root_folder=folder, runner_filter=RunnerFilter(framework=["kubernetes"]))
    return {
        "passed": len(report.passed_checks),
        "skipped": [record.check_id for record in report.skipped_checks],
        "unreadable": list(report.parsing_errors),
        "failed": [
            {"rule": record.check_id, "message": record.check_name, "file": record.file_path}
            for record in report.failed_checks
        ],
    }


print(json.dumps({folder: judge(folder) for folder in sys.argv[1:]}))
