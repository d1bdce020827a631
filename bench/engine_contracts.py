"""Contracts for the engine's benchmark: as many as asked for, each valid, each different, a tenth of them in families.

30 columns of every scalar type, a rule and a gate, a view of two dimensions and three measures; five owners, three
tiers and four schedules. The same count gives the same files.
"""

from __future__ import annotations

from pathlib import Path

COLUMNS = 30
FAMILY = 10  # of every 100 contracts that many are one file
SCHEDULES = ("0 0 * * *", "0 3 * * *", "0 * * * *", "30 5 * * 1")
TIERS = ("gold", "silver", "bronze")
_KINDS = (
    "logicalType: string\n        logicalTypeOptions: {maxLength: 64}",
    "logicalType: integer\n        logicalTypeOptions: {minimum: 0}",
    "logicalType: number\n        physicalType: decimal(12,3)",
    "logicalType: boolean",
    "logicalType: date",
    "logicalType: timestamp",
    "logicalType: string\n        logicalTypeOptions: {maxLength: 20, pattern: '[A-Z]{2}[0-9]+'}",
)
_FILE = """\
apiVersion: v3.2.0
kind: DataContract
id: {domain}.{product}
name: {product}
version: 1.{minor}.0
status: active
domain: {domain}
tags: [bench, {domain}]
description:
  purpose: Events of product {product}, made for a benchmark of the engine.
team:
  name: team-{owner}
slaProperties:
  - {{property: freshness, value: 60, unit: s}}
  - {{property: latency, value: 2, unit: h}}
  - {{property: retention, value: 2, unit: y}}
schema:
  - name: events
    logicalType: object
    physicalName: {domain}.{product}.v1
    description: One event.
    properties:
      - name: event_id
        logicalType: string
        logicalTypeOptions: {{maxLength: 64}}
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        unique: true
        description: Identity of the event.
      - name: at
        logicalType: timestamp
        required: true
        description: When it happened.
      - name: country
        logicalType: string
        logicalTypeOptions: {{maxLength: 60}}
        required: true
        description: Where it happened.
      - name: amount
        logicalType: number
        physicalType: decimal(12,3)
        required: true
        description: What it is worth.
      - name: person
        logicalType: string
        logicalTypeOptions: {{maxLength: 40}}
        classification: confidential
        description: Who did it.
        customProperties:
          - {{property: pii, value: true, vendor: tideline}}
          - {{property: masking, value: silver-only, vendor: tideline}}
{columns}
    quality:
      - name: amount_not_negative
        type: custom
        engine: tideline
        implementation: amount >= 0
        dimension: conformity
        description: Nothing is worth less than nothing.
      - name: few_unknown
        type: library
        metric: nullValues
        arguments: {{properties: [column_05]}}
        mustBeLessThan: 5
        unit: percent
        dimension: completeness
        description: Most events say it.
    customProperties:
      - {{property: stream, vendor: tideline, value: {{partitions: 4}}}}
      - {{property: eventTime, vendor: tideline, value: at}}
      - {{property: deduplication, vendor: tideline, value: {{key: event_id, horizon: P7D}}}}
      - property: views
        vendor: tideline
        value:
          - name: {view}
            description: What each country is worth on each UTC day.
            dimensions:
              - {{name: country, column: country, description: Where it happened.}}
              - {{name: day, column: at, grain: day, description: UTC day.}}
            measures:
              - {{name: amount, kind: sum, expression: amount, description: Total.}}
              - {{name: events, kind: count, description: Events.}}
              - {{name: people, kind: approx_distinct, expression: person, description: Approximate number of people.}}
customProperties:
  - {{property: schedule, vendor: tideline, value: "{schedule}"}}
  - {{property: tier, vendor: tideline, value: {tier}}}
"""
_FAMILY = """\
  - property: family
    vendor: tideline
    value:
      name: {name}
      members:
"""


def write_contracts(folder: Path, count: int) -> list[Path]:
    """Files with `count` contracts below `folder`, a hundred per domain; returns the paths."""
    made: list[Path] = []
    for first in range(0, count, 100):
        domain = f"d{first // 100:03d}"
        place = folder / domain
        place.mkdir(parents=True, exist_ok=True)
        numbers = range(first, min(first + 100, count))
        for number in numbers[FAMILY:] if len(numbers) == 100 else numbers:
            path = place / f"p{number:05d}.odcs.yaml"
            path.write_text(contract(domain, f"p{number:05d}", number))
            made.append(path)
        if len(numbers) == 100:
            path = place / "family.odcs.yaml"
            path.write_text(family(domain, first))
            made.append(path)
    return made


def contract(domain: str, product: str, number: int) -> str:
    """The text of one contract."""
    columns = "\n".join(_column(at, number) for at in range(5, COLUMNS))
    return _FILE.format(
        domain=domain,
        product=product,
        view=f"{domain}_{product}_by_day",
        minor=number % 7,
        owner=number % 5,
        schedule=SCHEDULES[number // 5 % len(SCHEDULES)],
        tier=TIERS[number // 20 % len(TIERS)],
        columns=columns,
    )


def family(domain: str, number: int) -> str:
    """The text of a file with FAMILY contracts of one shape."""
    text = contract(domain, "site_${family}", number).replace("benchmark of", "benchmark in ${family.city} of")
    members = "".join(f"        m{at}: {{city: Town {number + at}}}\n" for at in range(FAMILY))
    return text + _FAMILY.format(name="site") + members


def _column(at: int, number: int) -> str:
    kind = _KINDS[(at + number) % len(_KINDS)]
    return f"      - name: column_{at:02d}\n        {kind}\n        description: Column {at} of event {number}."
