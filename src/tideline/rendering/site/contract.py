"""The page of one contract: promise, fields, rules, views, lineage, and how to ask it."""

from __future__ import annotations

from collections.abc import Iterable

from tideline.model.contract import Contract, View
from tideline.model.field import EventField
from tideline.model.quality import Gate, Unit
from tideline.rendering import spark
from tideline.rendering.site import words
from tideline.rendering.site.html import Content, Html, badge, document, element, facts, section
from tideline.rendering.site.index import Relations

_ROOT = "../../"


def page(contract: Contract, relations: Relations) -> str:
    """The whole page."""
    family = relations.families.get((contract.source or "", contract.family or ""), [])
    parts: list[tuple[str, str, Content]] = [
        ("promise", "Promise", _promise(contract)),
        ("fields", "Fields", _fields(contract)),
        ("quality", "Rules and gates", _quality(contract)),
        ("views", "Views", [_view(contract, view) for view in contract.views]),
        ("lineage", "Lineage", _lineage(contract, relations)),
        ("ask", "How to ask it", _ask(contract)),
        ("family", f"Family {contract.family or ''}", _links(family, relations) if len(family) > 1 else None),
    ]
    shown = [(name, title, content) for name, title, content in parts if content]
    contents = element("ul", [element("li", element("a", title, href=f"#{name}")) for name, title, _ in shown])
    personal = words.personal(contract)
    badges = [
        badge(f"version {contract.version}"), badge(contract.tier, f"tier-{contract.tier}"),
        badge(f"{personal} personal field{'s' if personal > 1 else ''}", "pii") if personal else None,
        [badge(tag, "tag") for tag in contract.tags],
    ]  # fmt: skip
    main = [
        element("h1", contract.id),
        element("p", contract.description, class_="lead"),
        element("p", badges),
        element("nav", contents, class_="contents", aria_label="On this page"),
        [section(name, title, content) for name, title, content in shown],
    ]
    trail = element("a", contract.domain, href=f"{_ROOT}domains/{contract.domain}.html")
    return document(contract.id, _ROOT, main, trail=trail)


def _code(text: str) -> Html:
    return element("code", text)


def _promise(contract: Contract) -> Html:
    drift = contract.drift
    return facts(
        [
            ("Owner", contract.owner),
            ("Freshness", f"served within {words.span(contract.freshness)}"),
            ("Retention", words.span(contract.retention)),
            ("Batch run", _code(contract.schedule)),
            ("Published", f"within {words.span(contract.deadline)}" if contract.deadline else None),
            ("Event time", _code(contract.event_time)),
            (
                "Repeats",
                ["one per ", _code(contract.deduplication.key), f" in {words.span(contract.deduplication.horizon)}"],
            ),
            ("Changes", contract.compatibility.value.replace("_", ", ")),
            ("New fields", drift.new_fields.value),
            ("Changed fields", drift.changed_fields.value),
            ("Retired fields", ", ".join(contract.retired)),
            ("Hash", _code(contract.hash)),
        ]
    )


def _fields(contract: Contract) -> Content:
    derived = [
        element("li", element("p", _code(column.name), " ", badge("derived"), " boolean", class_="name"),
                element("p", column.description), facts([("is", _code(column.expression))]))
        for column in contract.derived
    ]  # fmt: skip
    return element("ul", [_field(field) for field in contract.fields], derived, class_="tree")


def _field(field: EventField, name: str | None = None) -> Html:
    """A field and what is inside it; items and values are shown by what they are."""
    badges = [
        badge("required", "required") if field.required else None,
        badge("PII", "pii") if field.pii else None,
        badge(field.classification) if field.classification != "internal" else None,
        badge("deprecated", "warn") if field.deprecated else None,
    ]
    head = element(
        "p",
        _code(name or field.name),
        " ",
        element("span", words.kind(field), class_="type"),
        " ",
        badges,
        class_="name",
    )
    values = element(
        "ul", [element("li", _code(value)) for value in field.enum], class_="enum", aria_label="allowed values"
    )
    inside = _inside(field)
    return element(
        "li", head, element("p", field.description) if field.description and name is None else None,
        values if field.enum else None,
        facts((what, _code(value) if what == "pattern" else value) for what, value in words.limits(field)),
        element("details", element("summary", "inside"), element("ul", inside), open=True) if inside else None,
    )  # fmt: skip


def _inside(field: EventField) -> list[Html]:
    if field.fields:
        return [_field(inner) for inner in field.fields]
    if field.items is not None:
        return [_field(inner) for inner in field.items.fields] or [_field(field.items, "each item")]
    if field.values is not None:
        return [_field(inner) for inner in field.values.fields] or [_field(field.values, "each value")]
    return []


def _quality(contract: Contract) -> Content:
    rules = [("quarantine", rule.name, rule.expression, rule.description, "each event") for rule in contract.rules] + [
        (gate.action.value, gate.name, _measured(gate), gate.description, gate.table or "silver")
        for gate in contract.gates
    ]
    if not rules:
        return element("p", "None beyond the types of the fields and the uniqueness of the key.")
    rows = [
        element("tr", element("th", name, scope="row"), element("td", _code(check)), element("td", where),
                element("td", badge(action, f"action-{action}")), element("td", about))
        for action, name, check, about, where in rules
    ]  # fmt: skip
    head = element("tr", [element("th", title, scope="col") for title in ("name", "must hold", "of", "else", "why")])
    return element(
        "div", element("table", element("thead", head), element("tbody", rows)), class_="scroll", tabindex="0"
    )


def _measured(gate: Gate) -> str:
    of = f" of {', '.join(gate.columns)}" if gate.columns else ""
    counted = f"rows that break {gate.expression}" if gate.expression else f"{words.metric(gate.metric)}{of}"
    limit = f" {words.COMPARISONS[gate.comparison]} ".join(["", " and ".join(f"{part:f}" for part in gate.limits)])
    return f"{gate.query or counted}{limit}{' %' if gate.unit is Unit.PERCENT else ''}"


def _part(name: str, what: Content, description: str) -> Html:
    return element("li", _code(name), what, element("span", description, class_="about"))


def _view(contract: Contract, view: View) -> Html:
    dimensions = [
        _part(dimension.name, f" per {dimension.grain.value}" if dimension.grain else None, dimension.description)
        for dimension in view.dimensions
    ]
    measures = [
        _part(measure.name, [" = ", _code(f"{measure.kind.value}({measure.expression or ''})")], measure.description)
        for measure in view.measures
    ]
    url = f"GET /v1/{contract.domain}/{view.name}"
    return element(
        "article", element("h3", view.name), element("p", view.description),
        element("p", badge("batch only: no live part", "warn")) if view.batch_only else None,
        element("h4", "Dimensions"), element("ul", dimensions), element("h4", "Measures"), element("ul", measures),
        element("p", _code(url), class_="url"), id=f"view-{view.name}",
    )  # fmt: skip


def _lineage(contract: Contract, relations: Relations) -> Html:
    """From the topic to whoever reads, one step after the other."""
    views = [element("li", element("a", view.name, href=f"#view-{view.name}")) for view in contract.views]
    consumers = relations.consumers.get(contract.id, [])
    table = f"{contract.domain}_{contract.product}"
    steps: list[tuple[str, Content]] = [
        ("Needs", _links(contract.consumes, relations) if contract.consumes else None),
        (
            "Topic",
            [_code(contract.stream.topic), element("p", f"{contract.stream.partitions} partitions", class_="soft")],
        ),
        ("Bronze", [_code(f"bronze.{table}"), element("p", "as it came", class_="soft")]),
        (
            "Silver",
            [_code(spark.table_name("silver", contract)), element("p", "typed, each event once", class_="soft")],
        ),
        ("Gold", element("ul", views) if views else None),
        (
            "API",
            [_code(f"/v1/{contract.domain}/"), element("p", "batch and live joined", class_="soft")] if views else None,
        ),
        ("Consumers", _links(consumers, relations) if consumers else None),
    ]
    return element(
        "ol", [element("li", element("h3", title), content) for title, content in steps if content], class_="lineage"
    )


def _links(ids: Iterable[str], relations: Relations) -> Html:
    """Contracts as links, where they have a page."""
    items = [
        element("a", id_, href=f"{_ROOT}contracts/{id_.replace('.', '/', 1)}.html") if id_ in relations.known else id_
        for id_ in sorted(ids)
    ]
    return element("ul", [element("li", item) for item in items])


def _ask(contract: Contract) -> Content:
    if not contract.views:
        return element("p", "No views are served; read ", _code(spark.table_name("silver", contract)), ".")
    view = contract.views[0]
    named = ",".join(dimension.name for dimension in view.dimensions[:1])
    lines = [
        ("HTTP", f"curl 'localhost:8088/v1/{contract.domain}/{view.name}?dimensions={named}&limit=10'"),
        ("Shell", f"tideline query {contract.domain}.{view.name}"),
        ("SQL, batch only", f"select * from gold.{view.name}"),  # noqa: S608 - shown to a person, never run
    ]
    return [[element("h3", title), element("pre", _code(line), tabindex="0")] for title, line in lines]
