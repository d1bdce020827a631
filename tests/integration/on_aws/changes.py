"""Contracts as a pull request changes them: another rule, which its owner answers for, and one more field."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.integration.on_aws.environment import CI, Environment
from tests.localaws import REGION
from tideline.environments.package import Sources
from tideline.settings import REPOSITORY, settings

_FILE = "retail/sales.odcs.yaml"
_BEFORE_COUNTRY = "      - name: country\n        logicalType"
_CHANGES = {
    "version: 1.0.0": "version: 2.0.0",
    "implementation: quantity != 0": "implementation: quantity > -12",
    _BEFORE_COUNTRY: "      - {name: channel, logicalType: string, description: Where it was sold.}\n"
    + _BEFORE_COUNTRY,
}
_WAIVERS = """waivers:
  - {contract: retail.sales, code: TL-CHG-055, path: rules.quantity_not_zero, owner: retail-data, expires: "2999-12-31",
     reason: Large returns are sold on as a product of their own.}
"""


@dataclass(frozen=True)
class Checkout:
    """A branch: its contracts, with what is generated as it was before them."""

    folder: Path

    @property
    def contracts(self) -> Path:
        return self.folder / "contracts"

    @property
    def sales(self) -> Path:
        return self.contracts / _FILE

    @property
    def index(self) -> Path:
        return self.folder / "index" / settings().index.name

    @property
    def dbt_project(self) -> Path:
        return self.folder / "dbt_project"

    def workflow(self, environment: Environment) -> Environment:
        """What `tideline apply` has in a workflow, which reaches no broker."""
        return environment.with_variables(
            AWS_ACCESS_KEY_ID=CI,
            AWS_REGION=REGION,
            AWS_ALLOW_HTTP="true",
            TIDELINE_HOME=self.folder / "home",
            TIDELINE_CONTRACTS=self.contracts,
            TIDELINE_INDEX=self.index,
            TIDELINE_DBT_PROJECT=self.dbt_project,
            TIDELINE_KAFKA="127.0.0.1:1,127.0.0.1:2",
        )

    def deployed(self, environment: Environment) -> Environment:
        """Its code in place, after `tideline apply` has generated it."""
        sources = Sources(REPOSITORY, self.contracts, self.dbt_project, self.index, environment.jars)
        packed = environment.with_code(sources, self.folder / "package")
        return packed.with_variables(TIDELINE_CONTRACTS=self.contracts, TIDELINE_INDEX=self.index)


def checkout(folder: Path) -> Checkout:
    own, made = settings(), Checkout(folder)
    shutil.copytree(own.contracts, made.contracts)
    shutil.copytree(own.index.parent, made.index.parent)
    shutil.copytree(own.dbt_project, made.dbt_project, ignore=shutil.ignore_patterns("target", "logs"))
    text = made.sales.read_text()
    for old, new in _CHANGES.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    made.sales.write_text(text)
    (made.contracts / "waivers.yaml").write_text(_WAIVERS)
    return made
