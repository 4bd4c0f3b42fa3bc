"""Which group each face is counted in, as a CSV file says."""

import csv
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from retrato.errors import UnusableData


def read_groups(path: Path, column: str) -> Mapping[str, str]:
    """Group by a face's name without folders and ending; the first column has the names.

    Raises:
        UnusableData: the file cannot be read, or has no such column.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            columns = list(rows.fieldnames or [])
            if column not in columns[1:]:
                raise UnusableData(
                    f"{path} has no column {column!r} after the names; its columns: {', '.join(columns) or 'none'}"
                )
            return {PurePosixPath(row[columns[0]] or "").stem: row[column] or "" for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnusableData(f"{path} is not a readable CSV file: {error}") from error
