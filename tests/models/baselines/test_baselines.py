"""What a user finds in the namespace `baselines`, and what it does not load."""

import subprocess
import sys

import pytest

from research_lib.models import baselines


@pytest.mark.parametrize("name", baselines.__all__)
def test_a_baseline_is_there_and_documented(name):
    assert getattr(baselines, name).__doc__


def test_the_baselines_do_without_torch():
    command = "import sys, research_lib.models.baselines; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", command], check=True)
