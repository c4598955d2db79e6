"""Chemical formulas as amounts of elements: ``Ca(OH)2`` holds Ca 1, O 2, H 2."""

import re

_TOKEN = re.compile(r"(?P<element>[A-Z][a-z]?)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<number>\d+\.?\d*|\.\d+)")
_CLOSES = {")": "(", "]": "[", "}": "{"}


def parse_composition(formula: str) -> dict[str, float]:
    """Amounts of the elements of a chemical formula, with brackets within brackets and broken numbers.

    Parameters
    ----------
    formula : str
        Such as ``"K[Al(SO4)2]"`` or ``"Ag0.5Ge1Pb1.75S4"``.

    Returns
    -------
    dict of str to float
        In order of first appearance.

    Raises
    ------
    ValueError
        If something in it is no element, number or bracket, a bracket has no partner, or a number belongs to nothing.
    """
    groups: list[tuple[str, dict[str, float]]] = [("", {})]  # of the brackets that are open, the outermost first
    last: dict[str, float] = {}  # what a number would multiply; already in, once
    place = 0
    while place < len(formula):
        token = _TOKEN.match(formula, place)
        if token is None:
            raise _unread(formula, place, "expected an element, a number or a bracket")
        inside = groups[-1][1]
        if token["element"]:
            last = {token["element"]: 1.0}
            _add(inside, last, 1)
        elif token["open"]:
            groups.append((token["open"], {}))
            last = {}
        elif token["close"]:
            if groups[-1][0] != _CLOSES[token["close"]]:
                raise _unread(formula, place, "it closes no bracket")
            last = groups.pop()[1]
            _add(groups[-1][1], last, 1)
        else:
            if not last:
                raise _unread(formula, place, "the number belongs to nothing")
            _add(inside, last, float(token["number"]) - 1)
            last = {}
        place = token.end()
    if len(groups) > 1:
        raise ValueError(f"{formula!r}: the bracket {groups[-1][0]!r} is not closed.")
    if not groups[0][1] or min(groups[0][1].values()) <= 0:
        raise ValueError(f"{formula!r}: expected at least one element, and more than 0 of each.")
    return groups[0][1]


def _add(amounts: dict[str, float], more: dict[str, float], times: float) -> None:
    for element, amount in more.items():
        amounts[element] = amounts.get(element, 0) + times * amount


def _unread(formula: str, place: int, problem: str) -> ValueError:
    return ValueError(f"{formula!r}, character {place + 1} ({formula[place]!r}): {problem}.")
