"""(contract, request) -> Plan: decides what a run does, purely; executors run it, `tideline plan` prints it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol


class Planned(Protocol):
    """What a plan has to know: a contract, or its entry in the list of contracts."""

    @property
    def id(self) -> str: ...
    @property
    def hash(self) -> str: ...
    @property
    def domain(self) -> str: ...
    @property
    def product(self) -> str: ...


class Kind(StrEnum):
    INCREMENTAL = "incremental"
    RESTATE = "restate"


class Engine(StrEnum):
    """What a stage needs to run: plain Python, a Spark job script, or dbt."""

    PYTHON = "python"
    SPARK = "spark"
    DBT = "dbt"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: new data up to a cut, or the half-open range of UTC event days `[days[0], days[1])` again."""

    kind: Kind = Kind.INCREMENTAL
    days: tuple[date, date] | None = None

    def __post_init__(self) -> None:
        if (self.kind is Kind.RESTATE) != (self.days is not None):
            raise ValueError("a restate names its days, an incremental run names none")
        if self.days is not None and not self.days[0] < self.days[1]:
            raise ValueError(f"the days [{self.days[0]}, {self.days[1]}) are empty")


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a plan; it is a pure function of (run key, contract hash) and may run twice."""

    name: str
    engine: Engine
    why: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    time_limit: timedelta = timedelta(minutes=30)
    retries: int = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """The stages of one run, in order. Asset names are `layer/domain/product`."""

    contract_id: str
    contract_hash: str
    request: Request = field(default_factory=Request)
    stages: tuple[Stage, ...] = ()


def plan(contract: Planned, request: Request | None = None) -> Plan:
    """The stages of a run of one contract; both kinds have the same names in the same order: a DAG can be static."""
    request = request or Request()
    place = f"{contract.domain}/{contract.product}"
    bronze, silver, gold, release = (f"{layer}/{place}" for layer in ("bronze", "silver", "gold", "release"))
    restate = request.kind is Kind.RESTATE
    stages = (
        Stage("cut", Engine.PYTHON, "choose the positions up to which this run owns the stream", ("stream/" + place,)),
        Stage(
            "ingest",
            Engine.SPARK,
            "nothing to ingest: a restate reads bronze as it is" if restate else "append raw records to bronze",
            ("stream/" + place,),
            (bronze,),
        ),
        Stage(
            "refine",
            Engine.SPARK,
            "compute the silver days again from bronze" if restate else "validate, quarantine, deduplicate into silver",
            (bronze,),
            (silver,),
        ),
        Stage("model", Engine.DBT, "build the gold views from the pinned silver version", (silver,), (gold,)),
        Stage(
            "audit", Engine.PYTHON, "check quality, conservation and equality before anybody reads it", (silver, gold)
        ),
        Stage("publish", Engine.PYTHON, "write the release that readers follow", (gold,), (release,), retries=5),
    )
    return Plan(contract.id, contract.hash, request, stages)


def marts(contract: Planned) -> Stage:
    """The stage that follows a release and delays none: the star schema."""
    place = f"{contract.domain}/{contract.product}"
    why = "build facts, dimensions and key figures from the published release"
    return Stage("marts", Engine.DBT, why, (f"release/{place}",), (f"marts/{place}",))
