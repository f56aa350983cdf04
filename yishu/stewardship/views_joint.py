"""Pages of the joint collection register."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yishu.kernel.errors import NotAllowed, PublicError
from yishu.pages.forms import add_problems
from yishu.pages.lists import page_of, read_list_query
from yishu.pages.sheets import sheet_response
from yishu.stewardship import access, joint
from yishu.stewardship.forms import PARTIES, JointForm, joint_initial
from yishu.stewardship.models import JointCollection, JointParty
from yishu.stewardship.reading import chosen, reader, revision, state_facet, whole

SORTS = {"title": ("title", "pk"), "lead": ("lead__name", "title"), "updated": ("updated_at", "pk")}
TONES = {"open": "info", "agreed": "good", "declined": "bad", "ended": "plain", "asked": "info"}
KEY = "collection.joint"


@login_required
@require_GET
def joint_list(request: HttpRequest) -> HttpResponse:
    """``/stewardship/joint/``: joint collections one's departments take part in, or all."""
    who = reader(request)
    query = read_list_query(request, SORTS, "-updated")
    every = joint.visible_joints(who.person, who.at)
    rows = every
    if query.text:
        rows = rows.filter(title__icontains=query.text)
    if state := chosen(request, "state", JointCollection.State.values):
        rows = rows.filter(state=state)
    if request.GET.get("export") == "xlsx":
        parties = JointParty.objects.filter(joint__in=rows).select_related("joint__lead", "department", "by")
        shown = (
            (p.joint.title, p.joint.lead.name, p.joint.get_state_display(), p.department.name, "、".join(p.elements),
             p.get_consent_display(), p.note, p.at)
            for p in parties.order_by("-joint__updated_at", "joint_id", "pk")
        )  # fmt: skip
        columns = ("采集事项", "牵头部门", "状态", "参与部门", "负责的数据元素", "意见", "说明", "时间")
        return sheet_response("联合采集登记", columns, shown)
    export = request.GET.copy()
    export["export"] = "xlsx"
    context = {
        "page": page_of(rows.order_by(*query.order), query),
        "states": state_facet(
            JointCollection.objects.filter(pk__in=every.values("pk")), "state", dict(JointCollection.State.choices)
        ),
        "tones": TONES,
        "clerk": bool(who.clerk_of()),
        "narrowed": bool(query.text or request.GET.get("state")),
        "reference": access.reference(who.view, KEY),
        "export": "?" + export.urlencode(),
    }
    return render(request, "stewardship/joints.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def joint_edit(request: HttpRequest, joint_id: int | None = None) -> HttpResponse:
    """``/stewardship/joint/new/`` and ``…/<id>/edit/``: parties, split of elements, lead."""
    who = reader(request)
    held = joint.joint_for(who.person, joint_id, who.at) if joint_id else None
    if not who.clerk_of():
        raise NotAllowed(
            "由部门经办人员登记，您没有这个角色", remedy="请联系系统管理员授予经办角色", code="stewardship.role_needed"
        )
    rows = max(PARTIES, min(40, held.size + 2 if held else 0, 40))  # type: ignore[attr-defined]
    form = JointForm(
        request.POST or None, reader=who, rows=rows, reference=access.reference(who.view, KEY),
        initial=joint_initial(held) if held else {},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            if held is None:
                made = joint.register_joint(plan=form.plan(), by=who.person, at=who.at)
            else:
                made = joint.change_joint(
                    joint_id=held.pk, seen_revision=revision(request), plan=form.plan(), by=who.person, at=who.at
                )
            messages.success(request, "已登记，参与部门会收到提醒")
            return redirect("stewardship-joint", made.pk)
        except PublicError as error:
            add_problems(form, error)
    context = {"form": form, "joint": held, "reference": access.reference(who.view, KEY)}
    return render(request, "stewardship/joint_edit.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def joint_page(request: HttpRequest, joint_id: int) -> HttpResponse:
    """``/stewardship/joint/<id>/``: the split and each party's answer."""
    who = reader(request)
    held = joint.joint_for(who.person, joint_id, who.at)
    own = set(access.own_departments(who.person, who.at, *joint.SIGNERS).values_list("pk", flat=True))
    parties = list(held.parties.select_related("department", "by"))
    ended = held.state == JointCollection.State.ENDED
    context = {
        "joint": held,
        "tone": TONES[held.state],
        "parties": [(p, TONES[p.consent], p.department_id in own and p.department_id != held.lead_id and not ended) for p in parties],
        "leads": held.lead_id in own and not ended,
        "titles": {f.name: f.title for f in joint.extra_fields(who.view)},
        "reference": access.reference(who.view, KEY),
    }  # fmt: skip
    return render(request, "stewardship/joint.html", context)


@login_required
@require_POST
def joint_act(request: HttpRequest, joint_id: int) -> HttpResponse:
    """POST ``…/<id>/act/``: ``do`` is agree, decline or end."""
    who = reader(request)
    if request.POST.get("do") == "end":
        joint.end_joint(joint_id=joint_id, seen_revision=revision(request), by=who.person, at=who.at)
    else:
        joint.answer_joint(
            joint_id=joint_id, seen_revision=revision(request), department_id=whole(request.POST.get("department")) or 0,
            agrees=request.POST.get("do") == "agree", note=request.POST.get("note", "")[:500], by=who.person, at=who.at,
        )  # fmt: skip
    messages.success(request, "已办理")
    return redirect("stewardship-joint", joint_id)
