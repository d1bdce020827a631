"""Views over nested fields and enums: filters are typed by the member, and documented with what they allow."""

from __future__ import annotations

import pytest

from serving_layer.openapi import answer_model, parameters
from serving_layer.problems import Problem
from serving_layer.query import read_query
from tests.golden.cases import contract

ORDERS = contract("shop_orders")
CHANNELS, CITIES, PROMISES = (
    ORDERS.view(f"orders_by_{name}") for name in ("channel_and_day", "city_and_hour", "promise")
)


def test_a_filter_with_a_value_that_the_enum_lacks_is_refused_with_those_it_has() -> None:
    for query in (b"channel=fax", b"channel.in=web,fax", b"channel.ne=", b"channel.gte=Web"):
        with pytest.raises(Problem) as refused:
            read_query(ORDERS, CHANNELS, query)
        assert (refused.value.code, refused.value.status) == ("TL-API-006", 400)
        assert refused.value.allowed == ["web", "shop", "phone"]
    assert read_query(ORDERS, CHANNELS, b"channel.in=web,shop").filters[0].operand == ("shop", "web")


def test_filters_on_members_of_objects_are_typed_by_the_member() -> None:
    assert read_query(ORDERS, CITIES, b"city=Porto&hour.lt=2026-03-30T13:00Z&abroad=true")
    assert read_query(ORDERS, PROMISES, b"promised_on=2026-03-30&gift=false")
    for view, query in ((CITIES, b"hour=2026-03-30T13:30:00Z"), (PROMISES, b"promised_on=x"), (PROMISES, b"gift=1")):
        with pytest.raises(Problem):
            read_query(ORDERS, view, query)


def test_the_enum_is_documented_for_parameters_and_answers() -> None:
    schemas = {parameter["name"]: parameter["schema"] for parameter in parameters(ORDERS, CHANNELS)}
    assert schemas["channel"] == schemas["channel.gt"] == {"type": "string", "enum": ["web", "shop", "phone"]}
    assert "enum" not in schemas["channel.in"]
    row = answer_model(ORDERS, CHANNELS).model_json_schema()["$defs"]["OrdersByChannelAndDayRow"]["properties"]
    assert row["channel"]["anyOf"][0]["enum"] == ["web", "shop", "phone"]
    assert row["lines"]["type"] == "integer" and row["card_fees"]["type"] == "string"
    assert {"type": "string"} in row["latest_partner"]["anyOf"]
    cities = answer_model(ORDERS, CITIES).model_json_schema()["$defs"]["OrdersByCityAndHourRow"]["properties"]
    assert {"type": "integer"} in cities["least_priority"]["anyOf"]
    assert {"type": "integer"} in cities["most_lines"]["anyOf"]
