"""What is counted on the supervision page: the measures in their groups, and rows of them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a department. ``tone``: how a number above 0 is shown (``bad``, ``warn`` or plain)."""

    key: str
    title: str
    group: str
    tone: str = ""


MEASURES: tuple[Measure, ...] = (
    Measure("waiting", "待办", "办件"),
    Measure("green", "时限充裕", "办件"),
    Measure("amber", "临近截止", "办件", "warn"),
    Measure("red", "已逾期", "办件", "bad"),
    Measure("urged", "督办中", "办件", "bad"),
    Measure("opened", "发起在办", "办件"),
    Measure("in_service", "在用", "目录"),
    Measure("draft", "草稿", "目录"),
    Measure("submitted", "审核中", "目录"),
    Measure("returned", "已退回", "目录", "warn"),
    Measure("retiring", "停用过渡", "目录", "warn"),
    Measure("unconditional", "无条件共享", "共享类型"),
    Measure("conditional", "有条件共享", "共享类型"),
    Measure("withheld", "不予共享", "共享类型"),
    Measure("tables", "登记的表", "编目完整性"),
    Measure("gaps", "未编目", "编目完整性", "bad"),
    Measure("duties", "责任条目", "责任清单"),
    Measure("kept", "已落实", "责任清单"),
    Measure("unacknowledged", "未确认", "责任清单", "warn"),
    Measure("late_loads", "更新逾期", "汇聚", "bad"),
    Measure("changes", "办理中", "目录变更"),
    Measure("changes_late", "已逾期", "目录变更", "bad"),
    Measure("demands_submitted", "待审核", "需求"),
    Measure("demands_open", "待对接", "需求", "warn"),
    Measure("sources", "数源待判定", "一数一源", "warn"),
    Measure("unfiled", "备案缺失", "责任备案", "bad"),
    Measure("profile", "资料缺项", "责任备案", "bad"),
)
BY_KEY: Mapping[str, Measure] = {measure.key: measure for measure in MEASURES}


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers of one department, or of all together; what was not counted is 0."""

    numbers: Mapping[str, int] = field(default_factory=dict)

    def __getitem__(self, key: str) -> int:
        if key not in BY_KEY:  # templates ask for attributes this way first
            raise KeyError(key)
        return self.numbers.get(key, 0)

    def percent(self, done: str, total: str) -> int | None:
        """Whole percent of two of the numbers, rounded down; None when there is nothing to do."""
        return 100 * self[done] // self[total] if self[total] else None

    @property
    def completeness(self) -> int | None:
        """Percent of the registered tables that are answered for."""
        return None if not self["tables"] else 100 * (self["tables"] - self["gaps"]) // self["tables"]

    @property
    def fulfilment(self) -> int | None:
        """Percent of the responsibility list that is kept."""
        return self.percent("kept", "duties")


def sort_value(figures: Figures, key: str) -> int:
    """What rows are sorted by: a measure, ``completeness`` or ``fulfilment``; nothing to do stands last."""
    if key in ("completeness", "fulfilment"):
        found: int | None = getattr(figures, key)
        return 101 if found is None else found
    return figures[key]


def groups(measures: Iterable[Measure] = MEASURES) -> list[tuple[str, int]]:
    """The groups in their order, with how many measures each has."""
    found: dict[str, int] = {}
    for measure in measures:
        found[measure.group] = found.get(measure.group, 0) + 1
    return list(found.items())
