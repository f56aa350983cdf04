"""督办意见. The database itself refuses to change or delete one, as it does with a case's history."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORWARD = """
create trigger cases_urging_immutable before update or delete on cases_urging
    for each row execute function cases_refuse_change();
"""
BACKWARD = "drop trigger cases_urging_immutable on cases_urging;"


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_clocks"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            name="Urging",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("note", models.CharField(max_length=500, verbose_name="督办意见")),
                ("wanted_on", models.DateField(verbose_name="要求办理日期")),
                ("revision", models.PositiveIntegerField()),
                ("step", models.CharField(max_length=60, verbose_name="所在步骤")),
                ("role", models.CharField(max_length=20, verbose_name="督办人角色")),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="urgings", to="cases.case"
                    ),
                ),
            ],
            options={"verbose_name": "督办意见", "ordering": ["-at", "-pk"]},
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
