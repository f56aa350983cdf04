"""Published versions and secrecy reviews are never rewritten: the database itself refuses, whoever asks."""

from django.db import migrations

FORWARD = """
create function catalogue_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '已发布版本和保密审查记录不可修改或删除 (table %, operation %)', tg_table_name, tg_op
        using errcode = 'restrict_violation';
end
$$;
create trigger catalogue_version_immutable before update or delete on catalogue_version
    for each row execute function catalogue_refuse_change();
create trigger catalogue_secrecyreview_immutable before update or delete on catalogue_secrecyreview
    for each row execute function catalogue_refuse_change();
"""
BACKWARD = """
drop trigger catalogue_version_immutable on catalogue_version;
drop trigger catalogue_secrecyreview_immutable on catalogue_secrecyreview;
drop function catalogue_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0002_editing")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
