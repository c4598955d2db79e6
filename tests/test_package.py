"""The public names: they are there, and each class of them is tested somewhere."""

import inspect
from pathlib import Path

import pytest

import research_lib


@pytest.mark.parametrize("name", research_lib.__all__)
def test_a_public_name_is_there_and_documented(name):
    assert inspect.getdoc(getattr(research_lib, name))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="No research_lib attribute Embeding"):
        research_lib.Embeding  # noqa: B018


def test_every_public_class_has_a_test():
    tests = "".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.rglob("test_*.py"))
    classes = [name for name in research_lib.__all__ if inspect.isclass(getattr(research_lib, name))]
    assert classes
    assert [name for name in classes if f"{name}(" not in tests and f"{name}.from" not in tests] == []
