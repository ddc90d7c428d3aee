"""The project around the code: what is shipped, and what no file may say."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

UNWELCOME = {
    "a package host or index": r"pypi[.]org|pythonhoste[d]|npmjs[.](org|com)|debian[.]org|index-ur[l]|extra-inde[x]",
    "a path of one machine": r"(?<![\w.])/(root|home|work|farm)/",
}
UNFINISHED = r"NotImplementedErro[r]|\bTOD[O]\b|\bFIXM[E]\b|\bXX[X]\b"


def project_files() -> list[Path]:
    """The files git holds; in an unpacked source distribution, all."""
    if not (ROOT / ".git").exists():
        return [path for path in ROOT.rglob("*") if path.is_file() and "." not in path.name[:1]]
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def texts() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8", errors="replace") for path in project_files()}


@pytest.mark.parametrize("what", UNWELCOME)
def test_no_file_names(what: str, texts: dict[str, str]) -> None:
    found = [f"{name}: {match[0]}" for name, text in texts.items() for match in re.finditer(UNWELCOME[what], text)]
    assert found == []


def test_no_source_file_is_left_unfinished(texts: dict[str, str]) -> None:
    assert [name for name, text in texts.items() if name.endswith(".py") and re.search(UNFINISHED, text)] == []


def test_no_source_file_has_more_than_400_lines(texts: dict[str, str]) -> None:
    sizes = {name: text.count("\n") for name, text in texts.items() if re.match(r"convo/.*\.py", name)}
    assert {name: size for name, size in sizes.items() if size > 400} == {}


def build(kind: str, source: Path, target: Path) -> Path:
    """Build a ``wheel`` or an ``sdist`` with the build backend installed here: no environment is made for it."""
    code = f"import hatchling.build, sys; print(hatchling.build.build_{kind}(sys.argv[1]))"
    made = subprocess.run(
        [sys.executable, "-c", code, str(target)], cwd=source, check=True, capture_output=True, text=True
    )
    return target / made.stdout.split()[-1]


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return contents(build("wheel", ROOT, tmp_path_factory.mktemp("wheel")))


def test_the_wheel_holds_every_module_the_migrations_and_the_type_marker(wheel: dict[str, bytes]) -> None:
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "convo").rglob("*.py")}
    shipped = [path for path in (ROOT / "migrations").rglob("*") if path.suffix in (".py", ".mako")]
    migrations = {f"convo/{path.relative_to(ROOT)}" for path in shipped}
    assert migrations
    assert modules | migrations | {"convo/py.typed"} <= set(wheel)


def test_the_wheel_holds_nothing_else(wheel: dict[str, bytes]) -> None:
    tops = {name.partition("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"convo"}
    assert [name for name in wheel if name.endswith(".pyc") or "/tests/" in name] == []


def test_the_wheel_carries_licence_and_command(wheel: dict[str, bytes]) -> None:
    named = {name.partition(".dist-info/")[2]: data for name, data in wheel.items() if ".dist-info/" in name}
    assert named["licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert b"convo = convo.cli:main" in named["entry_points.txt"]


def test_the_source_distribution_builds_the_same_wheel(wheel: dict[str, bytes], tmp_path: Path) -> None:
    with tarfile.open(build("sdist", ROOT, tmp_path)) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    assert contents(build("wheel", source, tmp_path)) == wheel
