"""Somebody from a technical service provider at work: within what was given to them, for as long as it was."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.collection.county import AT, csv_bytes, make_world, move_home, person_row, uscc
from yishu.collection import queries
from yishu.collection.errors import NotOwner
from yishu.collection.models import Load
from yishu.orgs import actions as orgs
from yishu.orgs.models import RoleKind

pytestmark = pytest.mark.django_db


@pytest.mark.article("JY-10")
def test_vendor_loads_for_the_department_that_gave_the_work_within_scope_and_term(tmp_path, monkeypatch, client):
    move_home(tmp_path, monkeypatch)
    world = make_world("cn-henan-jiyuan")
    firm = orgs.create_department(
        jurisdiction=world.jurisdiction, name="某技术公司", uscc=uscc(98123), kind="vendor", by=None, at=AT
    )
    engineer, _ = orgs.create_person(
        username="gongcheng", name="甄工程", department=firm, by=None, at=AT, password="Mima-2026-Shufu"
    )
    now = timezone.now()

    def give(*scope, until):
        orgs.grant_role(
            person=engineer, kind=RoleKind.VENDOR, department=world.departments["police"], scope=scope, until=until, by=None, at=AT
        )  # fmt: skip

    give("collection", until=now + timedelta(days=30))
    load = world.upload(csv_bytes([person_row(1)]), by=engineer)
    assert load.state == Load.State.RECEIVED and load.started_by == engineer
    assert [r.pk for r in queries.loadable_resources(engineer, now)] == [world.population.id]
    client.force_login(engineer, backend="allauth.account.auth_backends.AuthenticationBackend")
    type(engineer).objects.filter(pk=engineer.pk).update(must_change_password=False)
    assert "常住人口登记信息" in client.get("/collection/loads/").content.decode()
    with pytest.raises(NotOwner) as refused:  # another department gave nothing
        world.upload(csv_bytes([person_row(2)]), spec=world.enterprises, by=engineer)
    assert refused.value.reference.row == "JY-10"
    for path in (
        "/catalogue/new/",
        f"/sharing/apply/{world.population.id}/",
        f"/sharing/direct/{world.population.id}/",
    ):
        assert client.get(path).status_code == 403, path
    give("security", until=now + timedelta(days=30))  # other work than collecting
    with pytest.raises(NotOwner) as refused:
        world.upload(csv_bytes([person_row(3)]), by=engineer)
    assert "不在委托范围内" in refused.value.why and refused.value.reference.row == "JY-10"
    give("collection", until=AT + timedelta(minutes=1))
    with pytest.raises(NotOwner) as refused:
        world.upload(csv_bytes([person_row(4)]), by=engineer)
    assert "委托期限已过" in refused.value.why and refused.value.reference.row == "JY-10"
    assert Load.objects.count() == 1 and not queries.visible_loads(engineer, now).exists()
