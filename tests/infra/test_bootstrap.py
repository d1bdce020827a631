"""The text that the bootstrap gives for backend.hcl is one that Terraform's S3 backend takes, lock included."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.infra.overlay import lay_providers
from tests.infra.rounds import Round
from tests.infra.terraform_cli import NEVER_COPIED, TerraformFailed

ROOT = """
terraform {
  backend "s3" {}
}
resource "terraform_data" "one" {
  input = "kept"
}
"""
# what stands for the account: everything else is the text as the bootstrap gives it
ON_MOTO = ("use_path_style=true", "skip_credentials_validation=true", "access_key=test", "secret_key=test")
MADE = ("module.bootstrap.aws_s3_bucket.state", "module.bootstrap.aws_s3_bucket_versioning.state")


@pytest.mark.xdist_group("moto-bootstrap")
def test_terraform_keeps_and_locks_a_state_with_the_text_of_the_bootstrap(round_on_moto: Round, tmp_path: Path) -> None:
    """init, apply, read back; while somebody holds the lock file nobody else applies."""
    life, bucket = (
        round_on_moto,
        round_on_moto.root("bootstrap-with-a-state"),
    )  # a copy: the other keeps no state behind
    shutil.copytree(life.root("bootstrap"), bucket, ignore=NEVER_COPIED)
    variables = lay_providers(bucket, life.aws.url)
    life.terraform.init(bucket)
    targets = [f"-target={one}" for one in (*MADE, "module.bootstrap.aws_kms_key.state")]
    life.terraform.run(bucket, "apply", "-no-color", "-auto-approve", *targets, set_to=variables)
    given = json.loads(life.terraform.run(bucket, "output", "-json", "backend"))["dev"]

    (tmp_path / "main.tf").write_text(ROOT)
    (tmp_path / "backend.hcl").write_text(given)
    local = [f"-backend-config={one}" for one in ON_MOTO]
    life.terraform.run(tmp_path, "init", "-no-color", "-backend-config=backend.hcl", *local, set_to=variables)
    life.terraform.run(tmp_path, "apply", "-no-color", "-auto-approve", set_to=variables)
    s3 = life.client("s3")
    held = s3.list_objects_v2(Bucket="tideline-shared-state-123456789012")["Contents"]
    assert [one["Key"] for one in held] == ["dev/platform.tfstate"]
    head = s3.head_object(Bucket="tideline-shared-state-123456789012", Key="dev/platform.tfstate")
    assert head["ServerSideEncryption"] == "aws:kms"

    s3.put_object(
        Bucket="tideline-shared-state-123456789012", Key="dev/platform.tfstate.tflock", Body=b'{"ID": "other"}'
    )
    with pytest.raises(TerraformFailed, match="Error acquiring the state lock"):
        life.terraform.run(tmp_path, "apply", "-no-color", "-auto-approve", set_to=variables)
