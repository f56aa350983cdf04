"""The text whose places a pack's references name: how places are written, its articles and rows, its annexes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from yishu.kernel.references import Reference
from yishu.law.entries import Entry
from yishu.law.kinds import Annex, Article

_NUMERAL = "[一二三四五六七八九十百]+"
ARTICLE = re.compile(rf"(第{_NUMERAL}条)(第{_NUMERAL}款)?(第{_NUMERAL}项)?")
"""How a place in a text of articles is named: 第十九条第一款第一项."""
PART = re.compile(rf"({_NUMERAL}(?:（{_NUMERAL}）)?)([1-9][0-9]?(?:（[1-9][0-9]?）)?)?")
"""How a place in a text of parts is named: 五（三）2, 七（四）, 七."""
PREAMBLE = "前言"
WHOLE_TEXT = "全文"
"""The place of a statement that the whole text is silent."""
PLACES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "articles": (ARTICLE, "第×条第×款第×项"),
    "parts": (PART, "五（三）2"),
}
"""The ways a text is divided (``places`` in ``pack.yaml``), with the way a place is written."""


@dataclass(slots=True)
class Instrument:
    """The text whose places references name: its articles with summaries, its rows with their places, its annexes.

    ``other`` finds the instrument of another pack, which only an overlay may cite (``{pack: cn, article: …}``).
    """

    pack: str
    short_name: str
    places: str = "articles"
    articles: dict[str, Article] = field(default_factory=dict)
    rows: dict[str, Article] = field(default_factory=dict)
    annexes: dict[str, Annex] = field(default_factory=dict)
    partial: bool = False
    """A file of the pack could not be read: what it held is not missed a second time."""
    other: Callable[[str], "Instrument | None"] | None = None

    def head(self, place: str) -> str:
        """The article a place of this text belongs to, or "" when the text does not write places so."""
        if place == PREAMBLE:
            return place
        match = PLACES[self.places][0].fullmatch(place)
        return match.group(1) if match else ""

    def reference(self, entry: Entry) -> Reference:
        """Read ``{article, row}`` (or ``{annex, article}``); the article must be one of the text, the row one of that article."""
        fields = entry.fields(("article",), ("row", "annex", "pack"))
        if not fields["pack"]:
            return self._place(fields)
        pack_id = fields["pack"].text()
        found = self.other(pack_id) if self.other and pack_id != self.pack else None
        if pack_id == self.pack:
            fields["pack"].problem("引用本规则包的条文不写 pack")
        elif found is None:
            words = f"没有规则包“{pack_id[:40]}”" if self.other else "只有叠加（overlay）中可以引用另一规则包的条文"
            fields["pack"].problem(words)
        return found._place(fields) if found else Reference(pack_id, "", fields["article"].text())

    def _place(self, fields: Mapping[str, Entry]) -> Reference:
        if fields["annex"]:
            return self._in_annex(fields)
        place = fields["article"].text()
        row = fields["row"].text() if fields["row"] else ""
        head = self.head(place)
        if place and place != WHOLE_TEXT and not head:
            written = PLACES[self.places][1]
            fields["article"].problem(f"应写作“{written}”，或“{WHOLE_TEXT}”（文本未规定）（现为“{place[:40]}”）")
        elif head and self.articles and head not in self.articles and not self.partial:
            fields["article"].problem(f"规则包 {self.pack} 的 articles 中没有{head}")
        if row and row not in self.rows:
            if not self.partial:
                fields["row"].problem(f"规则包 {self.pack} 的 articles 中没有条目 {row[:40]}")
        elif row and head and self.head(self.rows[row].reference.article) != head:
            fields["row"].problem(f"条目 {row} 在{self.rows[row].reference.article}，与 article 不一致")
        return Reference(pack=self.pack, instrument=self.short_name, article=place, row=row)

    def _in_annex(self, fields: Mapping[str, Entry]) -> Reference:
        key = fields["annex"].choice(tuple(self.annexes)) if self.annexes else ""
        if not self.annexes and not self.partial:
            fields["annex"].problem(f"规则包 {self.pack} 没有附件（pack.yaml 的 annexes）")
        annex = self.annexes.get(key)
        place = fields["article"].text()
        if annex and place and place not in annex.places:
            fields["article"].problem(f"应为附件{annex.short_name}的位置之一：{'、'.join(annex.places)}")
        if fields["row"]:
            fields["row"].problem("附件中的位置不写条目")
        return Reference(pack=self.pack, instrument=annex.short_name if annex else "", article=place)


def article_of(place: str) -> str:
    """The article a place belongs to (``第十四条第二款`` → ``第十四条``, ``五（三）2`` → ``五（三）``), or "" when it is not a place."""
    if place == PREAMBLE:
        return place
    for pattern, _ in PLACES.values():
        match = pattern.fullmatch(place)
        if match:
            return match.group(1)
    return ""


def read_annexes(entry: Entry, instrument: Instrument) -> None:
    """Fill the instrument from ``annexes`` of ``pack.yaml``: key → {instrument, short_name, places}."""
    for key, body in entry.entries():
        fields = body.fields(("instrument", "short_name", "places"))
        places = fields["places"].texts()
        if fields["places"] and not places:
            fields["places"].problem("至少写一处")
        instrument.annexes[key] = Annex(key, fields["instrument"].text(), fields["short_name"].text(), places)


def read_articles(entry: Entry, instrument: Instrument) -> None:
    """Fill the instrument from section ``articles``: article → summary and rows, row → place and summary."""
    for name, body in entry.entries():
        if instrument.head(name) != name:
            body.problem("键应写作“第×条”" if instrument.places == "articles" else "键应写作“五（三）”或“七”")
            continue
        if name in instrument.articles:
            body.problem("键不得重复（另一文件中已写）")
        fields = body.fields(("summary",), ("rows",))
        reference = Reference(instrument.pack, instrument.short_name, name)
        instrument.articles[name] = Article(reference, fields["summary"].text())
        for row, row_body in fields["rows"].entries() if fields["rows"] else ():
            row_fields = row_body.fields(("place", "summary"))
            place = row_fields["place"].text()
            if place and instrument.head(place) != name:
                row_fields["place"].problem(f"应为{name}中的位置")
            if row in instrument.rows:
                row_body.problem("条目编号不得重复")
            instrument.rows[row] = Article(
                Reference(instrument.pack, instrument.short_name, place, row), row_fields["summary"].text()
            )
