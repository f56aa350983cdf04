"""Two tenants for the tenancy guard: one with a row of every model carrying a mark, another whose people must never meet it."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models
from django.utils import timezone

from yishu.kernel.codes import organisation_check, uscc_check
from yishu.orgs import actions as orgs
from yishu.orgs.models import Department, Jurisdiction, Person

MARK = "彼区密文"
"""Stands in every text of the foreign tenant; no page of another tenant may ever show it."""
NUMBER = 70_000_001
"""Primary key of every foreign row with a number for a key."""
UNIVERSAL = UUID(int=NUMBER)
"""Primary key of every foreign row with a UUID."""
PACK = "cn-henan-jiaozuo-xiuwu"
GIVEN: Mapping[str, Mapping[str, Any]] = {
    "orgs.Jurisdiction": {"pack": PACK, "name": f"{MARK}县", "mode": "as_written", "parent": None},
    "orgs.Department": {"kind": "government", "uscc": "11410821009900018X", "is_authority": True, "parent": None},
    "orgs.Person": {"email": f"{NUMBER}@example.invalid", "password": "!"},
    "orgs.Role": {"kind": "provider", "revoked_at": None, "until": None},
    "orgs.Substitute": {"kinds": ["provider"], "revoked_at": None},
    "orgs.CalendarNotice": {"title": "节假日安排", "off": {}, "worked": {}},
    "orgs.SavedView": {"page": "/orgs/people/", "query": f"q={MARK}"},
    "cases.Case": {"procedure": "catalogue.review", "step": "review", "step_role": "authority", "closed_at": None, "subject_id": str(NUMBER)},
    "cases.CaseEvent": {"outcome": "open", "from_step": "", "to_step": "review"},
    "catalogue.Resource": {"state": "published", "version": 1, "share_type": "unconditional"},
    "catalogue.Version": {"number": 1},
}  # fmt: skip
"""What the factory cannot guess: ``app.Model`` → field → value."""


BUSINESS = (
    "provider",
    "consumer",
    "responsible",
    "reviewer",
    "office_head",
    "secrecy_reviewer",
    "delegate",
    "operator",
)
READERS: Mapping[str, tuple[str, ...]] = {
    "authority": ("authority",), "admin": ("admin",), "auditor": ("auditor",), "inspector": ("inspector",), "vendor": ("vendor",),
    "leader": ("leader",), "government": ("government",), "upper": ("upper",), "business": BUSINESS,
}  # fmt: skip
"""Who walks: each role, those of a department together in one person, who sees what all of them see."""


def own_models() -> list[type[models.Model]]:
    """Every model of the platform."""
    return [m for m in apps.get_models() if m.__module__.startswith("yishu.")]


class Factory:
    """Makes one row of every model, all in one tenant, with the mark in every text."""

    def __init__(self) -> None:
        self.made: dict[type[models.Model], models.Model] = {}

    def row(self, model: type[models.Model]) -> models.Model:
        """The row of a model, made with everything it hangs on."""
        if model in self.made:
            return self.made[model]
        given = GIVEN.get(model._meta.label, {})
        values: dict[str, Any] = {}
        for field in model._meta.concrete_fields:
            value = given[field.name] if field.name in given else self._value(field, model)
            if value is not models.NOT_PROVIDED:
                values[field.name] = value
        made = model._base_manager.create(**values)
        self.made[model] = made
        return made

    def _value(self, field: models.Field, model: type[models.Model]) -> Any:
        if isinstance(field, models.ForeignKey):
            return None if field.related_model in (model, None) or self._waits(field) else self.row(field.related_model)
        if isinstance(field, models.UUIDField):
            return UNIVERSAL if field.primary_key else models.NOT_PROVIDED
        if field.primary_key:
            return NUMBER
        if field.choices:
            return next(key for key, _ in field.flatchoices if key != "")
        if isinstance(field, models.CharField | models.TextField):
            return MARK[: field.max_length] if field.max_length else MARK
        return self._plain(field)

    def _plain(self, field: models.Field) -> Any:
        for kind, value in (
            (models.BooleanField, field.default if field.has_default() else True),
            (models.DateTimeField, timezone.now()),
            (models.DateField, dt.date.today() + dt.timedelta(days=3)),  # noqa: DTZ011
            (models.IntegerField, 1),
            (models.FloatField, 0.5),
            (models.BinaryField, MARK.encode()),
        ):
            if isinstance(field, kind):
                return value
        if isinstance(field, models.JSONField):
            return field.get_default() if field.has_default() else {"title": MARK}
        if type(field).__name__ == "ArrayField":
            return [MARK] if isinstance(field.base_field, models.CharField | models.TextField) else []
        return models.NOT_PROVIDED

    def _waits(self, field: models.ForeignKey) -> bool:
        """A nullable key that would lead round in a circle (a department's responsible person) stays empty."""
        return field.null and field.model is Department


def foreign_tenant() -> Factory:
    """The tenant with the mark: one row of every model."""
    factory = Factory()
    for model in own_models():
        factory.row(model)
    return factory


def uscc(number: int) -> str:
    """An invented 统一社会信用代码."""
    head = f"11410821{number:08d}{organisation_check(f'{number:08d}')}"
    return head + uscc_check(head)


def home_tenant() -> dict[str, Person]:
    """A tenant of somebody else, with the people of ``READERS``."""
    at = timezone.now() - dt.timedelta(days=1)
    orgs.create_jurisdiction(
        pack=PACK, name="始建区", by=None, at=at
    )  # the founding one, whose administrators see the list
    place = orgs.create_jurisdiction(pack=PACK, name="本县", by=None, at=at)
    office = _department(place, "本县数据局", 99011, at, is_authority=True)
    other = _department(place, "本县民政局", 99012, at)
    vendor = _department(place, "本县技术公司", 99013, at, kind="vendor")
    people: dict[str, Person] = {}
    for name, kinds in READERS.items():
        where = vendor if name == "vendor" else office if name in ("authority", "admin", "auditor") else other
        person, _ = orgs.create_person(
            username=f"ben-{name}", name=f"本{name}", department=where, by=None, at=at, password="Mima-2026-Shufu"
        )
        for kind in kinds:
            more: dict[str, Any] = {"office": "audit"} if kind == "inspector" else {}
            if kind == "vendor":
                more = {"department": other, "until": at + dt.timedelta(days=90), "scope": ["collection", "operation"]}
            orgs.grant_role(person=person, kind=kind, by=None, at=at, **more)
        person.refresh_from_db()
        people[name] = person
    return people


def _department(place: Jurisdiction, name: str, number: int, at: dt.datetime, **more: Any) -> Department:
    given = {"kind": "government"} | more
    return orgs.create_department(jurisdiction=place, name=name, uscc=uscc(number), by=None, at=at, **given)


def reading_of(model: type[models.Model]) -> list[tuple[Any, ...]]:
    """All values of the foreign row of a model, to see whether anybody changed it."""
    return list(model._base_manager.filter(pk__in=_key(model)).values_list())


def _key(model: type[models.Model]) -> list[Any]:
    return [UNIVERSAL] if isinstance(model._meta.pk, models.UUIDField) else [NUMBER]


def hangers_on() -> list[str]:
    """Rows somebody hung on a foreign row: ``app.Model.field`` with their number; empty when nobody did."""
    found = []
    for model in own_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and field.related_model in own_models():
                rows = model._base_manager.filter(**{f"{field.attname}__in": _key(field.related_model)})
                count = rows.exclude(pk__in=_key(model)).count() if model._meta.pk is not field else 0
                if count:
                    found.append(f"{model._meta.label}.{field.name}: {count}")
    return found


__all__ = ["MARK", "NUMBER", "UNIVERSAL", "foreign_tenant", "hangers_on", "home_tenant", "own_models", "reading_of"]
