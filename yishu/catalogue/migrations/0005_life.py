"""What a step of the review left is never rewritten; retired resources stay findable, marked as such."""

from django.db import migrations, models

FORWARD = """
create trigger catalogue_reviewrecord_immutable before update or delete on catalogue_reviewrecord
    for each row execute function catalogue_refuse_change();
"""
BACKWARD = "drop trigger catalogue_reviewrecord_immutable on catalogue_reviewrecord;"


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0004_step2")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.AddField("searchentry", "retired", models.BooleanField("已停用", default=False)),
    ]
