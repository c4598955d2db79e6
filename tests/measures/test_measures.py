"""The namespace `research_lib.measures`."""

import inspect
import subprocess
import sys

import pytest

from research_lib import measures


@pytest.mark.parametrize("name", measures.__all__)
def test_a_measure_is_there_and_documented(name):
    assert inspect.getdoc(getattr(measures, name))


def test_measures_are_loaded_only_when_they_are_used():
    code = "import sys; from research_lib import measures; measures.hit_at_k; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
