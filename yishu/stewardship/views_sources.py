"""Pages of the one-source registry."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from yishu.kernel.errors import NotFound, PublicError
from yishu.orgs.models import RoleKind
from yishu.pages.lists import page_of, read_list_query
from yishu.pages.parts import FacetOption
from yishu.pages.sheets import Column, sheet_response
from yishu.stewardship import access, sourcing
from yishu.stewardship.forms import SourceForm, typed_by
from yishu.stewardship.models import Cluster, Member
from yishu.stewardship.reading import Reader, chosen, department_facet, reader, revision, state_facet, whole

SORTS = {
    "score": ("score", "pk"), "name": ("name", "pk"), "parts": ("parts", "-score"), "found": ("found_at", "pk"), "decided": ("decided_at", "pk"),
}  # fmt: skip
TONES = {"open": "warn", "decided": "good", "distinct": "plain"}
RULINGS = (("use", "通过共享获取"), ("excepted", "依法另行采集"), ("distinct", "不是同一数据"))
MOST_MEMBERS = 200
_SHEET = (
    Column("数据元", 20), Column("状态", 12), Column("数源部门", 20), Column("理由", 40), Column("相似度", 8), Column("涉及部门", 20),
    Column("信息项", 20), Column("信息资源", 30), Column("证据", 40), Column("结论", 16), Column("判定时间", 18),
)  # fmt: skip


@login_required
@require_GET
def source_list(request: HttpRequest) -> HttpResponse:
    """``/stewardship/sources/``: suspected and decided sources of data, the most alike first."""
    who = reader(request)
    query = read_list_query(request, SORTS, "-score")
    rows = sourcing.clusters(who.home)
    unruled = Member.objects.filter(ruling="", cluster__jurisdiction=who.home).values("cluster")
    if query.text:
        rows = rows.filter(
            Q(name__icontains=query.text)
            | Q(pk__in=Member.objects.filter(datum__title__icontains=query.text).values("cluster"))
        )
    if state := chosen(request, "state", Cluster.State.values):
        rows = rows.filter(state=state)
    if request.GET.get("department"):
        parts = Member.objects.filter(datum__department_id=whole(request.GET["department"]) or 0)
        rows = rows.filter(pk__in=parts.values("cluster"))
    if request.GET.get("claims") == "1":
        rows = rows.filter(state=Cluster.State.DECIDED, pk__in=unruled)
    if request.GET.get("export") == "xlsx":
        return _sheet(list(rows.order_by(*query.order).values_list("pk", flat=True)[:5_000]))
    page = page_of(rows.order_by(*query.order), query)
    names: dict[int, list[str]] = {}
    shown = Member.objects.filter(cluster__in=[c.pk for c in page]).order_by("pk")
    for pk, name in shown.values_list("cluster_id", "datum__department__name"):
        names.setdefault(pk, []).append(name)
    claimed = Cluster.objects.filter(jurisdiction=who.home, state=Cluster.State.DECIDED, pk__in=unruled).count()
    export = request.GET.copy()
    export["export"] = "xlsx"
    context = {
        "page": page,
        "rows": [(c, "、".join(dict.fromkeys(names.get(c.pk, [])))[:120], TONES[c.state]) for c in page],
        "states": state_facet(Cluster.objects.filter(jurisdiction=who.home), "state", dict(Cluster.State.choices)),
        "departments": department_facet(Member.objects.filter(cluster__jurisdiction=who.home), "datum__department"),
        "claims": [FacetOption("1", "有新主张", claimed)] if claimed else [],
        "narrowed": any(request.GET.get(k) for k in ("q", "state", "department", "claims")),
        "reference": access.reference(who.view, sourcing.KEY),
        "export": "?" + export.urlencode(),
    }
    return render(request, "stewardship/sources.html", context)


def _sheet(ids: list[int]) -> HttpResponse:
    members = Member.objects.filter(cluster_id__in=ids).select_related("cluster__source", "datum__department")
    rows = (
        (
            m.cluster.name, m.cluster.get_state_display(), m.cluster.source.name if m.cluster.source else "", m.cluster.reason, m.score,
            m.datum.department.name, m.datum.name, m.datum.title, "；".join(m.evidence.get("words", [])), m.get_ruling_display(),
            m.cluster.decided_at,
        )
        for m in members.order_by("-cluster__score", "cluster_id", "-score")
    )  # fmt: skip
    return sheet_response("一数一源登记", _SHEET, rows)


@login_required
@require_GET
def source_page(request: HttpRequest, cluster_id: int) -> HttpResponse:
    """``/stewardship/sources/<id>/``: the items that look alike, why, and the decision."""
    who = reader(request)
    return _page(request, who, sourcing.cluster_for(who.person, cluster_id))


def _page(
    request: HttpRequest,
    who: Reader,
    cluster: Cluster,
    form: SourceForm | None = None,
    error: PublicError | None = None,
) -> HttpResponse:
    rows = cluster.members.select_related("datum__department", "datum__resource", "datum__profile")
    members = list(rows.order_by("-score", "pk")[:MOST_MEMBERS])
    own = set(
        access.own_departments(who.person, who.at, RoleKind.PROVIDER, RoleKind.RESPONSIBLE).values_list("pk", flat=True)
    )
    ref = access.reference(who.view, sourcing.KEY)
    decides = who.authority
    kinds, bases = typed_by("ruling_", request.POST), typed_by("basis_", request.POST)
    shown = [
        {
            "member": m, "evidence": m.evidence, "percent": round(100 * m.score), "own": m.datum.department_id in own,
            "ruling": kinds.get(str(m.pk)) or (m.ruling if m.ruling in dict(RULINGS) else "use"),
            "basis": bases.get(str(m.pk), m.basis),
        }
        for m in members
    ]  # fmt: skip
    if form is None and decides:
        held = next((m for m in members if m.ruling == Member.Ruling.SOURCE), None)
        initial = {"scope": cluster.scope, "reason": cluster.reason, "source": str(held.pk) if held else ""}
        form = SourceForm(reader=who, members=members, reference=ref, initial=initial)
    context = {
        "cluster": cluster,
        "tone": TONES[cluster.state],
        "rows": shown,
        "rulings": RULINGS,
        "form": form if decides else None,
        "error": error,
        "reference": ref,
        "profiled": any(m.evidence.get("values") is not None for m in members),
    }
    return render(request, "stewardship/source.html", context, status=error.status if error else 200)


@login_required
@require_POST
def source_decide(request: HttpRequest, cluster_id: int) -> HttpResponse:
    """POST ``…/<id>/decide/``: ``do`` is decide, distinct or profile."""
    who = reader(request)
    cluster = sourcing.cluster_for(who.person, cluster_id)
    if request.POST.get("do") == "profile":
        count = sourcing.profile_cluster(cluster_id=cluster.pk, by=who.person, at=who.at)
        messages.success(request, f"已比对 {count} 个信息项的数值画像；数值本身没有离开原表")
        return redirect("stewardship-source", cluster.pk)
    members = list(cluster.members.select_related("datum__department")[:MOST_MEMBERS])
    ref = access.reference(who.view, sourcing.KEY)
    try:
        if request.POST.get("do") == "distinct":
            reason = request.POST.get("reason", "")[:2000]
            sourcing.find_distinct(
                cluster_id=cluster.pk, seen_revision=revision(request), reason=reason, by=who.person, at=who.at
            )
        else:
            form = SourceForm(request.POST, reader=who, members=members, reference=ref)
            if not form.is_valid():
                return _page(request, who, cluster, form)
            sourcing.decide_source(
                cluster_id=cluster.pk, seen_revision=revision(request), ruling=_ruling(request, form), reason=form.cleaned_data["reason"],
                by=who.person, at=who.at,
            )  # fmt: skip
    except NotFound:
        raise
    except PublicError as error:
        form = SourceForm(request.POST, reader=who, members=members, reference=ref)
        return _page(request, who, sourcing.cluster_for(who.person, cluster_id), form, error)
    messages.success(request, "已判定，相关部门的责任清单同时更新")
    return redirect("stewardship-source", cluster.pk)


def _ruling(request: HttpRequest, form: SourceForm) -> sourcing.Ruling:
    c = form.cleaned_data
    others = {int(k): v for k, v in typed_by("ruling_", request.POST).items()}
    bases = {int(k): v for k, v in typed_by("basis_", request.POST).items()}
    if c["source"] == "other":
        return sourcing.Ruling(None, whole(c["department"]), c["scope"], others, bases)
    return sourcing.Ruling(int(c["source"]), None, c["scope"], others, bases)


@login_required
@require_POST
def source_claim(request: HttpRequest, cluster_id: int) -> HttpResponse:
    """POST ``…/<id>/claim/``: a department asks the authority to look at its item again."""
    who = reader(request)
    sourcing.claim_again(
        cluster_id=cluster_id, member_id=whole(request.POST.get("member")) or 0, note=request.POST.get("note", "")[:300], by=who.person,
        at=who.at,
    )  # fmt: skip
    messages.success(request, "已提请数据主管部门重新判定")
    return redirect("stewardship-source", cluster_id)
