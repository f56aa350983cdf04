from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parent.parent / "sql" / "0001_gateway.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("sharing", "0001_initial"), ("collection", "0002_serving")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
