"""Counting a department's published resources by state and share type reads this index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0007_search_indexes")]
    operations = [
        migrations.AddIndex(
            model_name="searchentry",
            index=models.Index(fields=["department", "state", "share_type"], name="search_states"),
        ),
    ]
