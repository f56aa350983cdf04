"""The search: numbers instead of text in its index, more facets, pinyin, the words in use. What is published is indexed anew."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

from yishu.catalogue import folding
from yishu.catalogue.indexing import entry_keys, term_row
from yishu.catalogue.segmenting import terms

OF_ELEMENTS = ("theme_library", "document_class", "source_kind", "open_type", "format_class")


def index_anew(apps, schema_editor):
    """Fill the new columns of every entry from its resource's current version."""
    entry_model, version_model = apps.get_model("catalogue", "SearchEntry"), apps.get_model("catalogue", "Version")
    words: dict[int, set[str]] = {}
    for entry in entry_model.objects.select_related("resource", "department").iterator(chunk_size=200):
        snapshot = version_model.objects.filter(resource=entry.resource_id, number=entry.resource.version).values_list(
            "snapshot", flat=True
        )
        elements = (snapshot.first() or {}).get("elements", {})
        for name in OF_ELEMENTS:
            setattr(entry, name, str(elements.get(name) or ""))
        entry.state = "retired" if entry.retired else "published"
        entry.pinyin = folding.pinyin_text(entry.title)
        rest = folding.fold(f"{entry.summary} {entry.department.name} {entry.code}")
        entry.text = "\n".join([entry.folded_title, folding.fold(" ".join(entry.item_names)), rest])
        entry.keys = entry_keys({name: getattr(entry, name) for name in _columns(entry)})
        entry.save()
        found = words.setdefault(entry.jurisdiction_id, set())
        for text in (entry.title, *entry.item_names):
            found |= terms(folding.fold(text))
    term_model = apps.get_model("catalogue", "SearchTerm")
    for jurisdiction_id, found in words.items():
        rows = (term_row(jurisdiction_id, word) for word in sorted(found))
        term_model.objects.bulk_create(
            [
                term_model(
                    jurisdiction_id=r.jurisdiction_id, term=r.term, pinyin=r.pinyin, initials=r.initials, near=r.near
                )
                for r in rows
            ],
            ignore_conflicts=True,
            batch_size=500,
        )


def _columns(entry):
    return [f.attname for f in entry._meta.fields]


class Migration(migrations.Migration):
    # What is written must stand before indexes are made.
    atomic = True
    dependencies = [("catalogue", "0005_life"), ("orgs", "0004_department_profile_jurisdictionchange")]
    operations = [
        migrations.RemoveIndex("searchentry", "search_tokens"),
        migrations.RemoveIndex("searchentry", "search_share_type"),
        migrations.RemoveField("searchentry", "tokens"),
        *(
            migrations.AddField("searchentry", name, models.CharField(blank=True, default="", max_length=length))
            for name, length in (
                ("theme_library", 40), ("document_class", 40), ("source_kind", 40), ("open_type", 20), ("format_class", 2)
            )
        ),
        migrations.AddField("searchentry", "state", models.CharField(default="published", max_length=20)),
        migrations.AddField("searchentry", "pinyin", models.TextField(default="")),
        migrations.AddField(
            "searchentry", "keys",
            django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), default=list, size=None),
        ),
        migrations.CreateModel(
            name="SearchTerm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("term", models.CharField(max_length=40)),
                ("pinyin", models.CharField(max_length=160)),
                ("initials", models.CharField(max_length=40)),
                ("near", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                (
                    "jurisdiction",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orgs.jurisdiction"
                    ),
                ),
            ],
            options={"verbose_name": "检索词"},
        ),
        migrations.RunPython(index_anew, migrations.RunPython.noop),
    ]  # fmt: skip
