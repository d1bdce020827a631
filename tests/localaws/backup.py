"""AWS Backup: selections, vault policies, notifications and restore tests; moto knows vaults, locks and plans."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from moto.backup import urls
from moto.backup.responses import BackupResponse
from moto.core.exceptions import JsonRESTError

CREATED = 1577836800.0  # a day long ago, in seconds since 1970: nothing of ours reads it


class Absent(JsonRESTError):
    code = 404

    def __init__(self, what: str) -> None:
        super().__init__("ResourceNotFoundException", f"there is no {what}")


def _shelf(answer: Any) -> dict[str, Any]:
    """Documents by path; a reset of moto empties it with the backend."""
    found: dict[str, Any] = answer.backup_backend.__dict__.setdefault("our_documents", {})
    return found


def _path(answer: Any) -> str:
    path: str = answer.path.rstrip("/")
    return path


def _kept(answer: Any) -> Any:
    try:
        return _shelf(answer)[_path(answer)]
    except KeyError:
        raise Absent(_path(answer)) from None


def _forget(self: Any) -> str:
    _kept(self)
    del _shelf(self)[_path(self)]
    return "{}"


def _vault(answer: Any) -> dict[str, str]:
    """Name and ARN of the vault in the path; its own error if there is none."""
    vault = answer.backup_backend.describe_backup_vault(_path(answer).split("/")[-2])
    return {"BackupVaultName": vault.backup_vault_name, "BackupVaultArn": vault.backup_vault_arn}


def put_on_vault(self: Any) -> str:
    """A vault's access policy or its notifications."""
    _shelf(self)[_path(self)] = {**_vault(self), **json.loads(self.body)}
    return "{}"


def get_document(self: Any) -> str:
    return json.dumps(_kept(self))


def create_backup_selection(self: Any) -> str:
    plan, selection = _path(self).split("/")[-2], str(uuid4())
    known = {"BackupPlanId": plan, "SelectionId": selection, "CreationDate": CREATED}
    _shelf(self)[f"{_path(self)}/{selection}"] = {**known, **json.loads(self.body)}
    return json.dumps(known)


def create_restore_testing_plan(self: Any) -> str:
    plan = json.loads(self.body)["RestoreTestingPlan"]
    name, backend = plan["RestoreTestingPlanName"], self.backup_backend
    arn = f"arn:aws:backup:{backend.region_name}:{backend.account_id}:restore-testing-plan:{name}"
    known = {"CreationTime": CREATED, "RestoreTestingPlanArn": arn, "RestoreTestingPlanName": name}
    plan["RecoveryPointSelection"].setdefault("ExcludeVaults", [])
    plan.setdefault("ScheduleExpressionTimezone", "Etc/UTC")
    _shelf(self)[f"{_path(self)}/{name}"] = {"RestoreTestingPlan": {**plan, **known}}
    backend.tag_resource(arn, json.loads(self.body).get("Tags") or {})
    return json.dumps(known)


def create_restore_testing_selection(self: Any) -> str:
    selection = json.loads(self.body)["RestoreTestingSelection"]
    plan, name = _path(self).split("/")[-2], selection["RestoreTestingSelectionName"]
    arn = _shelf(self)[_path(self).removesuffix("/selections")]["RestoreTestingPlan"]["RestoreTestingPlanArn"]
    known = {"CreationTime": CREATED, "RestoreTestingPlanName": plan, "RestoreTestingSelectionName": name}
    kept = {"RestoreMetadataOverrides": {}, "ProtectedResourceConditions": {}, **selection, **known}
    _shelf(self)[f"{_path(self)}/{name}"] = {"RestoreTestingSelection": kept}
    return json.dumps({**known, "RestoreTestingPlanArn": arn})


def list_tags(self: Any) -> str:
    """The provider's SDK ends the path without a slash, where moto expects one."""
    arn = unquote(_path(self)).partition("/tags/")[2]
    return json.dumps({"Tags": self.backup_backend.list_tags(resource_arn=arn)})


for name in ("backup_vault_access_policy", "backup_vault_notifications"):
    setattr(BackupResponse, f"put_{name}", put_on_vault)
    setattr(BackupResponse, f"get_{name}", get_document)
    setattr(BackupResponse, f"delete_{name}", _forget)
for name in ("backup_selection", "restore_testing_plan", "restore_testing_selection"):
    setattr(BackupResponse, f"get_{name}", get_document)
    setattr(BackupResponse, f"delete_{name}", _forget)
for one in (create_backup_selection, create_restore_testing_plan, create_restore_testing_selection, list_tags):
    setattr(BackupResponse, one.__name__, one)

for path in (
    "{0}/backup-vaults/(?P<name>[^/]+)/access-policy$",
    "{0}/backup-vaults/(?P<name>[^/]+)/notification-configuration$",
    "{0}/restore-testing/plans/?$",
    "{0}/restore-testing/plans/(?P<name>[^/]+)/?$",
    "{0}/restore-testing/plans/(?P<name>[^/]+)/selections/?$",
    "{0}/restore-testing/plans/(?P<name>[^/]+)/selections/(?P<selection>[^/]+)/?$",
):
    urls.url_paths[path] = BackupResponse.dispatch
