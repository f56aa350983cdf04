"""Reads the platform's pages as a browser without scripts would: heading, messages, facts, forms. Standard library and httpx."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

VOID = frozenset({"input", "br", "img", "meta", "link", "hr", "path", "use", "circle", "line", "polyline", "rect"})
Attributes = dict[str, str]


class Surprise(Exception):
    """Something is not as the story needs it; its text says what was on the page."""


@dataclass
class Field:
    """One control: what it would send now, what it may send, and the words beside it."""

    name: str
    kind: str
    value: str = ""
    on: bool = True
    options: list[tuple[str, str]] = field(default_factory=list)
    label: str = ""
    id: str = ""


@dataclass
class Form:
    """A form with its present values. ``set`` and ``tick`` change them; ``page.send`` sends them."""

    action: str
    method: str
    fields: list[Field] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Whether a control of that name is in the form."""
        return any(f.name == name for f in self.fields)

    def set(self, name: str, value: str) -> None:
        """Type into a text field, choose of a select (by value or words), choose a radio button, tick one box by value."""
        found = [f for f in self.fields if f.name == name]
        if not found:
            raise Surprise(f"表单里没有 {name}，有 {sorted({f.name for f in self.fields})}")
        if found[0].kind in ("radio", "checkbox"):
            chosen = [f for f in found if value in (f.value, f.label)]
            if not chosen:
                raise Surprise(f"{name} 没有选项 {value}，有 {[(f.value, f.label) for f in found]}")
            for f in found:
                f.on = f in chosen or (f.on and f.kind == "checkbox")
        elif found[0].options:
            offered = [key for key, words in found[0].options if value in (key, words)]
            if not offered:
                raise Surprise(f"{name} 没有选项 {value}，有 {found[0].options}")
            found[0].value = offered[0]
        else:
            found[0].value = value

    def tick(self, name: str, *labels: str) -> None:
        """Tick exactly the boxes of that name whose words are given."""
        for f in self.fields:
            if f.name == name:
                f.on = False
        for label in labels:
            self.set(name, label)

    def value(self, name: str) -> str:
        """What a text field or select would send now."""
        return next((f.value for f in self.fields if f.name == name), "")

    def data(self) -> dict[str, str | list[str]]:
        """What a browser would send, without the button."""
        sent: dict[str, str | list[str]] = {}
        for f in self.fields:
            if f.on and f.kind not in ("submit", "button", "file"):
                before = sent.get(f.name)
                sent[f.name] = (
                    f.value if before is None else [*([before] if isinstance(before, str) else before), f.value]
                )
        return sent


class _Reader(HTMLParser):
    """Collects what ``Page`` offers."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.heading, self.said, self.alerts = "", "", ""
        self.facts: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.links: list[tuple[str, str]] = []
        self._open: list[tuple[str, Attributes]] = []
        self._labels: dict[str, str] = {}
        self._label = self._term = self._words = ""
        self._select: Field | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self._open.append((tag, given))
        form = self.forms[-1] if self.forms else None
        match tag:
            case "form":
                self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
            case "label":
                self._label = given.get("for", "")
            case "dt" | "a" | "option" | "textarea":
                self._words = ""
                if tag == "dt":
                    self._term = ""
                elif tag == "option" and self._select is not None:
                    self._select.options.append((given.get("value", ""), ""))
                    if "selected" in given or len(self._select.options) == 1:
                        self._select.value = given.get("value", "")
                elif tag == "textarea" and form is not None:
                    form.fields.append(Field(given.get("name", ""), "textarea", id=given.get("id", "")))
            case "select" if form is not None:
                self._select = Field(given.get("name", ""), "select", id=given.get("id", ""))
                form.fields.append(self._select)
            case "input" if form is not None and given.get("name"):
                kind = given.get("type", "text")
                on = kind not in ("radio", "checkbox") or "checked" in given
                value = given.get("value", "on" if kind == "checkbox" else "")
                form.fields.append(Field(given["name"], kind, value, on, id=given.get("id", "")))

    def handle_data(self, data: str) -> None:
        tags = {tag for tag, _ in self._open}
        text = " ".join(data.split()) if "pre" not in tags and "textarea" not in tags else data
        self._words += text
        if "h1" in tags:
            self.heading += text
        if "label" in tags and self._label and text:
            self._labels[self._label] = self._labels.get(self._label, "") + text
        if "dt" in tags:
            self._term += text
        elif "dd" in tags and self._term and text:
            self.facts[self._term] = " ".join(filter(None, [self.facts.get(self._term, ""), text]))
        for _, given in self._open:
            if given.get("role") == "status":
                self.said += text
            elif given.get("role") == "alert":
                self.alerts += f" {text}" if text else ""
            if given.get("id"):
                self.texts[given["id"]] = self.texts.get(given["id"], "") + text

    def handle_endtag(self, tag: str) -> None:
        if tag not in {name for name, _ in self._open}:
            return
        given: Attributes = {}
        while self._open and (closed := self._open.pop()):
            if closed[0] == tag:
                given = closed[1]
                break
        if tag == "a" and given.get("href"):
            self.links.append((given["href"], self._words))
        elif tag == "option" and self._select is not None:
            self._select.options[-1] = (self._select.options[-1][0], self._words)
        elif tag == "textarea" and self.forms:
            self.forms[-1].fields[-1].value = self._words.removeprefix("\n")
        elif tag == "select":
            self._select = None
        elif tag == "label":
            self._label = ""

    def finish(self) -> None:
        """Give every control its words."""
        for form in self.forms:
            for f in form.fields:
                f.label = self._labels.get(f.id, "")


class Page:
    """One answer of the web pages, read."""

    def __init__(self, browser: httpx.Client, answer: httpx.Response) -> None:
        self.browser, self.answer = browser, answer
        self.url, self.status = answer.url, answer.status_code
        reader = _Reader()
        reader.feed(answer.text)
        reader.finish()
        self.forms, self.heading, self.facts, self.links = reader.forms, reader.heading, reader.facts, reader.links
        self.said, self.alerts, self.texts = reader.said, reader.alerts.strip(), reader.texts

    def form(self, name: str = "", action: str = "") -> Form:
        """The form that has a control of this name, or whose address ends so."""
        for form in self.forms:
            if (not name or form.has(name)) and (not action or form.action.endswith(action)):
                return form
        raise Surprise(f"“{self.heading}”页上没有所要的表单（{name}{action}）：{self.alerts or self.facts}")

    def send(self, form: Form, *, file: tuple[str, bytes] | None = None, **button: str) -> "Page":
        """Send a form with the named button pressed, and follow to the page it leads to."""
        files = {"file": (file[0], file[1], "text/csv")} if file else None
        address = urljoin(str(self.url), form.action)
        return Page(self.browser, self.browser.request(form.method, address, data=form.data() | button, files=files))

    def link(self, words: str) -> str:
        """The address of the first link that reads so."""
        for address, text in self.links:
            if text == words:
                return urljoin(str(self.url), address)
        raise Surprise(f"“{self.heading}”页上没有链接“{words}”，有 {[text for _, text in self.links]}")


class Browser:
    """One person's browser: signs in, opens pages."""

    def __init__(self, web: str, name: str, password: str) -> None:
        self.name = name
        self._http = httpx.Client(base_url=web, follow_redirects=True, timeout=30)
        page = self.open("/accounts/login/")
        form = page.form("login")
        form.set("login", name)
        form.set("password", password)
        if "login" in str((after := page.send(form)).url):
            raise Surprise(f"{name} 没有登录成功：{after.alerts}")

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def open(self, address: str, **query: str) -> Page:
        """Open a page; anything but a page that is there is a surprise."""
        page = Page(self._http, self._http.get(address, params=query or None))
        if page.status != 200:
            raise Surprise(f"{address} 的回答是 {page.status}：{page.alerts}")
        return page
