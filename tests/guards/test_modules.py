"""Sizes, layers and imports hold."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.models import Model

import yishu

PACKAGE = Path(yishu.__file__).parent
ROOT = PACKAGE.parent
LONGEST = 500
ORDER = [
    "ledger",
    "orgs",
    "cases",
    "registers",
    "catalogue",
    "stewardship",
    "collection",
    "sharing",
    "supervision",
    "config",
]
"""Contexts with models, lowest first (ARCHITECTURE.md)."""
FREE_PACKAGES = ("kernel", "law", "lake", "security", "quality", "gateway", "runtime")
FREE_MODULES = ("rules", "plane", "ports")
LEDGER_WITH_DJANGO = ("actions", "apps", "queries")


def _modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_modules_are_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in [*_modules(), *(ROOT / "tests").rglob("*.py")]
        if (lines := len(path.read_text().splitlines())) > LONGEST
    }
    assert not long


def test_package_inits_only_explain() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        if "migrations" in path.parts:
            continue
        module = ast.parse(path.read_text())
        assert ast.get_docstring(module), f"{path} has no docstring"
        rest = [node for node in module.body[1:] if not _is_version(node)]
        assert not rest, f"{path} holds more than its docstring"


def _is_version(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__"


def _django_free() -> list[str]:
    names = []
    for path in _modules():
        parts = path.relative_to(PACKAGE).parts
        free = (
            parts[0] in FREE_PACKAGES
            or path.stem in FREE_MODULES
            or (parts[0] == "ledger" and path.stem not in LEDGER_WITH_DJANGO)
            or parts in (("config", "environment.py"), ("config", "secrets.py"))
        )
        if free:
            names.append(_dotted(path))
    return names


def test_django_free_modules_never_load_django() -> None:
    names = _django_free()
    assert len(names) > 20
    # One interpreter, one module after another: the first that brings Django in is named.
    program = (
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        "    if 'django' in sys.modules:\n"
        "        sys.exit(name)\n"
    )
    ended = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_foreign_keys_never_point_up() -> None:
    wrong = []
    for model in apps.get_models():
        owner = _context(model)
        if owner is None:
            continue
        for field in model._meta.get_fields():
            target = getattr(field, "related_model", None)
            if field.auto_created or not isinstance(target, type) or not issubclass(target, Model):
                continue
            other = _context(target)
            if other is not None and ORDER.index(other) > ORDER.index(owner):
                wrong.append(f"{model._meta.label}.{field.name} → {target._meta.label}")
    assert not wrong


def _context(model: type[Model]) -> str | None:
    parts = model.__module__.split(".")
    return parts[1] if parts[0] == "yishu" else None


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_import_contracts_hold() -> None:
    ended = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_layer_is_named() -> None:
    text = (ROOT / ".importlinter").read_text()
    contexts = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - {"packs", "runtime"}
    assert not {name for name in contexts if f"yishu.{name}" not in text}


def test_no_imports_inside_functions_without_reason() -> None:
    for path in _modules():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if "noqa: PLC0415" in line:
                assert line.split("PLC0415", 1)[1].strip(), f"{path}:{number} gives no reason"
