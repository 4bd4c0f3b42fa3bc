import pytest

from retrato.errors import UnusableData
from retrato.evaluation.groups import read_groups


def test_faces_are_known_by_the_first_column_without_folders_and_endings(tmp_path):
    (tmp_path / "groups.csv").write_text("file,split,age\nold/a.webp,x,child\nb.png,y,adult\n")
    assert read_groups(tmp_path / "groups.csv", "age") == {"a": "child", "b": "adult"}


def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path):
    (tmp_path / "groups.csv").write_text("file,age\na,child\n")
    with pytest.raises(UnusableData, match="no column 'skin' after the names; its columns: file, age"):
        read_groups(tmp_path / "groups.csv", "skin")


def test_a_picture_is_no_csv(tmp_path):
    (tmp_path / "groups.csv").write_bytes(b"\x89PNG\r\n\xff\xfe")
    with pytest.raises(UnusableData, match="not a readable CSV"):
        read_groups(tmp_path / "groups.csv", "age")
