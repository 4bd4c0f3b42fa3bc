import subprocess
import sys

import pytest

from retrato.errors import FolderInUse
from retrato.folder_lock import taken

HOLD = """
import sys
from pathlib import Path
from retrato.folder_lock import taken

with taken(Path(sys.argv[1])):
    print("mine", flush=True)
    sys.stdin.read()
"""


def test_a_folder_is_taken_by_one_process_at_a_time(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with other:
        assert other.stdout.readline() == b"mine\n"
        with pytest.raises(FolderInUse, match="another process"), taken(tmp_path):
            pass
        other.kill()
    with taken(tmp_path):  # a killed process lets it go
        pass


def test_a_folder_can_be_taken_again(tmp_path):
    for _ in range(2):
        with taken(tmp_path):
            pass
