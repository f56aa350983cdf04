"""The one-source registry: suspects found by index, compared, decided by the authority, enforced at submission.

XW-12.1, 17.3; XZ-2.3, 4.1; JY-20.1; YH-11; TL-19.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet

from yishu.catalogue.drafts import ItemDraft
from yishu.catalogue.rules import ItemSpec, ResourceSpec
from yishu.kernel.errors import Conflict, Invalid, NotAllowed, Problem
from yishu.kernel.references import Reference
from yishu.law import values
from yishu.law.packs import Missing, View
from yishu.orgs.models import Department, Jurisdiction, Person, RoleKind
from yishu.stewardship import access, candidates, lists, naming, registry, rules, sketches
from yishu.stewardship.models import Cluster, Datum, Member, Profile
from yishu.stewardship.notices import tell_authority, tell_department

KEY = "collection.source_unique"
PROCEDURE = "source.decision"
_LOCK = 0x5953_0005
"""Class of the advisory locks under which clusters of one jurisdiction are made, one per jurisdiction."""


def _one_at_a_time(jurisdiction_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [_LOCK, jurisdiction_id])


def suspect(*, spec: ResourceSpec, at: datetime) -> list[Member]:
    """Compare a published resource's items with other departments' and note those that may be one datum; returns new members.

    Runs in the publishing transaction. An item joins the cluster of its nearest neighbour, or makes one with it.
    """
    own = {
        d.column: d
        for d in Datum.objects.filter(resource_id=spec.id, member=None).select_related("department", "resource")
    }
    items = [i for i in spec.items if i.column in own]
    similar = candidates.similar_data(spec.jurisdiction_id, [i.name for i in items], without=spec.department_id)
    if not any(similar.values()):
        return []
    _one_at_a_time(spec.jurisdiction_id)
    # Read again under the lock: another publication may have made clusters of the same neighbours.
    similar = candidates.similar_data(spec.jurisdiction_id, [i.name for i in items], without=spec.department_id)
    made: list[Member] = []
    for item in items:
        datum = own[item.column]
        nearest = _nearest(datum, similar.get(item.name, ()))
        if nearest:
            made += _join(datum, *nearest, at)
    return made


def _member_of(datum: Datum) -> Member | None:
    return getattr(datum, "member", None)


def _nearest(datum: Datum, others: Iterable[Datum]) -> tuple[Datum, rules.Evidence] | None:
    found = [
        (evidence.score, -other.pk, other, evidence)
        for other in others
        if not (held := _member_of(other)) or held.cluster.state != Cluster.State.DISTINCT
        for evidence in [rules.alike(candidates.thing_of(datum), candidates.thing_of(other))]
        if evidence.score >= rules.SUSPECT
    ]
    return max(found)[2:] if found else None


def _join(datum: Datum, other: Datum, evidence: rules.Evidence, at: datetime) -> list[Member]:
    held = _member_of(other)
    made = []
    if held is None:
        cluster = Cluster.objects.create(
            jurisdiction_id=datum.jurisdiction_id, name=other.name, normal=other.normal, meaning=naming.meaning(other.name),
            subject_kind=other.subject_kind, score=evidence.score, found_at=at,
        )  # fmt: skip
        made.append(Member(cluster=cluster, datum=other, score=evidence.score, evidence=evidence.as_dict()))
    else:
        cluster = held.cluster
        if evidence.score > cluster.score:
            Cluster.objects.filter(pk=cluster.pk).update(score=evidence.score)
    made.append(Member(cluster=cluster, datum=datum, score=evidence.score, evidence=evidence.as_dict()))
    for member in made:
        member.save(force_insert=True)
    return made


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision as typed: the source is a ``member`` (or, when none collects it yet, a ``department``); ``others``: member → ruling.

    Members not named are to obtain the datum by sharing. ``bases``: member → legal basis for collecting it all the same.
    """

    member: int | None = None
    department: int | None = None
    scope: str = Cluster.Scope.SIMILAR
    others: Mapping[int, str] = field(default_factory=dict)
    bases: Mapping[int, str] = field(default_factory=dict)


def decider(view: View) -> str:
    """The role that names the source: what the pack's procedure says, else the authority that oversees collection."""
    try:
        run = values.procedure(view, PROCEDURE)
    except Missing:
        return RoleKind.AUTHORITY
    return run.steps[run.start].role


def _decidable(cluster_id: int, seen_revision: int, by: Person, at: datetime) -> tuple[Cluster, View]:
    home = access.home_of(by)
    _one_at_a_time(home.pk)
    rows = Cluster.objects.select_for_update(of=("self",)).select_related("jurisdiction")
    cluster = rows.filter(pk=cluster_id, jurisdiction=home).first()
    if cluster is None:
        raise access.nothing()
    view = access.law_of(home, at)
    role = decider(view)
    if role == RoleKind.AUTHORITY:
        access.require_authority(by, home, at, access.reference(view, KEY))
    elif not access.own_departments(by, at, role).exists():
        raise NotAllowed(
            "由规定的部门确定数源，您没有这个角色", remedy="请联系数据主管部门", code="stewardship.role_needed"
        )
    if cluster.revision != seen_revision:
        raise Conflict(
            f"“{cluster.name}”的数源已由他人处理，现在是“{cluster.get_state_display()}”", remedy="请刷新后按最新内容判定",
            object_=cluster.name, code="stewardship.cluster_moved", extra={"revision": cluster.revision},
        )  # fmt: skip
    return cluster, view


@transaction.atomic
def decide_source(
    *, cluster_id: int, seen_revision: int, ruling: Ruling, reason: str, by: Person, at: datetime, reference: Reference | None = None
) -> Cluster:  # fmt: skip
    """Name the source department of a datum; the others obtain it by sharing, unless excepted by law or found distinct.

    The responsibility lists of all departments concerned change in the same transaction. ``reference`` is the article the
    decision rests on; by default the one that demands a single source. Raises NotFound, NotAllowed, Conflict, Invalid.
    """
    cluster, view = _decidable(cluster_id, seen_revision, by, at)
    members = list(cluster.members.select_related("datum__department"))
    source, chosen, problems = _checked(cluster, members, ruling, reason)
    if problems or source is None:
        raise Invalid(
            f"还不能确定“{cluster.name}”的数源", remedy="请按所列补充后再次提交", object_=cluster.name, problems=problems,
            reference=access.reference(view, KEY), code="stewardship.decision_incomplete",
        )  # fmt: skip
    for member in members:
        member.ruling, member.basis = chosen[member.pk]
        member.save(update_fields=["ruling", "basis"])
    cluster.source, cluster.scope, cluster.state = source, ruling.scope, Cluster.State.DECIDED
    _decided(cluster, reason, reference or access.reference(view, KEY), by, at)
    lists.follow_decision(cluster=cluster, by=by, at=at)
    return cluster


@transaction.atomic
def find_distinct(*, cluster_id: int, seen_revision: int, reason: str, by: Person, at: datetime) -> Cluster:
    """Say that the items of a cluster are different data; it is not listed again. Raises as ``decide_source``."""
    cluster, view = _decidable(cluster_id, seen_revision, by, at)
    if not reason.strip():
        raise Invalid(
            "请写明为什么不是同一数据",
            remedy="请写明理由后再次提交",
            object_=cluster.name,
            code="stewardship.missing_reason",
        )
    cluster.members.update(ruling=Member.Ruling.DISTINCT, basis="")
    cluster.source, cluster.state = None, Cluster.State.DISTINCT
    _decided(cluster, reason, access.reference(view, KEY), by, at)
    lists.follow_decision(cluster=cluster, by=by, at=at)
    return cluster


def _decided(cluster: Cluster, reason: str, reference: Reference | None, by: Person, at: datetime) -> None:
    cluster.reason, cluster.reference = reason.strip()[:2000], reference.as_dict() if reference else {}
    cluster.decided_by, cluster.decided_at = by, at
    cluster.revision += 1
    cluster.save()
    facts = {"law": reference.row or str(reference)} if reference else {}
    access.note(
        "source_decided", kind="cluster", id=cluster.pk, by=by, at=at, department=by.department_id, state=cluster.state,
        revision=cluster.revision, provider_id=str(cluster.source_id or ""), **facts,
    )  # fmt: skip
    departments = Department.objects.filter(pk__in=cluster.members.values("datum__department_id"))
    for department in departments | Department.objects.filter(pk=cluster.source_id or 0):
        tell_department(
            department, (RoleKind.PROVIDER, RoleKind.RESPONSIBLE), f"source.{cluster.pk}.{cluster.revision}",
            f"数源已判定：{cluster.name}（{cluster.get_state_display()}）", url_of(cluster), at,
        )  # fmt: skip


def _checked(
    cluster: Cluster, members: Sequence[Member], ruling: Ruling, reason: str
) -> tuple[Department | None, dict[int, tuple[str, str]], list[Problem]]:
    """The source department, each member's ruling and basis, and what is wrong."""
    problems = []
    if not reason.strip():
        problems.append(Problem("理由", "没有写明理由", "请写明为什么由该部门作为数源", "stewardship.missing_reason"))
    if ruling.scope not in Cluster.Scope.values:
        problems.append(Problem("适用范围", "没有这种适用范围", "请重新选择", "stewardship.scope"))
    held = next((m for m in members if m.pk == ruling.member), None)
    source = held.datum.department if held else None
    if source is None and ruling.department is not None:
        found = Department.objects.filter(jurisdiction=cluster.jurisdiction, pk=ruling.department, active=True)
        source = found.first()
    if source is None:
        problems.append(Problem("数源部门", "没有选择数源部门", "请从成员或本地部门中选择", "stewardship.no_source"))
    chosen: dict[int, tuple[str, str]] = {}
    for member in members:
        kind = ruling.others.get(member.pk, Member.Ruling.USE)
        if source and member.datum.department_id == source.pk and kind != Member.Ruling.DISTINCT:
            kind = Member.Ruling.SOURCE
        basis = ruling.bases.get(member.pk, "").strip()[:300]
        if kind not in Member.Ruling.values or kind == Member.Ruling.OPEN:
            problems.append(Problem(member.datum.department.name, "没有这种结论", "请重新选择", "stewardship.ruling"))
        if kind == Member.Ruling.EXCEPTED and not basis:
            problems.append(
                Problem(
                    member.datum.department.name, "另行采集没有写明法律、法规依据", "请写明依据的名称和条文", "stewardship.missing_basis",
                )
            )  # fmt: skip
        chosen[member.pk] = (kind, basis if kind == Member.Ruling.EXCEPTED else "")
    return source, chosen, problems


@transaction.atomic
def profile_cluster(*, cluster_id: int, by: Person, at: datetime) -> int:
    """Sketch the values in force of a cluster's items and compare again; returns how many items could be sketched.

    Values never leave their tables: only keyed sketches are kept. Raises NotFound, NotAllowed.
    """
    home = access.home_of(by)
    access.require_authority(by, home, at)
    cluster = Cluster.objects.filter(pk=cluster_id, jurisdiction=home).first()
    if cluster is None:
        raise access.nothing()
    members = list(cluster.members.select_related("datum"))
    known: dict[int, sketches.Sketch] = {}
    for member in members:
        held = registry.sketch_of(member.datum.resource_id, member.datum.column)
        if held is not None:
            known[member.pk] = held
            Profile.objects.update_or_create(
                datum=member.datum, defaults={"sketch": sketches.to_json(held), "made_at": at}
            )
    for member in members:
        best = max(
            (
                _pair(member, other, known)
                for other in members
                if other.datum.department_id != member.datum.department_id
            ),
            key=lambda e: e.score,
            default=None,
        )
        if best is not None:
            member.score, member.evidence = best.score, best.as_dict()
            member.save(update_fields=["score", "evidence"])
    cluster.score = max((m.score for m in members), default=0.0)
    cluster.save(update_fields=["score"])
    access.note(
        "values_profiled", kind="cluster", id=cluster.pk, by=by, at=at, department=by.department_id, count=len(known)
    )
    return len(known)


def _pair(left: Member, right: Member, known: Mapping[int, sketches.Sketch]) -> rules.Evidence:
    both = (known[left.pk], known[right.pk]) if left.pk in known and right.pk in known else None
    return rules.alike(candidates.thing_of(left.datum), candidates.thing_of(right.datum), both)


def url_of(cluster: Cluster) -> str:
    """Where a cluster stands."""
    return f"/stewardship/sources/{cluster.pk}/"


def clusters(jurisdiction: Jurisdiction) -> QuerySet[Cluster]:
    """The clusters of a jurisdiction, each with ``parts`` (members) and ``claims`` (members nobody has ruled on)."""
    return (
        Cluster.objects.filter(jurisdiction=jurisdiction)
        .select_related("source")
        .annotate(parts=Count("members"), claims=Count("members", filter=Q(members__ruling="")))
    )


def cluster_for(person: Person, cluster_id: int) -> Cluster:
    """One cluster of the person's jurisdiction. Raises NotFound."""
    found = clusters(access.home_of(person)).filter(pk=cluster_id).first()
    if found is None:
        raise access.nothing()
    return found


@dataclass(frozen=True, slots=True)
class Claim:
    """A submitted item that another department is the decided source of."""

    item: str
    cluster: Cluster
    source_item: Datum | None
    score: float


def second_claims(
    *, jurisdiction_id: int, department_id: int, resource_id: int | None, title: str, subject_kind: str, items: Sequence[ItemSpec] | Sequence[ItemDraft]
) -> list[Claim]:  # fmt: skip
    """Items whose datum the authority decided to come from another department, found by name and meaning (index)."""
    wanted = candidates.comparable(items)
    meanings = {naming.meaning(i.name) for i in wanted} - {""}
    normals = {naming.normal(i.name) for i in wanted}
    decided = Cluster.objects.filter(
        Q(meaning__in=meanings) | Q(normal__in=normals), jurisdiction_id=jurisdiction_id, state=Cluster.State.DECIDED
    ).exclude(source_id=department_id)
    held = list(decided.select_related("source").prefetch_related("members__datum"))
    if not held:
        return []
    free = set(
        Member.objects.filter(
            datum__resource_id=resource_id or 0, ruling__in=(Member.Ruling.EXCEPTED, Member.Ruling.DISTINCT)
        ).values_list("datum__column", flat=True)
    )
    found = []
    for item in wanted:
        if item.column and item.column in free:
            continue
        mine = candidates.thing(item.name, title, item.data_type, subject_kind)
        claims = [c for cluster in held for c in _claim(mine, cluster, department_id)]
        if claims:
            found.append(max(claims, key=lambda c: c.score))
    return found


def _claim(mine: rules.Thing, cluster: Cluster, department_id: int) -> Iterable[Claim]:
    same_name = naming.meaning(mine.name) == cluster.meaning or naming.normal(mine.name) == cluster.normal
    if not same_name:
        return
    source = next((m.datum for m in cluster.members.all() if m.ruling == Member.Ruling.SOURCE), None)
    compared = source or next((m.datum for m in cluster.members.all() if m.datum.department_id != department_id), None)
    score = rules.alike(mine, candidates.thing_of(compared)).score if compared else 1.0
    everywhere = cluster.scope == Cluster.Scope.EVERYWHERE and mine.subject_kind == (cluster.subject_kind or "other")
    if everywhere or score >= rules.BLOCKING:
        yield Claim(mine.name, cluster, source, score)


class DecidedSources:
    """Stops a second claimant at submission (``catalogue.ports.SourceGuard``)."""

    def problems(
        self, *, jurisdiction_id: int, department_id: int, resource_id: int | None, title: str, subject_kind: str,
        items: Sequence[ItemSpec] | Sequence[ItemDraft],
    ) -> list[Problem]:  # fmt: skip
        """One problem per item that has a decided source elsewhere: whose it is, and how to get it."""
        found = []
        for claim in second_claims(
            jurisdiction_id=jurisdiction_id, department_id=department_id, resource_id=resource_id, title=title,
            subject_kind=subject_kind, items=items,
        ):  # fmt: skip
            where = f"（{claim.source_item.title}）" if claim.source_item else ""
            source = claim.cluster.source.name if claim.cluster.source else ""
            held = claim.cluster.reference
            found.append(
                Problem(
                    claim.item, f"已确定由{source}{where}统一提供，不能重复采集",
                    "请申请共享并从本资源中去掉该信息项；法律、法规另有规定的，请数据主管部门在“一数一源”中列为依法另行采集",
                    "stewardship.second_source", Reference(**held) if held else None,
                )
            )  # fmt: skip
        return found


@transaction.atomic
def claim_again(*, cluster_id: int, member_id: int, note: str, by: Person, at: datetime) -> None:
    """A department that was told to obtain a datum by sharing asks the authority to look again, with its legal basis."""
    # As every decision: a claim made while the authority decides must neither be lost nor undo the decision unseen.
    rows = Cluster.objects.select_for_update(of=("self",)).select_related("jurisdiction")
    cluster = rows.filter(pk=cluster_id, jurisdiction=access.home_of(by)).first()
    member = None
    if cluster is not None:
        member = cluster.members.select_related("datum__department__jurisdiction").filter(pk=member_id).first()
    if cluster is None or member is None:
        raise access.nothing()
    access.require_role(by, member.datum.department, at, RoleKind.PROVIDER, RoleKind.RESPONSIBLE)
    if not note.strip():
        raise Invalid("请写明依据和理由", remedy="请写明要求重新判定的依据", code="stewardship.missing_reason")
    if cluster.state == Cluster.State.OPEN or member.ruling == Member.Ruling.SOURCE:
        raise Conflict(
            f"“{cluster.name}”的这一项没有需要重新判定的结论", remedy="请刷新后查看现在的结论", object_=cluster.name,
            code="stewardship.nothing_to_claim",
        )  # fmt: skip
    member.basis = note.strip()[:300]
    member.ruling = Member.Ruling.OPEN
    member.save(update_fields=["basis", "ruling"])
    Cluster.objects.filter(pk=cluster.pk).update(revision=cluster.revision + 1)
    access.note("claim_raised", kind="cluster", id=cluster.pk, by=by, at=at, department=member.datum.department_id)
    tell_authority(
        cluster.jurisdiction,
        f"claim.{cluster.pk}.{cluster.revision + 1}",
        f"数源有新的主张：{cluster.name}",
        url_of(cluster),
        at,
    )
