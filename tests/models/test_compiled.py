import numba
import pytest

from research_lib.models.compiled import compiled


def test_where_nothing_can_be_cached_it_compiles_all_the_same():
    """Code that stands in no file has no place for a cache, like a library in a folder that is read-only."""
    names: dict = {}
    exec(compile("def double(x):\n    return 2 * x", "<nowhere>", "exec"), names)
    with pytest.raises(RuntimeError, match="cannot cache function"):
        numba.njit(cache=True)(names["double"])
    assert compiled(nogil=True)(names["double"])(21) == 42
