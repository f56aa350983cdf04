"""Pages of responsibility lists."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from yishu.kernel.errors import NotAllowed
from yishu.orgs.models import Department, RoleKind
from yishu.orgs.queries import may_act
from yishu.pages.lists import PER_PAGE, page_of, read_list_query
from yishu.pages.parts import FacetOption
from yishu.pages.sheets import Column, sheet_response
from yishu.stewardship import access, lists
from yishu.stewardship.models import Responsibility
from yishu.stewardship.reading import Reader, chosen, cycle_titles, reader, whole

SORTS = {"name": ("name",)}
ORDERS = {"name", "-name", "kept", "-kept", "lines", "-lines"}
_SHEET = (
    Column("责任部门", 20), Column("责任单位", 20), Column("数据资源", 30), Column("资源代码", 24), Column("数据元素", 50),
    Column("更新周期", 10), Column("来源", 12), Column("依据", 30), Column("落实情况", 12), Column("最近装载", 18),
)  # fmt: skip
TONES = {"fresh": "good", "stale": "warn", "missing": "bad"}
LINE_SORTS = {"title": ("title", "pk"), "unit": ("unit", "title"), "cadence": ("cadence", "title")}


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """``/stewardship/responsibilities/``: every department's list with version, acknowledgement and fulfilment, as a chart in the table."""
    who = reader(request)
    query = read_list_query(request, SORTS, "name")
    departments = Department.objects.filter(jurisdiction=who.home, active=True, is_authority=False).order_by("name")
    if not access.oversees(who.person, who.at):
        departments = access.own_departments(who.person, who.at).order_by("name")
    if query.text:
        departments = departments.filter(name__icontains=query.text)
    rows = lists.standings(list(departments), who.at)
    state = chosen(request, "state", ("waiting", "acknowledged", "none"))
    counts = {key: sum(_state(r) == key for r in rows) for key in ("waiting", "acknowledged", "none")}
    rows = [r for r in rows if not state or _state(r) == state]
    sort = request.GET.get("sort", "")
    if sort.removeprefix("-") == "kept":
        rows.sort(key=lambda r: -1 if r.kept.percent is None else r.kept.percent, reverse=sort.startswith("-"))
    elif sort.removeprefix("-") == "lines":
        rows.sort(key=lambda r: r.kept.total, reverse=sort.startswith("-"))
    elif sort == "-name":
        rows.reverse()
    if request.GET.get("export") == "xlsx":
        return _summary_sheet(rows)
    done, total = sum(r.kept.done for r in rows), sum(r.kept.total for r in rows)
    titles = {"waiting": "新版未确认", "acknowledged": "已确认", "none": "尚无清单"}
    context = {
        "page": Paginator(rows, PER_PAGE).get_page(query.page),
        "states": [FacetOption(k, titles[k], n) for k, n in counts.items() if n],
        "applies": lists.applies(who.home, who.at),
        "reference": lists.reference(who.home, who.at),
        "authority": who.authority,
        "done": done,
        "total": total,
        "narrowed": bool(query.text or state),
        "export": _export(request),
    }
    return render(request, "stewardship/responsibilities.html", context)


def _state(row: lists.Standing) -> str:
    if row.version is None:
        return "none"
    return "acknowledged" if row.version.acknowledged_at else "waiting"


def _export(request: HttpRequest) -> str:
    query = request.GET.copy()
    query["export"] = "xlsx"
    return "?" + query.urlencode()


def _summary_sheet(rows: list[lists.Standing]) -> HttpResponse:
    columns = ("部门", "版本", "形成时间", "确认人", "确认时间", "责任条目", "已落实", "落实率（%）")
    shown = (
        (
            r.department.name, r.number or None, r.version.made_at if r.version else None,
            r.version.acknowledged_by.name if r.version and r.version.acknowledged_by else "",
            r.version.acknowledged_at if r.version else None, r.kept.total, r.kept.done, r.kept.percent,
        )
        for r in rows
    )  # fmt: skip
    return sheet_response("责任清单落实情况", columns, shown)


@login_required
@require_GET
def department_list(request: HttpRequest, department_id: int) -> HttpResponse:
    """``/stewardship/responsibilities/<department>/``: the lines of a version (``?version=``), how they are kept, outside collection."""
    who = reader(request)
    department = _readable(who, department_id)
    versions = list(lists.versions_of(department)[:50])
    current = versions[0] if versions else None
    number = lists.check_version(request.GET.get("version", ""), current.number if current else 0)
    query = read_list_query(request, LINE_SORTS, "title")
    rows = lists.lines_of(department, number).order_by(*query.order)
    if query.text:
        rows = rows.filter(title__icontains=query.text) | rows.filter(elements__contains=[query.text])
    kind = chosen(request, "kind", Responsibility.Kind.values)
    if kind:
        rows = rows.filter(kind=kind)
    cycles = cycle_titles(who.view)
    if request.GET.get("export") == "xlsx":
        return _sheet(department, list(rows[:50_000]), cycles, who)
    page = page_of(rows, query)
    held = lists.fulfilment(list(page), who.at)
    context: dict[str, Any] = {
        "department": department,
        "page": page,
        "rows": [(e, held[e.pk], TONES[held[e.pk].state], cycles.get(e.cadence, e.cadence)) for e in page],
        "versions": versions,
        "version": next((v for v in versions if v.number == number), None) if number else current,
        "old": number is not None,
        "kept": lists.standings([department], who.at)[0].kept,
        "outside": lists.outside_list(department),
        "kinds": [FacetOption(k, t) for k, t in Responsibility.Kind.choices],
        "may_acknowledge": bool(
            current and not current.acknowledged_at and may_act(who.person, RoleKind.RESPONSIBLE, department, who.at).allowed
        ),
        "applies": lists.applies(who.home, who.at),
        "reference": lists.reference(who.home, who.at),
        "unique": access.reference(who.view, "collection.source_unique"),
        "narrowed": bool(query.text or kind),
        "export": _export(request),
    }  # fmt: skip
    return render(request, "stewardship/responsibility.html", context)


def _readable(who: Reader, department_id: int) -> Department:
    department = lists.department_of(who.person, department_id)
    if not access.oversees(who.person, who.at):
        own = access.own_departments(who.person, who.at).filter(pk=department.pk)
        if not own.exists():
            raise NotAllowed(
                "只能查看本部门的责任清单",
                remedy="请从“责任清单”进入本部门",
                object_=department.name,
                code="stewardship.not_yours",
            )
    return department


def _sheet(department: Department, rows: list[Responsibility], cycles: dict[str, str], who: Reader) -> HttpResponse:
    held = lists.fulfilment(rows, who.at)
    shown = (
        (
            department.name, e.unit, e.title, e.code, "、".join(e.elements), cycles.get(e.cadence, e.cadence), e.get_kind_display(), e.basis,
            held[e.pk].words, held[e.pk].newest,
        )
        for e in rows
    )  # fmt: skip
    return sheet_response(f"{department.name}采集责任清单", _SHEET, shown)


@login_required
@require_POST
def acknowledge(request: HttpRequest, department_id: int) -> HttpResponse:
    """POST ``…/<department>/acknowledge/``: the responsible person takes note of the current version."""
    who = reader(request)
    seen = whole(request.POST.get("version")) or 0
    version = lists.acknowledge_list(department_id=department_id, seen_version=seen, by=who.person, at=who.at)
    messages.success(request, f"已确认第 {version.number} 版责任清单")
    return redirect("stewardship-responsibility", department_id)


@login_required
@require_POST
def rebuild(request: HttpRequest) -> HttpResponse:
    """POST ``/stewardship/responsibilities/rebuild/``: the authority breaks the whole catalogue down anew."""
    who = reader(request)
    changed = lists.rebuild(jurisdiction=who.home, by=who.person, at=who.at)
    messages.success(request, f"已依总目录分解，{changed} 个部门的责任清单有变化")
    return redirect("stewardship-responsibilities")
