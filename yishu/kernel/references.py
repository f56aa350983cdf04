"""Where a rule stands in law: the instrument and its article."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reference:
    """One place in one legal instrument, as people cite it.

    ``pack`` is the pack id that carries the value (``cn-henan-jiaozuo-xiuwu``), ``instrument`` the short name shown
    to people (``修武办法``), ``article`` the place as the text names it (``第十九条第一项``), ``row`` the id of the demand
    in the acceptance list (``XW-19.1.b``), empty where there is none.
    """

    pack: str
    instrument: str
    article: str
    row: str = ""

    def __str__(self) -> str:
        return f"{self.instrument} {self.article}"

    def as_dict(self) -> dict[str, str]:
        """The reference as plain strings, for JSON answers and stored events."""
        return {"pack": self.pack, "instrument": self.instrument, "article": self.article, "row": self.row}
