"""Writes of the bulk import: one transaction with a ledger event for each account, role and changed department."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher
from django.core import signing
from django.db import transaction

from yishu.kernel.errors import Invalid, Problem
from yishu.kernel.events import publish
from yishu.ledger import actions as ledger
from yishu.orgs import accounts, actions, queries
from yishu.orgs.guards import require
from yishu.orgs.messages import PersonChanged
from yishu.orgs.models import Department, Jurisdiction, Person, Role, RoleKind
from yishu.orgs.people_import import Finding, Given, PersonRow, Plan, WantedRole, check

_SALT = "orgs.people_import"
GOOD_FOR = 3600
"""Seconds a preview may be confirmed."""
MOST_PACKED = 2_000_000
"""Characters of a packed preview: what a form may carry."""
LIGHT = 1_000
"""Rounds for passwords of 92 random bits, which no number of rounds makes safer: 2,000 full ones would take a quarter of an hour.
Django makes it the full number when the person first signs in, and the password must then be changed in any case."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account that was made, with the password nobody can read again."""

    name: str
    username: str
    department: str
    password: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, in numbers, and the new accounts."""

    departments_made: int
    departments_changed: int
    people_changed: int
    roles_given: int
    accounts: tuple[NewAccount, ...]


def pack(departments: list[Given], people: list[Given], *, by: Person) -> str:
    """The read rows as a signed text that travels through the preview; only the same person can confirm it.

    Raises ``Invalid`` when it is more than a form may carry.
    """
    packed = signing.dumps([by.pk, departments, people], salt=_SALT, compress=True)
    if len(packed) > MOST_PACKED:
        raise Invalid("文件内容太多，一次导入不了", remedy="请拆成几个文件", code="orgs.import_size")
    return packed


def unpack(packed: str, *, by: Person) -> tuple[list[Given], list[Given]]:
    """The rows of a preview. Raises ``Invalid`` for a text that is old, changed, or somebody else's."""
    try:
        owner, departments, people = signing.loads(packed, salt=_SALT, max_age=GOOD_FOR)
    except (signing.BadSignature, ValueError) as error:
        raise _expired() from error
    if owner != by.pk:
        raise _expired()
    return departments, people


def _expired() -> Invalid:
    return Invalid("这次预览已失效，没有导入", remedy="请重新上传文件", code="orgs.import_expired")


@transaction.atomic
def import_people(*, departments: list[Given], people: list[Given], by: Person, at: datetime) -> Imported:
    """Import rows all together or not at all; importing the same again changes nothing.

    Raises ``NotAllowed`` for anybody but an administrator, ``Invalid`` with every finding when something stands in the way (now:
    what stands may have changed since the preview).
    """
    jurisdiction = queries.jurisdiction_of(by)
    require(by, RoleKind.ADMIN, None, at, within=jurisdiction)
    if jurisdiction is not None:
        Jurisdiction.objects.select_for_update().get(pk=jurisdiction.pk)  # one import of a tenant at a time
    plan = check(departments, people, by=by, at=at)
    if plan.findings:
        raise refusal(plan.findings)
    return _Import(plan, by, at).run()


def refusal(findings: tuple[Finding, ...]) -> Invalid:
    """The findings as an error."""
    problems = [Problem(f"{f.sheet} 第 {f.row} 行 {f.column}", f.what, f.remedy, "orgs.import_row") for f in findings]
    return Invalid(
        f"有 {len(findings)} 处错误，没有导入",
        remedy="请改正文件后重新上传",
        problems=problems,
        code="orgs.import_invalid",
    )


class _Import:
    """One import; every method runs in ``import_people``'s transaction."""

    def __init__(self, plan: Plan, by: Person, at: datetime) -> None:
        self.plan, self.by, self.at = plan, by, at
        self.jurisdiction: Jurisdiction = by.department.jurisdiction  # type: ignore[union-attr]  # require() refused others
        self.roles_given = 0

    def run(self) -> Imported:
        made, changed = self._departments()
        places = {
            d.name: d for d in Department.objects.filter(jurisdiction=self.jurisdiction).select_related("jurisdiction")
        }
        handed = self._new_people(places)
        people_changed = sum(self._update(row, places) for row in self.plan.people if row.held is not None)
        self._officers(places)
        ledger.record(
            kind="event", by=self.by, at=self.at, department=self.by.department_id,
            facts={"event": "orgs.people_imported", "rows": len(self.plan.people), "count": len(handed)},
        )  # fmt: skip
        return Imported(made, changed, people_changed, self.roles_given, handed)

    def _departments(self) -> tuple[int, int]:
        """Register and update departments, then set who stands under whom: rows come in any order."""
        rows: dict[str, Department] = {}
        changed = made = 0
        areas = {area.name: area for area in self.jurisdiction.areas.all()}
        for row in self.plan.departments:
            given: dict[str, Any] = {"name": row.name, "uscc": row.uscc, "short_name": row.short_name}
            given |= {"kind": row.kind, "unit": row.unit, "area": areas.get(row.area)}
            if row.held is None:
                rows[row.name] = actions.create_department(
                    jurisdiction=self.jurisdiction, by=self.by, at=self.at, **given
                )
                made += 1
            else:
                rows[row.name] = row.held
                changed += self._change(row.held, given)
        standing = {d.name: d for d in Department.objects.filter(jurisdiction=self.jurisdiction)}
        for row in self.plan.departments:
            parent = standing[row.parent] if row.parent else None
            if parent is not None and rows[row.name].parent_id != parent.pk:
                self._change(rows[row.name], {"parent": parent})
                changed += row.held is not None
        return made, changed

    def _change(self, held: Department, given: Mapping[str, Any]) -> bool:
        changes = {name: value for name, value in given.items() if value and getattr(held, name) != value}
        if changes:
            actions.update_department(department=held, changes=changes, by=self.by, at=self.at)
        return bool(changes)

    def _new_people(self, places: Mapping[str, Department]) -> tuple[NewAccount, ...]:
        rows = [row for row in self.plan.people if row.held is None]
        passwords = [accounts.initial_password() for _ in rows]
        made = Person.objects.bulk_create(
            [
                Person(
                    username=row.username,
                    name=row.name,
                    department=places[row.department],
                    email=row.email,
                    created_at=self.at,
                    must_change_password=True,
                    password=light_hash(password),
                )
                for row, password in zip(rows, passwords, strict=True)
            ],
            batch_size=500,
        )
        roles = [
            self._role(person, wanted, places) for person, row in zip(made, rows, strict=True) for wanted in row.roles
        ]
        Role.objects.bulk_create(roles, batch_size=500)
        for person in made:
            self._tell(person, "orgs.person_created")
        for role in roles:
            self._tell(role.person, "orgs.role_granted", role=role.kind)
        self.roles_given += len(roles)
        return tuple(
            NewAccount(row.name, row.username, row.department, password)
            for row, password in zip(rows, passwords, strict=True)
        )

    def _role(self, person: Person, wanted: WantedRole, places: Mapping[str, Department]) -> Role:
        return Role(
            person=person, department=places[wanted.department], kind=wanted.kind, granted_by=self.by, granted_at=self.at,
            until=wanted.until, office=wanted.office, scope=list(wanted.scope),
        )  # fmt: skip

    def _update(self, row: PersonRow, places: Mapping[str, Department]) -> bool:
        """Bring one known person up to date; roles are added, never taken away. Whether anything changed."""
        held = row.held
        assert held is not None  # noqa: S101  (narrows the type)
        email, department = row.email or held.email, places[row.department]
        changed = (held.name, held.department_id, held.email) != (row.name, department.pk, email)
        if changed:
            accounts.update_person(
                person=held, name=row.name, department=department, email=email, active=True, by=self.by, at=self.at
            )
        given = [wanted for wanted in row.roles if not self._holds(held, wanted, places)]
        for wanted in given:
            accounts.grant_role(
                person=held, kind=wanted.kind, department=places[wanted.department], until=wanted.until,
                office=wanted.office, scope=wanted.scope, by=self.by, at=self.at,
            )  # fmt: skip
        self.roles_given += len(given)
        return changed or bool(given)

    def _holds(self, person: Person, wanted: WantedRole, places: Mapping[str, Department]) -> bool:
        return Role.objects.filter(
            person=person, department=places[wanted.department], kind=wanted.kind, revoked_at=None,
            until=wanted.until, office=wanted.office, scope=list(wanted.scope),
        ).exists()  # fmt: skip

    def _officers(self, places: Mapping[str, Department]) -> None:
        people = {p.username: p for p in Person.objects.filter(username__in=[r.username for r in self.plan.people])}
        wanted: dict[str, dict[str, bool]] = {}
        for row in self.plan.people:
            if row.officer is not None:
                wanted.setdefault(row.department, {})[row.username] = row.officer
        for name, several in wanted.items():
            standing = set(places[name].officers.all())
            after = standing | {people[u] for u, yes in several.items() if yes}
            after -= {people[u] for u, yes in several.items() if not yes}
            if after != standing:
                changes = {"officers": sorted(after, key=lambda p: p.pk)}
                actions.update_department(department=places[name], changes=changes, by=self.by, at=self.at)

    def _tell(self, person: Person, event: str, **facts: str) -> None:
        ledger.record(
            kind="event", by=self.by, at=self.at, department=person.department_id,
            facts={"event": event, "person": str(person.pk), **facts},
        )  # fmt: skip
        publish(PersonChanged(person.pk))


def light_hash(password: str) -> str:
    """A made password as it is stored until the first sign-in (``LIGHT`` says why that is enough)."""
    hasher = get_hasher("default")
    if isinstance(hasher, PBKDF2PasswordHasher):
        return hasher.encode(password, hasher.salt(), LIGHT)
    return hasher.encode(password, hasher.salt())
