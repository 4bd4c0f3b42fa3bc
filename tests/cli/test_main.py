import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from retrato.cli import main
from retrato.cli.main import COMMANDS, retrato
from retrato.errors import UnknownWeights


def modules_after(code):
    script = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import retrato",
        "from retrato.cli.main import retrato; retrato(['--help'], standalone_mode=False)",
        *(
            f"from retrato.cli.main import retrato; retrato(['{command}', '--help'], standalone_mode=False)"
            for command in COMMANDS
        ),
    ],
)
def test_importing_and_help_load_neither_torch_nor_opencv(code):
    assert modules_after(code) & {"torch", "cv2", "numpy", "PIL"} == set()


def test_help_is_instant():
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "retrato.cli.main", "--help"], check=True, capture_output=True)
    assert time.perf_counter() - started < 2  # 0.1 s on a quiet machine; the aim is 0.4


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    result = CliRunner().invoke(retrato, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_what_retrato_refuses_is_one_line_and_exit_code_1(monkeypatch, capsys):
    def refuse():
        raise UnknownWeights("no weights called 'best'")

    monkeypatch.setattr(main, "retrato", refuse)
    with pytest.raises(SystemExit) as stopped:
        main.main()
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "retrato: no weights called 'best'\n"


def test_an_unknown_command_is_a_wrong_option():
    assert CliRunner().invoke(retrato, ["repair"]).exit_code == 2
