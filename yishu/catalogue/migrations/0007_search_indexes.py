"""Indexes of the search, in a transaction of their own behind the rows they index."""

import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0006_search")]
    operations = [
        migrations.AddIndex(
            "searchentry",
            django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=["keys"], name="search_keys"),
        ),
        migrations.AddIndex(
            "searchentry",
            models.Index(
                fields=["jurisdiction", "folded_title"],
                name="search_title",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
        ),
        migrations.AddIndex(
            "searchentry", models.Index(fields=["jurisdiction", "-published_on", "resource"], name="search_published")
        ),
        migrations.AddIndex(
            "searchentry", models.Index(fields=["jurisdiction", "title", "resource"], name="search_by_title")
        ),
        migrations.AddConstraint(
            "searchterm", models.UniqueConstraint(fields=("jurisdiction", "term"), name="search_term_once")
        ),
        migrations.AddIndex(
            "searchterm",
            django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=["near"], name="search_term_near"),
        ),
        migrations.AddIndex(
            "searchterm",
            models.Index(
                fields=["jurisdiction", "term"], name="search_term", opclasses=["int8_ops", "varchar_pattern_ops"]
            ),
        ),
        migrations.AddIndex(
            "searchterm",
            models.Index(
                fields=["jurisdiction", "pinyin"],
                name="search_term_pinyin",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
        ),
        migrations.AddIndex(
            "searchterm",
            models.Index(
                fields=["jurisdiction", "initials"],
                name="search_term_initials",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
        ),
    ]
