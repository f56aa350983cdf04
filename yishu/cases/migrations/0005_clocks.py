"""Clocks that stop, go on and are extended; the nearest end; reminders by mail."""

from django.conf import settings
from django.db import migrations, models


def nearest_end(apps, schema_editor):
    """What ran before knew one clock per case, and few roles."""
    cases = apps.get_model("cases", "Case").objects.filter(closed_at=None)
    cases.exclude(due_on=None).update(ends_on=models.F("due_on"))
    for role, side in {"authority": "authority", "consumer": "applicant"}.items():
        cases.filter(step_role=role).update(step_side=side)
    cases.filter(step_side="").update(step_side="provider")


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0004_step2"),
        ("orgs", "0003_step2"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="case",
            name="amber_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="clocks",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="case",
            name="ends_on",
            field=models.DateField(blank=True, null=True, verbose_name="最近截止日期"),
        ),
        migrations.AddField(
            model_name="case",
            name="extension_asked",
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="申请延长工作日"),
        ),
        migrations.AddField(
            model_name="case",
            name="extension_role",
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AddField(
            model_name="caseevent",
            name="clock_from",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="caseevent",
            name="days",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="duemove",
            name="which",
            field=models.CharField(default="step", max_length=5),
        ),
        migrations.AddField(
            model_name="notice",
            name="mail_tries",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="case",
            name="step_side",
            field=models.CharField(blank=True, max_length=10),
        ),
        migrations.RunPython(nearest_end, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("closed_at", None)),
                fields=["jurisdiction", "step_side", "step_role", "ends_on"],
                name="case_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("closed_at", None)), fields=["provider", "step_role"], name="case_waiting_provider"
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("closed_at", None)),
                fields=["department", "step_role"],
                name="case_waiting_department",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(condition=models.Q(("closed_at", None)), fields=["opened_by"], name="case_mine"),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(condition=models.Q(("closed_at", None)), fields=["ends_on"], name="case_ends"),
        ),
    ]
