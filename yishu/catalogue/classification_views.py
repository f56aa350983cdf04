"""本地分类: the page of 目 and 细目, its forms for the authority, and the lists the editor shows while typing."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from yishu.catalogue import classification, guide
from yishu.catalogue.class_tree import PATH_DIGITS
from yishu.catalogue.demands import Demands, demands
from yishu.catalogue.element_rules import standard_of
from yishu.catalogue.reading import reader
from yishu.kernel.errors import NotFound, PublicError
from yishu.kernel.time import shanghai_date
from yishu.orgs.models import Jurisdiction, Person
from yishu.pages.forms import add_problems
from yishu.pages.lists import page_of, read_list_query
from yishu.pages.parts import FacetOption

_SORTS = {"code": ("path", "code"), "title": ("title", "path", "code"), "added": ("added_at", "pk")}


class ClassForm(forms.Form):
    """One 目 or 细目."""

    path = forms.ChoiceField(label="上级")
    code = forms.CharField(label="编码", max_length=8, help_text="目 3 位数字；细目 1 至 8 位数字")
    title = forms.CharField(label="名称", max_length=classification.LONGEST_TITLE)

    def __init__(self, law: Demands, parents: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = [
            (top.title, [(f"{top.key}{i.key}", f"{top.key}{i.key} {i.title}") for i in top.items])
            for top in guide.entries(law, "classes")
        ]
        if parents:
            groups.append(("已有的目（添加细目）", parents))
        self.fields["path"].choices = [("", "请选择"), *groups]  # type: ignore[attr-defined]
        self.references = {"path": standard_of(law)}


class ImportForm(forms.Form):
    """A pasted table of the tree."""

    text = forms.CharField(
        label="编码和名称", max_length=400_000, widget=forms.Textarea(attrs={"rows": 8}),
        help_text="每行一个，从电子表格粘贴两列：编码、名称。例如 307016 食品经营；细目写在它的目之后，如 30701601 许可",
    )  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def classes(request: HttpRequest) -> HttpResponse:
    """``/catalogue/classes/``: the jurisdiction's 目 and 细目; the authority adds, renames, closes and imports here."""
    person, jurisdiction = reader(request)
    law = demands(jurisdiction.law, shanghai_date(timezone.now()))
    tree = classification.tree(jurisdiction)
    parents = [
        (path + code, f"{path}{code} {title}")
        for path, below in tree.nodes.items()
        if len(path) == PATH_DIGITS
        for code, title in below.items()
    ]
    do = request.POST.get("do", "")
    add = ClassForm(law, parents, request.POST if do == "add" else None)
    bulk = ImportForm(request.POST if do == "import" else None)
    status = 200
    if request.method == "POST":
        try:
            if _posted(request, person, jurisdiction, do, add, bulk):
                return redirect("catalogue-classes")
        except PublicError as error:
            if do not in ("add", "import"):
                raise
            add_problems(add if do == "add" else bulk, error)
        status = 422
    return _listed(request, person, jurisdiction, law, {"add": add, "bulk": bulk}, status)


def _posted(
    request: HttpRequest, person: Person, jurisdiction: Jurisdiction, do: str, add: ClassForm, bulk: ImportForm
) -> bool:
    """Do what a form of the page asks for; False when it has to be shown again."""
    at = timezone.now()
    if do == "add":
        if not add.is_valid():
            return False
        c = add.cleaned_data
        classification.add_class(
            jurisdiction=jurisdiction, path=c["path"], code=c["code"], title=c["title"], by=person, at=at
        )
        messages.success(request, f"已添加 {c['path']}{c['code']} {c['title']}")
    elif do == "import":
        if not bulk.is_valid():
            return False
        done = classification.import_classes(
            jurisdiction=jurisdiction, text=bulk.cleaned_data["text"], by=person, at=at
        )
        messages.success(request, f"已导入：新增 {done.added} 个，修改 {done.renamed} 个")
    else:
        number = request.POST.get("node", "")
        node_id = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
        if do == "rename":
            title = request.POST.get("title", "").replace("\x00", "")
            node = classification.rename_class(node_id=node_id, title=title, by=person, at=at)
            messages.success(request, f"已改名为“{node.title}”")
        elif do in ("close", "open"):
            node = classification.set_class_active(node_id=node_id, active=do == "open", by=person, at=at)
            messages.success(request, f"“{node.title}”已{'启用' if node.active else '停用'}")
        else:
            raise NotFound("没有这个操作", remedy="请回到“本地分类”页面", code="catalogue.class_not_found")
    return True


def _listed(
    request: HttpRequest, person: Person, jurisdiction: Jurisdiction, law: Demands, forms_: dict[str, Any], status: int
) -> HttpResponse:
    query = read_list_query(request, _SORTS, "code")
    found = classification.nodes(jurisdiction)
    paths = sorted({path[:PATH_DIGITS] for path in found.values_list("path", flat=True).distinct()})
    facets = [
        FacetOption(
            path, guide.class_title(law, path[:1], path[1:]) or path, found.filter(path__startswith=path).count()
        )
        for path in paths
    ]
    wanted = request.GET.get("path", "")
    if wanted in paths:
        found = found.filter(path__startswith=wanted)
    if query.text:
        found = found.filter(title__icontains=query.text) | found.filter(code__startswith=query.text)
    page = page_of(found.order_by(*query.order), query)
    rows = [
        {
            "node": node,
            "above": guide.class_title(law, node.path[:1], node.path[1:PATH_DIGITS]),
            "level": "目" if len(node.path) == PATH_DIGITS else "细目",
            "used": classification.in_use(node),
        }
        for node in page
    ]
    context = forms_ | {
        "page": page, "rows": rows, "paths": facets, "narrowed": bool(query.text or wanted), "sort": query.sort,
        "may_keep": classification.may_keep(person, jurisdiction, timezone.now()), "reference": standard_of(law),
    }  # fmt: skip
    return render(request, "catalogue/classes.html", context, status=status)


@login_required
@require_GET
def options(request: HttpRequest) -> HttpResponse:
    """``/catalogue/classes/options/?classification=3-07&category=016``: the lists beside 目 and 细目 for what is chosen."""
    _, jurisdiction = reader(request)
    path = request.GET.get("classification", "").replace("-", "")[:PATH_DIGITS]
    category = request.GET.get("category", "")[:PATH_DIGITS]
    return render(request, "catalogue/parts/class_lists.html", lists_for(jurisdiction, path, category))


def lists_for(jurisdiction: Jurisdiction, path: str, category: str) -> dict[str, Any]:
    """Codes and titles under the chosen 类 and 项, and under the chosen 目; all 目 when nothing is chosen yet."""
    tree = classification.tree(jurisdiction)
    categories = list(tree.under(path).items())
    if not categories and len(path) < PATH_DIGITS:
        categories = [row for p, below in tree.nodes.items() if len(p) == PATH_DIGITS for row in below.items()]
    return {"categories": categories, "subcategories": list(tree.under(path + category).items())}
