"""The generated half of the dbt project: fresh, whole, and no text of a contract can become a template."""

from tideline.adapters.odcs import read_contract
from tideline.model.contract import Contract, Dimension, Measure, View
from tideline.model.measure import MeasureKind
from tideline.rendering import sql
from tideline.rendering.dbt import FOLDER, render
from tideline.settings import REPOSITORY

SALES = read_contract(REPOSITORY / "contracts/retail/sales.odcs.yaml")


def test_the_committed_files_are_what_the_contract_says():
    wanted = {name: text for name, text in render({SALES.id: SALES}).items() if "/retail/sales/" in name}
    place = REPOSITORY / "dbt_project" / FOLDER / "retail" / "sales"
    found = {str(p.relative_to(REPOSITORY / "dbt_project")): p.read_text() for p in place.rglob("*") if p.is_file()}
    assert found == wanted


def test_rendering_does_not_depend_on_the_order_of_contracts():
    other = SALES.model_copy(update={"product": "orders"})
    forward = render({SALES.id: SALES, other.id: other})
    assert forward == render({other.id: other, SALES.id: SALES})
    assert list(forward) == list(render({other.id: other, SALES.id: SALES}))


def test_every_state_column_of_a_view_is_stored_and_described():
    files = render({SALES.id: SALES})
    for view in SALES.views:
        place = f"{FOLDER}/retail/sales/{view.name}"
        for column in SALES.view_states(view):
            assert f"as `{column.name}`" in files[place + ".sql"]
            assert f'name: "{column.name}"' in files[place + ".yml"]


def test_personal_columns_are_tagged_with_a_note_and_reach_no_view_as_they_are():
    files = render({SALES.id: SALES})
    staging = files[f"{FOLDER}/retail/sales/stg_retail_sales.yml"]
    assert "Masking: stays in silver" in staging and '- "pii"' in staging
    for view in SALES.views:
        final = files[f"{FOLDER}/retail/sales/{view.name}.sql"].split("final as (")[1]
        assert "customer_id" not in final


def _templated() -> Contract:
    measure = Measure(
        name="odd", kind=MeasureKind.COUNT, expression="stock_code != '{{ env_var(1) }}'", description="{% raw %}"
    )
    view = View(
        name="odd_view", description="{{ x }}", measures=(measure,),
        dimensions=(Dimension(name="country", column="country", description="{# no #}"),),
    )  # fmt: skip
    return SALES.model_copy(update={"views": (view,), "product": "odd", "description": "{{ y }}"})


def test_braces_of_a_contract_are_text_and_never_a_template():
    files = render({"retail.odd": _templated()})
    model = files[f"{FOLDER}/retail/odd/odd_view.sql"]
    assert "env_var" in model and "{{ env_var" not in model
    for name, text in files.items():
        if name.endswith(".yml"):
            assert not any(mark in text for mark in ("{{", "{%", "{#")), name


def test_a_measure_over_one_column_keeps_its_type_and_a_sum_is_as_wide_as_it_gets():
    view = SALES.view("sales_by_country_and_day")
    values = {measure.name: sql.value_sql(SALES, measure) for measure in view.measures}
    assert values["highest_unit_price"] == "`unit_price`"
    assert values["revenue"] == "cast((`quantity` * `unit_price`) as decimal(38, 3))"
    assert values["lines"] is None
