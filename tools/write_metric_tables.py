"""Write the tables of docs/metrics.md from the metrics and the catalog: run it after changing either.

python tools/write_metric_tables.py
"""

from pathlib import Path

from retrato.metrics.table import METRICS
from retrato.weights.catalog import published_file

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
BEGIN, END = "<!-- {} -->\n", "<!-- end of {} -->\n"


def main() -> None:
    """Replace what stands between the marks."""
    PAGE.write_text(with_tables(PAGE.read_text()))


def with_tables(page: str) -> str:
    """The page with both tables as they are now."""
    for name, table in (("metrics", metrics_table()), ("files", files_table())):
        before, rest = page.split(BEGIN.format(name))
        _, after = rest.split(END.format(name))
        page = f"{before}{BEGIN.format(name)}\n{table}\n{END.format(name)}{after}"
    return page


def metrics_table() -> str:
    """One row for each metric."""
    rows = ["| name | what | better | compares | says | does not say | needs | source |", "|" + "---|" * 8]
    for each in METRICS:
        needs = " or ".join(" and ".join(choice) for choice in each.weights)
        what = f"{each.title} ({each.unit})" if each.unit else each.title
        cells = (f"`{each.name}`", what, each.better, each.compares, each.says, each.does_not_say, needs, each.source)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def files_table() -> str:
    """One row for each file that some metric needs."""
    names = dict.fromkeys(name for each in METRICS for choice in each.weights for name in choice)
    rows = ["| name | file | what | licence | fetched from |", "|---|---|---|---|---|"]
    for name in [*names, "ffhq-512-statistics"]:
        each = published_file(name)
        source = each.urls[0] if each.urls else each.page
        rows.append(f"| {name} | {each.file_name} | {each.purpose} | {each.licence} | {source or 'nowhere'} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
