"""A case's history is never rewritten: the database itself refuses, whoever asks."""

from django.db import migrations

FORWARD = """
create function cases_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '办件记录不可修改或删除 (table %, operation %)', tg_table_name, tg_op using errcode = 'restrict_violation';
end
$$;
create trigger cases_caseevent_immutable before update or delete on cases_caseevent
    for each row execute function cases_refuse_change();
"""
BACKWARD = """
drop trigger cases_caseevent_immutable on cases_caseevent;
drop function cases_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_engine")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
