"""The golden renderings: what each rendering makes of two contracts, whole, so that a change of one is seen in review.

`tests/golden/rendering/KIND/CONTRACT/FILE`; kinds are index, dbt, catalog, terraform, spark, openapi. The contracts
are the golden cases' second product (nested values, enum, map, limits) and one member of a family.
`python tests/golden/regenerate.py` writes them again; what it changes has to be reviewed by a person.
"""

from __future__ import annotations

import json
from pathlib import Path

from serving_layer.openapi import answer_model, parameters
from tideline.adapters.odcs import examine
from tideline.compiling import rendered
from tideline.model.contract import Contract
from tideline.rendering import spark

HERE = Path(__file__).parent / "rendering"
GIVEN = {
    "shop.orders": HERE.parent / "contracts" / "shop" / "orders.odcs.yaml",
    "shop.orders_lyon": HERE.parents[1] / "e2e" / "given" / "orders.odcs.yaml",
}
KINDS = {"index": "index", "dbt": "dbt", "catalog": "catalog", "contracts": "terraform"}


def given(id_: str) -> Contract:
    """A contract of the golden renderings."""
    contracts, findings = examine(GIVEN[id_], source="shop/orders.odcs.yaml")
    assert not findings, findings
    return next(contract for contract in contracts if contract.id == id_)


def golden(id_: str) -> dict[str, str]:
    """Every rendering of a contract, by its path below tests/golden/rendering."""
    contract = given(id_)
    files = {}
    for place, text in rendered(contract, "shop/orders.odcs.yaml", "0" * 64).items():
        root, _, path = place.partition(":")
        kind = KINDS[Path(path).parts[1]] if root == "terraform" else root
        files[f"{kind}/{id_}/{Path(path).name}"] = text
    for layer in spark.LAYERS:
        files[f"spark/{id_}/{layer}.sql"] = spark.create_table(layer, contract, f"LAKE/{layer}") + "\n"
    for view in contract.views:
        document = {
            "parameters": parameters(contract, view),
            "answer": answer_model(contract, view).model_json_schema(),
        }
        files[f"openapi/{id_}/{view.name}.json"] = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    return files


def write() -> None:
    """Make the golden renderings again, whole."""
    wanted = {name: text for id_ in GIVEN for name, text in golden(id_).items()}
    for path in sorted(HERE.rglob("*")):
        if path.is_file() and str(path.relative_to(HERE)) not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (HERE / name).parent.mkdir(parents=True, exist_ok=True)
        (HERE / name).write_text(text, encoding="utf-8")
