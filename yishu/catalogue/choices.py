"""Lists of the law as choices of a form; cascades as one grouped choice, so that no script is needed."""

from typing import Any

from yishu.catalogue import guide
from yishu.catalogue.demands import Demands
from yishu.law.kinds import Option

Choices = list[tuple[str, Any]]


def choices(entries: tuple[guide.Entry, ...] | tuple[Option, ...], empty: str = "") -> Choices:
    """Pairs of key and title for a select; ``empty`` is the label of choosing none."""
    return ([("", empty)] if empty else []) + [(e.key, e.title) for e in entries]


def class_choices(law: Demands) -> Choices:
    """类 → 项 as one choice: ``3-07``."""
    groups = [
        (c.title, [(f"{c.key}-{i.key}", f"{i.key} {i.title}") for i in c.items]) for c in guide.entries(law, "classes")
    ]
    return [("", "请选择"), *groups]


def format_choices(law: Demands) -> Choices:
    """格式分类 → 格式类型 as one choice: ``3:postgresql``."""
    forms = guide.entries(law, "format_classes")
    return [("", "请选择"), *((f.title, [(f"{f.key}:{t}", t) for t in f.types]) for f in forms)]


def mode_choices(law: Demands) -> Choices:
    """共享方式分类 → 共享方式类型 as one choice: ``platform:interface``."""
    kinds = guide.entries(law, "share_mode_types")
    return [
        (c.title, [(f"{c.key}:{t.key}", t.title) for t in kinds if t.of == c.key])
        for c in guide.entries(law, "share_mode_classes")
    ]
