"""The only reader of the environment: every `TIDELINE_*` variable with its type, its default and its meaning."""

from __future__ import annotations

import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tideline.model.errors import Fatal
from tideline.model.lake import Lake

Port = Annotated[int, Field(ge=1, le=65_535)]
REPOSITORY = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """Where this installation lives and which ports it uses; all sockets bind `host`, which is loopback."""

    model_config = SettingsConfigDict(env_prefix="TIDELINE_", frozen=True, extra="ignore")

    home: Path = Field(REPOSITORY / ".tideline", description="Everything that the running platform writes.")
    cache: Path = Field(Path.home() / ".cache" / "tideline", description="Downloaded jars, shared by all homes.")
    contracts: Path = Field(REPOSITORY / "contracts", description="Folder of *.odcs.yaml files.")
    index: Path = Field(REPOSITORY / "dags" / "_generated" / "index.json", description="The compiled contract index.")
    dbt_project: Path = Field(
        REPOSITORY / "dbt_project", description="The dbt project; its models are partly generated."
    )
    terraform: Path = Field(REPOSITORY / "infra" / "terraform", description="The modules and environments of AWS.")
    java_home: Path | None = Field(
        None, validation_alias="JAVA_HOME", description="A full Java 17 or 21; else from PATH."
    )
    ivy_settings: Path | None = Field(None, description="An ivysettings.xml that names your own mirror for the jars.")
    remote_lake: str = Field(
        "", description="The lake in buckets, such as s3://tideline-dev-{zone}-111122223333. Empty: HOME/lake."
    )
    kafka: str = Field("", description="Kafka's addresses, host:port with commas. Empty: the broker on this machine.")
    kafka_iam_region: str = Field("", description="Sign in to Kafka by IAM (MSK), in this region. Empty: no sign-in.")
    spark_application: str = Field(
        "", description="EMR Serverless application that runs every stage as a job. Empty: stages run here."
    )
    spark_region: str = Field("", description="Region of that application and of the lake's buckets.")
    spark_code: str = Field("", description="Scripts of its jobs, such as s3://BUCKET/jobs/VERSION.")
    spark_role: str = Field(
        "", description="Roles of its jobs: an ARN with {stage}, and {contract} or {domain}, in place of the names."
    )
    spark_overrides: str = Field("{}", description="configurationOverrides of its jobs, as JSON: Terraform gives it.")
    host: str = "127.0.0.1"
    kafka_port: Port = 19092
    kafka_controller_port: Port = 19093
    spark_connect_port: Port = 15002
    spark_thrift_port: Port = 10000
    spark_ui_port: Port = 4040
    airflow_port: Port = 8080
    serving_port: Port = 8088
    speed_port: Port = Field(8089, description="Health and metrics of the speed layer.")
    dags: Literal["contract", "grouped"] = Field(
        "contract",
        description="One DAG per contract, or one per schedule, owner and tier (docs/scale.md).",
    )
    group_size: int = Field(100, ge=1, le=1000, description="Grouped: at most about this many contracts in one DAG.")
    spark_slots: int = Field(2, ge=1, description="Airflow pool `spark`: stages that use the Spark server at once.")
    dbt_slots: int = Field(2, ge=1, description="Airflow pool `dbt`: dbt invocations at once.")
    python_slots: int = Field(4, ge=1, description="Airflow pool `python`: the other stages at once.")
    epoch_s: float = Field(5.0, gt=0, description="Length of an epoch: only epoch ends are cuts.")
    tick_ms: int = Field(20, ge=1, le=1000, description="How often the speed layer publishes increments.")
    speed_group: str = Field(
        "", description="Speed processes of this name share the partitions. Empty: this one owns them all."
    )
    quarantine_percent: int = Field(5, ge=0, le=100, description="A run with more refused events is not published...")
    quarantine_rows: int = Field(100, ge=0, description="...when they are also more than this many.")
    crash_at: str = Field(
        "", description="Fault tests only: `name:n` kills the process at the n-th pass of that point."
    )

    @field_validator("remote_lake", mode="after")
    @classmethod
    def _by_zone(cls, url: str) -> str:
        return Lake(url).root if url else ""

    @field_validator("spark_role", mode="after")
    @classmethod
    def _by_stage(cls, role: str) -> str:
        if role and not ("{stage}" in role and ("{contract}" in role) != ("{domain}" in role)):
            raise ValueError("it has to hold {stage}, and one of {contract} and {domain}")
        return role

    @field_validator("spark_overrides", mode="after")
    @classmethod
    def _an_object(cls, text: str) -> str:
        if not isinstance(json.loads(text), dict):
            raise ValueError("it is no JSON object")
        return text

    @field_validator("home", "cache", "contracts", "index", "dbt_project", "terraform", "ivy_settings", mode="after")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        """Services have working directories of their own, so a relative path is made absolute once."""
        return None if path is None else path.expanduser().absolute()

    def as_environment(self) -> dict[str, str]:
        """The variables that make a child process read the same settings."""
        values = {f"TIDELINE_{name.upper()}": value for name, value in self if name != "java_home"}
        return {
            name: str(value) for name, value in (values | {"JAVA_HOME": self.java_home}).items() if value is not None
        }

    def for_children(self) -> dict[str, str]:
        """The whole environment of a child process: ours, these settings, and this interpreter's programs first."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return {**os.environ, **self.as_environment(), "PATH": path}

    @property
    def nearby(self) -> str:
        """The address under which the services reach each other: loopback, also where they bind all interfaces."""
        return "127.0.0.1" if self.host in ("0.0.0.0", "") else self.host  # noqa: S104 - compared, never bound

    @property
    def kafka_bootstrap(self) -> str:
        return self.kafka or f"{self.nearby}:{self.kafka_port}"

    @property
    def spark_remote(self) -> str:
        return f"sc://{self.nearby}:{self.spark_connect_port}"

    @property
    def lake(self) -> Lake:
        """Where tables and documents are."""
        return Lake(self.remote_lake or str(self.home / "lake"))

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def serving_url(self) -> str:
        return f"http://{self.nearby}:{self.serving_port}"

    @property
    def speed_url(self) -> str:
        return f"http://{self.nearby}:{self.speed_port}"

    @property
    def airflow_url(self) -> str:
        return f"http://{self.nearby}:{self.airflow_port}"


@cache
def settings() -> Settings:
    """The settings of this process, read once. A value that does not fit its type is Fatal, named by its variable."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        variable = f"TIDELINE_{first['loc'][0]}".upper() if first["loc"] else "a TIDELINE_ variable"
        raise Fatal("TL-SET-010", f"{variable}: {first['msg']}", fix="correct the variable or unset it") from error
