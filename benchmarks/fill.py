"""Fill the numbers of README.md and RESULTS.md in from what benchmarks and real runs wrote: ``make results``.

A number stands between ``<!--n FILE/KEY/… FORMAT-->`` and ``<!--/n-->``, a table between ``<!--t FILE/TABLE-->`` and
``<!--/t-->`` on lines of their own. FILE is the name of a benchmark (`benchmarks/results/FILE.json`) or of a notebook
(`figures/FILE/records.json`, written when its real run is published). A table's marker may choose and round columns:
``columns="hit@10,MRR" digits=3 more=MRR``. No number is copied by hand, so none can disagree;
`tests/test_results.py` fails when this would change a page.
"""

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from research_lib.files import write_atomically
from research_lib.runner.records import decode

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "RESULTS.md")
NUMBER = re.compile(r"<!--n (?P<path>.+?) (?P<format>[^\s>-]+)-->.*?<!--/n-->")
TABLE = re.compile(r'<!--t (?P<path>.+?)(?P<options>(?: \w+=(?:"[^"]*"|\S+?))*)-->\n.*?<!--/t-->', re.DOTALL)


@cache
def read(name: str) -> dict[str, Any]:
    """What a benchmark or the real run of a notebook left."""
    for path in (ROOT / "benchmarks" / "results" / f"{name}.json", ROOT / "figures" / name / "records.json"):
        if path.exists():
            return decode(json.loads(path.read_text(encoding="utf-8")))
    raise SystemExit(
        f"{name}: no benchmarks/results/{name}.json and no figures/{name}/records.json to fill it in from."
    )


def look_up(path: str) -> Any:
    """The value at ``FILE/KEY/…``; keys may hold blanks and commas."""
    file, *keys = path.split("/")
    value = read(file)
    for key in keys:
        value = value["rows"] if "rows" in value and key not in value else value
        if key not in value:
            raise SystemExit(f"{path}: no {key!r}, there are: {', '.join(map(str, value))}.")
        value = value[key]
    return value


def as_number(match: re.Match) -> str:
    value = format(look_up(match["path"]), match["format"])
    return f"<!--n {match['path']} {match['format']}-->{value}<!--/n-->"


def as_table(match: re.Match) -> str:
    """Rows of models, columns of measures, the best number of a column in bold."""
    table = look_up(match["path"])
    is_kept = "rows" in table  # by a benchmark; a notebook's record is the rows alone
    rows, better = (table["rows"], dict(table["better"])) if is_kept else (table, {})
    options = dict(option.split("=", 1) for option in re.findall(r"\w+=(?:\"[^\"]*\"|\S+)", match["options"]))
    options = {name: text.strip('"') for name, text in options.items()}
    for side in ("more", "less"):
        better |= dict.fromkeys(options[side].split(","), side) if side in options else {}
    columns = options["columns"].split(",") if "columns" in options else list(next(iter(rows.values())))
    digits = int(options.get("digits", 3))
    cells = {name: {column: known(values.get(column)) for column in columns} for name, values in rows.items()}
    best = {
        column: (max if side == "more" else min)(
            (values[column] for values in cells.values() if values[column] is not None), default=None
        )
        for column, side in better.items()
        if column in columns
    }
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, values in cells.items():
        texts = [shown(values[column], digits, values[column] == best.get(column, ...)) for column in columns]
        lines.append(f"| {name} | " + " | ".join(texts) + " |")
    note = f"\n\n`{table['command']}`" if is_kept else ""
    return f"<!--t {match['path']}{match['options']}-->\n" + "\n".join(lines) + note + "\n<!--/t-->"


def known(value: Any) -> Any:
    """None for NaN: a measure that a model does not have."""
    return None if value != value else value


def shown(value: Any, digits: int, is_best: bool) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    is_count = abs(value) >= 100 or (abs(value) >= 2 and float(value).is_integer())
    text = f"{value:,.0f}" if is_count else f"{value:.{digits}f}"
    return f"**{text}**" if is_best else text


def fill(text: str) -> str:
    """The page with all its numbers and tables as they were measured last."""
    return TABLE.sub(as_table, NUMBER.sub(as_number, text))


def main() -> None:
    for name in PAGES:
        path = ROOT / name
        before = path.read_text(encoding="utf-8")
        after = fill(before)
        write_atomically(path, after.encode())
        print(f"{name}: {'filled in anew' if after != before else 'as it was'}", file=sys.stderr)


if __name__ == "__main__":
    main()
