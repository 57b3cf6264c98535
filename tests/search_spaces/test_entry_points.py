from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from search_spaces.entry_points import load_extensions
from tests.search_spaces.packages import install

GROUP = "nas.test_extensions"


def number(name: str, loaded: object) -> int:
    if not isinstance(loaded, int):
        raise ValueError(f"got {loaded!r}, allowed: numbers")
    return loaded


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_entry_point_is_offered_under_its_name(site):
    install(site, "good", GROUP, {"answer": "plugin_good:ANSWER"}, plugin_good="ANSWER = 42")
    extensions = load_extensions(GROUP, number, taken=())
    assert (extensions.found, extensions.refused) == ({"answer": 42}, {})
    assert extensions.refusal("answer") == ""


@pytest.mark.parametrize(
    ("entry", "source", "reason"),
    [
        ("plugin_a:X", "import no_such_module", "ModuleNotFoundError: No module named 'no_such"),
        ("plugin_b:X", "raise RuntimeError('old\\nlibrary')", "RuntimeError: old library"),
        ("plugin_c:X", "import sys; sys.exit(3)", "SystemExit: 3"),
        ("plugin_d:X", "x = (", "SyntaxError: "),
        ("plugin_e:X", "Y = 1", "AttributeError: "),
        ("plugin_f:X", "X = 'one'", "got 'one', allowed: numbers"),
    ],
)
def test_broken_package_is_left_out_with_a_warning_that_names_it(
    site, caplog, entry, source, reason
):
    install(site, "broken-one", GROUP, {"thing": entry}, **{entry.partition(":")[0]: source})
    install(site, "good", GROUP, {"answer": "plugin_good:ANSWER"}, plugin_good="ANSWER = 42")
    extensions = load_extensions(GROUP, number, taken=())
    assert extensions.found == {"answer": 42}
    (warning,) = caplog.messages
    assert warning.startswith(
        f"entry point 'thing' ({GROUP}) of package 'broken-one' is left out: {reason}"
    )
    assert "\n" not in warning
    assert extensions.refusal("thing") == f"; {warning}"


def test_name_that_is_ours_or_taken_is_refused(site, caplog):
    install(site, "a-first", GROUP, {"twice": "plugin_one:X"}, plugin_one="X = 1")
    install(site, "b-second", GROUP, {"twice": "plugin_two:X"}, plugin_two="X = 2")
    install(site, "thief", GROUP, {"ours": "plugin_three:X"}, plugin_three="X = 3")
    extensions = load_extensions(GROUP, number, taken=("ours",))
    assert extensions.found == {"twice": 1}
    assert "'thief' is left out: the name 'ours' is one of ours" in caplog.text
    assert "'b-second' is left out: another package offers 'twice' too" in caplog.text


OPERATIONS_MODULE = """
from search_spaces.cell.operations import Operation

THEFT = Operation("conv_3x3", "not ours", "plugin_block:Block")
HALF = Operation("half", "no such class", "plugin_block:Missing")
PICKY = Operation("picky", "refuses its arguments", "plugin_block:Picky", {"level": 3})
NOWHERE = Operation("nowhere", "no such module", "no_such_plugin:Block")
RENAMED = Operation("other", "another name", "plugin_block:Picky")
NESTED = Operation("nested", "no value for code", "plugin_block:Picky", {"level": [1]})
"""

BLOCK_MODULE = """
from torch import nn

class Picky(nn.Module):
    def __init__(self, in_channels, out_channels, stride, *, level):
        raise ValueError(f"level {level} is too high")
"""


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    names = ("conv_3x3", "half", "picky", "nowhere", "renamed", "nested")
    values = ("THEFT", "HALF", "PICKY", "NOWHERE", "RENAMED", "NESTED")
    entries = {n: f"plugin_operations:{v}" for n, v in zip(names, values, strict=True)}
    install(
        tmp_path,
        "their-operations",
        "nas.operations",
        entries,
        plugin_operations=OPERATIONS_MODULE,
        plugin_block=BLOCK_MODULE,
    )
    spaces = {"cell": "plugin_spaces:Any", "unfinished": "plugin_spaces:Unfinished"}
    module = """
    from search_spaces import SearchSpace

    class Any: ...
    class Unfinished(SearchSpace):
        name = "unfinished"
    """
    install(tmp_path, "their-spaces", "nas.search_spaces", spaces, plugin_spaces=module)
    return tmp_path


def nas(plugins: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(plugins), str(Path.cwd())])
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments],
        env=os.environ | {"PYTHONPATH": path, "NAS_DATA_DIR": str(plugins / "data")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_service_goes_on_beside_broken_packages_and_says_what_is_wrong(plugins):
    listed = nas(plugins, "spaces", "--json")
    assert listed.returncode == 0, listed.stderr
    assert '"unfinished"' not in listed.stdout
    for named in (
        "'cell' (nas.search_spaces) of package 'their-spaces' is left out: the name 'cell' is one",
        "of package 'their-spaces' is left out: Unfinished does not define architecture, ",
    ):
        assert named in listed.stderr


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("nowhere", "no operation 'nowhere'.*its Operation.block is 'no_such_plugin:Block'"),
        ("renamed", "no operation 'renamed'.*its Operation.name is 'other', allowed: 'renamed'"),
        ("nested", r"no operation 'nested'.*its argument level=\[1\], allowed: names with a"),
        ("half", "operation 'half': cannot import its block plugin_block:Missing"),
        ("picky", r"operation 'picky': plugin_block:Picky\(.*level=3\) failed: .*is too high"),
    ],
)
def test_architecture_of_a_broken_operation_is_refused_with_the_reason(
    plugins, tmp_path, operation, message
):
    cell = f'{{"blocks": [{{"inputs": [0, 1], "operations": ["{operation}", "identity"]}}]}}'
    file = tmp_path / "architecture.json"
    file.write_text(
        f'{{"space": "cell", "normal": {cell}, "reduction": {cell}, "repeats": 1, "filters": 4}}'
    )
    done = nas(plugins, "analyze", str(file))
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith("nas: error: ")

    assert re.search(message, last), last
