"""What the environment of a function says, written by Terraform's module ingest; read here alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tideline.model.errors import Fatal


class FunctionSettings(BaseSettings):
    """One class for both functions: what only delivery needs is empty where events are pushed."""

    model_config = SettingsConfigDict(env_prefix="TIDELINE_", frozen=True, extra="ignore")

    engine: Literal["msk", "msk_serverless", "kinesis"] = Field(description="What carries the events.")
    index: Path = Field(description="The compiled contract index inside the package.")
    region: str = Field(
        "", validation_alias="AWS_REGION", description="Set by Lambda; Kafka's tokens are signed for it."
    )
    kafka_bootstrap: str = Field("", description="Kafka's addresses for IAM: host:port with commas.")
    stream_prefix: str = Field("", description="Begins the name of each Kinesis stream; the topic follows.")
    patience_s: float = Field(15.0, gt=0, description="How long one request or chunk waits for the log.")
    push_max_bytes: int = Field(1_048_576, ge=1, description="Of one request's body.")
    push_max_events: int = Field(1_000, ge=1, description="Of one request.")
    push_scope: str = Field(
        "", description="With tokens: they hold SCOPE/CONTRACT or SCOPE/DOMAIN. Empty: IAM decides."
    )
    landing_bucket: str = ""
    quarantine_bucket: str = ""
    deliveries_table: str = ""
    delivery_days: int = Field(400, ge=1, description="For so long a repeated file is told from a new one.")
    chunk_bytes: int = Field(4_194_304, ge=1, description="About what one call sends.")
    max_file_bytes: int = Field(1_073_741_824, ge=1, description="A larger file is refused.")


@cache
def settings() -> FunctionSettings:
    """Read once; a variable that is missing or wrong is Fatal, named."""
    try:
        return FunctionSettings()
    except ValidationError as error:
        first = error.errors()[0]
        variable = f"TIDELINE_{first['loc'][0]}".upper()
        raise Fatal("TL-FUN-001", f"{variable}: {first['msg']}", fix="apply modules/ingest, which sets it") from error
