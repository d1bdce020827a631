"""IAM: the one policy of AWS's own that a role of ours has exists; moto knows it but leaves all of them out.

modules/iam writes every policy itself except what AWS Config may read, which AWS keeps in step with what it records.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend

ATTACHED = ("AWS_ConfigRole",)


@cache
def known() -> dict[str, Any]:
    """What moto knows of the policies in ATTACHED; reading all of its data takes a second, so once."""
    every = json.loads(aws_managed_policies_data)
    return {name: every[name] for name in ATTACHED}


def _init_aws_policies(self: IAMBackend) -> list[AWSManagedPolicy]:
    found = known().items()
    return [AWSManagedPolicy.from_data(name, self.account_id, self.region_name, facts) for name, facts in found]


IAMBackend._init_aws_policies = _init_aws_policies  # type: ignore[method-assign,assignment]
