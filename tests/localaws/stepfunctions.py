"""Step Functions: a definition is checked by the parser that would run it; there are no versions to list."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser, ASLParserException
from moto.stepfunctions.responses import StepFunctionResponse


def validate_state_machine_definition(self: Any) -> ActionResult:
    try:
        AmazonStateLanguageParser.parse(self._get_param("definition"))
    except ASLParserException as error:
        found = [{"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": str(error)}]
        return ActionResult({"result": "FAIL", "diagnostics": found, "truncated": False})
    return ActionResult({"result": "OK", "diagnostics": [], "truncated": False})


def list_state_machine_versions(_self: Any) -> ActionResult:
    return ActionResult({"stateMachineVersions": []})


StepFunctionResponse.list_state_machine_versions = list_state_machine_versions  # type: ignore[attr-defined]
StepFunctionResponse.validate_state_machine_definition = validate_state_machine_definition  # type: ignore[attr-defined]
