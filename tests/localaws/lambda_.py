"""Lambda: a function remembers where it logs; moto forgets it."""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import LambdaFunction

_made, _configuration, _changed = (
    LambdaFunction.__init__,
    LambdaFunction.get_configuration,
    LambdaFunction.update_configuration,
)


def made(self: Any, account_id: str, spec: dict[str, Any], region: str, version: int | str) -> None:
    _made(self, account_id, spec, region, version)
    self.logging_config = spec.get("LoggingConfig")


def changed(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
    self.logging_config = config_updates.get("LoggingConfig", self.logging_config)
    return _changed(self, config_updates)


def configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
    told = _configuration(self, on_create)
    return {**told, "LoggingConfig": self.logging_config} if self.logging_config else told


LambdaFunction.__init__ = made  # type: ignore[method-assign]
LambdaFunction.update_configuration = changed  # type: ignore[method-assign]
LambdaFunction.get_configuration = configuration  # type: ignore[method-assign]
