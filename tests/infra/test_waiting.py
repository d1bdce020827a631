"""Whoever takes a role finds it with its rights: a service that is made with a bare role fails, or fails for good."""

from __future__ import annotations

import re

from tests.infra.terraform_cli import MODULES

OUTPUT = re.compile(r'^output "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
GIVEN = ("aws_iam_role.", "aws_iam_instance_profile.")


def test_roles_are_handed_on_with_their_policies() -> None:
    """Else AWS Config refuses its channel and EMR its cluster; and a destroyed function keeps its interfaces."""
    outputs = dict(OUTPUT.findall((MODULES / "iam" / "outputs.tf").read_text()))
    hands_on = {name for name, body in outputs.items() if any(kind in body for kind in GIVEN)}
    assert hands_on == {"role_arns", "job_roles", "instance_profile"}
    for name in sorted(hands_on):
        waits = re.search(r"depends_on += \[(.+?)\]", outputs[name])
        assert waits is not None, name
        assert "aws_iam_role_policy_attachment.this" in waits[1], name
    attached = re.findall(
        r'resource "aws_iam_role_policy_attachment" "(\w+)"',
        "".join(path.read_text() for path in (MODULES / "iam").glob("*.tf")),
    )
    assert [one for one in attached if f"aws_iam_role_policy_attachment.{one}" not in outputs["role_arns"]] == []
