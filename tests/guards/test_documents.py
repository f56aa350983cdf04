"""What the documents say about the program is true."""

import importlib
import pkgutil
import re
from pathlib import Path

import yishu
from yishu.config.environment import VARIABLES
from yishu.kernel.events import Event

ROOT = Path(yishu.__file__).parent.parent
DOCS = ROOT / "docs"


def test_configuration_lists_exactly_the_known_variables() -> None:
    text = (DOCS / "configuration.md").read_text()
    listed = set(re.findall(r"^\| `(YISHU_[A-Z_]+)` \|", text, re.MULTILINE))
    assert {name for name in listed if not name.startswith("YISHU_TEST_")} == VARIABLES


def test_test_variables_are_listed() -> None:
    text = (DOCS / "configuration.md").read_text()
    used = {
        name
        for path in [*(ROOT / "tests").rglob("*.py"), *(ROOT / "yishu").rglob("*.py"), ROOT / "Makefile"]
        for name in re.findall(r"YISHU_TEST_[A-Z_]*[A-Z]", path.read_text())
    }
    assert used <= set(re.findall(r"YISHU_TEST_[A-Z_]*[A-Z]", text))


def test_events_are_documented() -> None:
    for module in pkgutil.walk_packages(yishu.__path__, "yishu."):
        if module.name.endswith(".messages"):
            importlib.import_module(module.name)
    text = (DOCS / "events.md").read_text()
    events = {event.__name__ for event in Event.__subclasses__() if event.__module__.startswith("yishu.")}
    assert events
    assert set(re.findall(r"^\| `([A-Z]\w+)", text, re.MULTILINE)) == events


def test_architecture_folder_map_is_true() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    listed = set(re.findall(r"^  ([a-z_]+)/ ", text, re.MULTILINE))
    folders = {path.name for path in (ROOT / "yishu").iterdir() if path.is_dir() and not path.name.startswith("_")}
    assert listed == folders


def test_readme_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for document in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        named = set(re.findall(r"`make ([a-z-]+)", document.read_text()))
        assert named <= targets, f"{document.name}: {sorted(named - targets)}"
