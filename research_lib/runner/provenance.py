"""Where the numbers of a run come from: versions, commit and machine."""

import platform
import subprocess
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("research_lib", "numpy", "torch", "scikit-learn", "papermill")


def provenance(task: dict[str, Any], started: datetime, seconds: float) -> dict[str, Any]:
    """What ``provenance.json`` holds; None where git or a package is missing."""
    source = Path(task["notebook"])
    status = _git(source.parent, "status", "--porcelain")
    return {
        "notebook": source.stem,
        "parameters": task["parameters"],
        "versions": {"python": platform.python_version()} | {package: _version(package) for package in PACKAGES},
        "commit": _git(source.parent, "rev-parse", "--verify", "HEAD"),
        "dirty": None if status is None else bool(status),
        "cpu": _cpu(),
        "threads": task["threads"],
        "started": started.isoformat(timespec="seconds"),
        "seconds": seconds,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git(folder: Path, *command: str) -> str | None:
    try:
        answer = subprocess.run(["git", "-C", folder, *command], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
