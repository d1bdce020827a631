"""Golden numbers: small cases whose rows were computed by hand from the formulas and the price file."""

from dataclasses import replace
from decimal import Decimal

from tideline.environments.cost.assumptions import Assumption, Assumptions, read_assumptions
from tideline.environments.cost.estimate import estimate
from tideline.environments.cost.facts import Facts, read_facts
from tideline.environments.cost.prices import newest, read_prices
from tideline.environments.cost.sizes import Size, read_sizes
from tideline.environments.cost.use import Case
from tideline.settings import REPOSITORY

TERRAFORM = REPOSITORY / "infra" / "terraform"
ASSUMED = read_assumptions(TERRAFORM / "assumptions.json")
PRICES = read_prices(newest(TERRAFORM / "prices"))

# what the small case has; everything that is not named is assumed to be 0
SMALL_FACTS = {
    "environment": "dev",
    "size": "S",
    "contracts": {"count": 1, "topics": 1, "partitions": 1, "keep_days": 2},
    "engine": "msk",
    "log_metrics": "DEFAULT",
    **dict.fromkeys(("private_connectivity", "archive", "push", "delivery", "sftp"), False),
    **dict.fromkeys(("airflow", "flow_logs", "replication_time", "prometheus", "grafana"), False),
    **dict.fromkeys(("trail_data_events", "config_recorder"), False),
    **dict.fromkeys(("tables", "load_balancers", "repositories", "endpoint_interfaces", "replica_keys"), 0),
    **dict.fromkeys(("secrets", "composite_alarms", "dashboards", "metric_filters", "crawlers", "config_rules"), 0),
    **dict.fromkeys(("speed", "serving", "warehouse", "backup"), None),
    "replicated": [],
    "spark": "ARM64",
    "nat_gateways": 1,
    "public_addresses": 1,
    "keys": 2,
    "log_days": 73,
    "alarms": 10,
}
SMALL_SIZE = {
    "for": "arithmetic",
    "load": {
        "events_gb_per_day": 24,  # 730 GB a month
        "event_bytes": 1000,
        "contracts": 1,
        "spark_vcpu_hours_per_gb": Decimal("0.5"),
        "requests_per_second": 0,
        "athena_tb_scanned_per_month": 2,
        "hot_days": 10,
    },
    "brokers": {"count": 3, "instance_type": "kafka.t3.small", "volume_gb": 10, "volume_max_gb": 100},
    "serverless": {
        "driver": {"workers": 0, "cpu": 2, "memory_gb": 8},
        "executor": {"workers": 0, "cpu": 4, "memory_gb": 16},
        "maximum": {"cpu": 32, "memory_gb": 128, "disk_gb": 400},
        "idle_minutes": 15,
    },
    "clusters": {},
    "airflow": {"class": "mw1.small", "workers": {"min": 1, "max": 1}, "schedulers": 2},
    "speed": {"cpu": 1024, "memory_mb": 4096, "disk_gb": 50, "minimum": 1, "maximum": 2},
    "serving": {"cpu": 1024, "memory_mb": 4096, "minimum": 1, "maximum": 2},
}
SMALL_ASSUMED = {
    "wire_ratio": "0.5",
    "broker_fill": "0.5",
    "log_readers": "1",
    "cross_zone_share": "0.5",
    "api_base_gb": "10",
    "api_share": "0.1",
    "bronze_ratio": "0.5",
    "rewrites": "1",
    "noncurrent_days": "5",
    "kept_days": "120",
    "object_mb": "100",
    "small_zones_gb": "10",
    "runs_per_day": "24",
    "puts_per_run": "10",
    "gets_per_run": "100",
    "scan_mb_per_get": "10",
    "kms_per_request": "0.01",
    "log_base_gb": "1",
    "log_stored_ratio": "0.2",
}
# by hand, from the prices of the file: quantity, then money
GOLDEN = {
    ("event log", "brokers"): ("2190", "99.864"),  # 3 x 730 h x 0.0456
    ("event log", "broker disks"): ("144", "14.4"),  # 24 GB x 2 days x 3 copies x 0.5 / 0.5 x 0.10
    ("event log", "between zones"): ("730", "7.3"),  # 730 x 0.5 x 2 ways x 0.5 x 2 ends x 0.01
    ("Spark batch", "serverless vCPU"): ("365", "15.36431"),  # 730 x 0.5 x 0.042094
    ("Spark batch", "serverless memory"): ("1460", "6.75688"),  # 4 GB each x 0.004628
    ("network", "NAT gateways"): ("730", "32.85"),
    ("network", "bytes through NAT"): ("83", "3.735"),  # 10 + 730 x 0.1
    ("network", "public addresses"): ("730", "3.65"),
    ("storage", "bronze, Standard"): ("120", "2.76"),  # 12 GB a day x 10 days x 0.023
    ("storage", "bronze, Intelligent-Tiering, frequent"): ("360", "8.28"),
    ("storage", "bronze, Intelligent-Tiering, infrequent"): ("720", "9"),
    ("storage", "bronze, Intelligent-Tiering, archive instant"): ("240", "0.96"),  # the last 20 of 120 days
    ("storage", "replaced versions"): ("60", "1.38"),  # 12 x 5 days
    ("storage", "other zones"): ("10", "0.23"),
    ("storage", "writes and lists"): ("14.6", "0.073"),  # 730 runs x 10 + 730 GB / 100 MB, thousands
    ("storage", "reads"): ("273", "0.1092"),  # 730 x 100 + 2 TB / 10 MB
    ("storage", "moves to Intelligent-Tiering"): ("3.65", "0.0365"),  # 365 GB / 100 MB
    ("storage", "watched objects"): ("13.2", "0.033"),  # 12 x 110 days / 100 MB
    ("queries", "Athena"): ("2", "10"),
    ("keys and secrets", "keys"): ("2", "2"),
    ("keys and secrets", "requests"): ("0.2876", "0.008628"),  # 287,600 x 0.01, ten thousands
    ("monitoring", "logs"): ("1", "0.5"),
    ("monitoring", "kept logs"): ("0.48", "0.0144"),  # 1 x 0.2 x 73 days of 30.4166...
    ("monitoring", "alarms"): ("10", "1"),
}
GOLDEN_TOTAL = Decimal("220.304918")
WHOLE_FACTS = {
    "log_metrics": "PER_TOPIC_PER_BROKER",
    **dict.fromkeys(("push", "delivery", "sftp", "airflow"), True),
    **dict.fromkeys(("trail_data_events", "config_recorder"), True),
    **{"tables": 1, "speed": "ARM64", "serving": "X86_64", "load_balancers": 1, "repositories": 2, "config_rules": 21},
    "warehouse": {"base_rpu": 8, "daily_limit": 10},
    "backup": {"keep_days": 35, "copy_days": 90},
}
WHOLE_ASSUMED = {
    **{
        "broker_metrics": "30",
        "topic_metrics": "5",
        "push_share": "0.1",
        "events_per_push": "100",
        "push_seconds": "0.2",
    },
    **{"function_memory_gb": "1", "delivered_share": "0.1", "delivered_file_mb": "73", "transitions_per_file": "60"},
    **{"function_seconds_per_file": "40", "table_writes_per_file": "3", "table_gb": "1", "sftp_share": "0.5"},
    "events_per_speed_task": "100",
    **{"burst_share": "0.1", "metadata_gb": "10", "requests_per_task": "50", "requests_per_connection": "20"},
    **{
        "answer_kb": "4",
        "answers_out_share": "0.1",
        "images_gb": "20",
        "trail_share": "0.5",
        "trail_event_bytes": "1500",
    },
    **{
        "config_items": "2000",
        "rule_evaluations": "300",
        "backup_change_share": "0.02",
        "warehouse_hours_per_day": "2",
    },
}
WHOLE = {
    ("event log", "metrics of each topic and broker"): "28.5",  # (3 x 30 + 1 topic on 1 broker x 5) x 0.30
    ("ways in", "pushes"): "0.73",  # 730 million events x 0.1 / 100
    ("ways in", "push function, calls"): "0.146",
    ("ways in", "push function, time"): "2.4333382",  # 146,000 GB seconds x 0.0000166667
    ("ways in", "delivery workflow"): "1.5",  # 60 thousand x 0.025
    ("ways in", "delivery function, time"): "0.666668",  # 40,000 GB seconds
    ("ways in", "file events"): "0.001",
    ("ways in", "remembered files"): "0.001875",  # 3000 writes x 0.625 a million
    ("ways in", "SFTP server"): "219",
    ("ways in", "received by SFTP"): "1.46",  # 36.5 GB x 0.04
    ("Spark batch", "serverless vCPU"): "307.2862",  # 2 + 2 x 4 ready are more than the work: 7300 x 0.042094
    ("Spark batch", "serverless memory"): "135.1376",  # 8 + 2 x 16 GB: 29,200 x 0.004628
    ("Airflow", "environment"): "357.7",
    ("Airflow", "more workers"): "48.18",  # (1 + 0.1 x 2) x 730 x 0.055
    ("Airflow", "more schedulers"): "40.15",  # the third: 730 x 0.055
    ("services", "speed, vCPU"): "70.9122",  # 278 events a second / 100 are three tasks
    ("services", "speed, memory"): "31.1856",
    ("services", "speed, disk"): "7.2927",  # 3 x 30 GB x 730 x 0.000111
    ("services", "serving, vCPU"): "88.6512",  # 110 / 50 are three tasks
    ("services", "serving, memory"): "38.9382",
    ("services", "load balancer, capacity"): "9.25056",  # 1.584 GB an hour x 730 x 0.008
    ("services", "images"): "4",
    ("network", "answers out of the region"): "10.40688",  # 115.632 GB x 0.09
    ("queries", "warehouse"): "114.062500125",  # 16 RPU hours a day, but 10 is the limit: 304.166667 x 0.375
    ("audit", "data events"): "0.1438",  # 287,600 x 0.5
    ("audit", "the same in a log group"): "0.10785",
    ("audit", "recorded changes"): "6",
    ("audit", "rules"): "6.3",
    ("backup", "backups of S3"): "0.85",  # 10 GB x 1.7 x 0.05
    ("backup", "their copies in the second region"): "1.4",  # 10 GB x 2.8 x 0.05
    ("backup", "transfer"): "0.12166666",
    ("backup", "backups of tables"): "3.5",
}


def small() -> Case:
    named = {name: SMALL_ASSUMED.get(name, "0") for name in ASSUMED.named}
    divisors = {
        "delivered_file_mb": "1",
        "events_per_push": "1",
        "events_per_speed_task": "1000",
        "requests_per_task": "1",
        "requests_per_connection": "1",
    }
    given = {name: Assumption(value=value, unit="x", why="test") for name, value in (named | divisors).items()}
    size = Size.model_validate(SMALL_SIZE)
    return Case(Facts.model_validate(SMALL_FACTS), size, Assumptions(given, "test"))


def whole() -> Case:
    one = small()
    named = {name: Assumption(value=value, unit="x", why="test") for name, value in WHOLE_ASSUMED.items()}
    offered = SMALL_SIZE["serverless"]
    assert isinstance(offered, dict)
    ready = {"driver": offered["driver"] | {"workers": 1}, "executor": offered["executor"] | {"workers": 2}}
    more = {
        "load": SMALL_SIZE["load"] | {"requests_per_second": 110},
        "serverless": offered | ready,
        "airflow": {"class": "mw1.small", "workers": {"min": 2, "max": 4}, "schedulers": 3},
        "speed": {"cpu": 1024, "memory_mb": 4096, "disk_gb": 50, "minimum": 1, "maximum": 20},
        "serving": {"cpu": 1024, "memory_mb": 4096, "minimum": 1, "maximum": 20},
    }
    size = Size.model_validate(SMALL_SIZE | more)
    return Case(
        Facts.model_validate(SMALL_FACTS | WHOLE_FACTS), size, Assumptions({**one.assumed.named, **named}, "test")
    )


def test_a_small_case_costs_what_it_costs_by_hand():
    found = estimate(small(), PRICES)
    rows = {(row.use.part, row.use.what): row for row in found.rows if row.cost}
    assert {key: (row.use.quantity.quantize(Decimal("0.000001")), row.cost) for key, row in rows.items()} == {
        key: (Decimal(quantity), Decimal(money)) for key, (quantity, money) in GOLDEN.items()
    }
    assert found.total == GOLDEN_TOTAL


def test_tiered_storage_costs_what_it_costs_by_hand():
    """A day of three copies on the disks, both days of one copy in the cheaper storage; metrics of brokers alone."""
    one = small()
    tiered = one.size.brokers.model_copy(update={"tiered_storage": True, "volume_gb": 5})
    size = one.size.model_copy(update={"brokers": tiered})
    facts = one.facts.model_copy(update={"log_metrics": "PER_BROKER"})
    assumed = Assumptions({**one.assumed.named, "broker_metrics": Assumption(value="30", unit="x", why="test")}, "test")
    rows = {
        row.use.what: row.cost
        for row in estimate(Case(facts, size, assumed), PRICES).rows
        if row.use.part == "event log"
    }
    assert rows == {
        "brokers": Decimal("99.864"),
        "broker disks": Decimal("7.2"),  # 24 GB x 1 day x 3 copies x 0.5 / 0.5 x 0.10
        "cheaper storage": Decimal("1.44"),  # 24 GB x 2 days x 0.5 x 0.06
        "metrics of each broker": Decimal("27"),  # 3 x 30 x 0.30
        "between zones": Decimal("7.3"),
    }


def test_clusters_cost_what_they_cost_by_hand():
    """Size L: 10,000 GB a day x 0.3 x 0.9 are 82,125 vCPU hours; core does 64 x 730, task 2212.8125 x 16."""
    large = read_sizes(TERRAFORM / "sizes.json")["L"]
    found = estimate(Case(read_facts(TERRAFORM / "envs" / "prod"), large, ASSUMED), PRICES)
    batch = {row.use.what: row.cost for row in found.rows if row.use.what.startswith("batch ")}
    assert batch == {
        "batch primary": Decimal("238.272"),  # 730 x 0.3264
        "batch primary, EMR fee": Decimal("59.568"),  # 730 x 0.0816
        "batch core": Decimal("2501.856"),  # 2920 x 0.8568
        "batch core, EMR fee": Decimal("625.464"),  # 2920 x 0.2142
        "batch task, on demand": Decimal("379.18755"),  # a fifth: 442.5625 x 0.8568
        "batch task, spot": Decimal("606.70008"),  # four fifths: 1770.25 x 0.4 x 0.8568
        "batch task, EMR fee": Decimal("473.9844375"),  # 2212.8125 x 0.2142
        "batch disks": Decimal("164.48"),  # 5862.8125 node hours / 730 x 256 GB x 0.08
    }


def test_kinesis_counts_small_records_as_larger_ones():
    """Records of 1000 bytes are charged as 1024 when written, and as 5120 by Firehose: 730 GB are 747.52 and 3737.6."""
    one = small()
    kinesis = replace(one, facts=one.facts.model_copy(update={"engine": "kinesis", "archive": True}))
    rows = {row.use.what: row.cost for row in estimate(kinesis, PRICES).rows if row.use.part == "event log"}
    assert rows == {
        "streams on demand": Decimal("29.2"),  # 730 x 0.04
        "written": Decimal("747.52") * Decimal("0.08"),
        "read": Decimal("29.2"),  # 730 x 1 reader x 0.04
        "kept after a day": Decimal("2.4"),  # 24 GB of the second day x 0.10
        "archive to bronze": Decimal("3737.6") * Decimal("0.029"),
    }


def test_msk_serverless_costs_what_it_costs_by_hand():
    one = small()
    serverless = replace(one, facts=one.facts.model_copy(update={"engine": "msk_serverless"}))
    rows = {row.use.what: row.cost for row in estimate(serverless, PRICES).rows if row.use.part == "event log"}
    assert rows == {
        "cluster": Decimal("547.5"),  # 730 x 0.75
        "partitions": Decimal("1.095"),  # 730 x 0.0015
        "written": Decimal("36.5"),  # 365 GB x 0.10
        "read": Decimal("18.25"),  # 365 GB x 0.05
        "kept": Decimal("2.4"),  # 24 GB x 2 days x 0.5 x 0.10
        "between zones": Decimal("7.3"),
    }


def test_everything_that_can_be_switched_on_costs_what_it_costs_by_hand():
    """The small case with its parts on: 110 requests a second, 1000 files and 0.73 million pushes a month."""
    found = {(row.use.part, row.use.what): row.cost for row in estimate(whole(), PRICES).rows}
    assert {key: found.get(key) for key in WHOLE} == {key: Decimal(money) for key, money in WHOLE.items()}


def test_what_is_copied_costs_its_way_and_its_place():
    """24 GB a day: 730 GB of rewritten bronze cross; 60 GB of replaced versions and all classes are kept twice."""
    one = small()
    copied = replace(one, facts=one.facts.model_copy(update={"replicated": ("bronze",), "replication_time": True}))
    rows = {row.use.what: row.cost for row in estimate(copied, PRICES).rows if row.use.part == "second region"}
    assert rows["transfer"] == Decimal("14.6")  # 730 x 0.02
    assert rows["within 15 minutes"] == Decimal("10.95")  # 730 x 0.015
    assert rows["writes"] == Decimal("0.0365")  # 7.3 thousand x 0.005
    kept = ("2.76", "8.28", "9", "0.96", "1.38")
    assert sum(rows.values()) == Decimal("25.5865") + sum(map(Decimal, kept))


def test_speed_tasks_are_within_the_limits_of_autoscaling():
    """278 events a second: what the load asks for, between the limits; at the limits the most tasks, with disks."""
    one = whole()
    for minimum, maximum, typical in ((1, 20, 3), (5, 20, 5), (1, 2, 2)):
        speed = one.size.speed.model_copy(update={"minimum": minimum, "maximum": maximum})
        sized = replace(one, size=one.size.model_copy(update={"speed": speed}))
        rows = {row.use.what: row for row in estimate(sized, PRICES).rows if row.use.what.startswith("speed")}
        assert rows["speed, vCPU"].use.quantity == typical * 730
        assert rows["speed, disk"].use.quantity == typical * 30 * 730
        assert {row.most / row.cost for row in rows.values()} == {Decimal(maximum) / typical}


def test_limits_of_autoscaling_are_the_second_number():
    """Disks grow to 3 x 100 GB, Spark may take 32 vCPU and 128 GB all month: 15.6 + 983.3158.. + 432.4403.. more."""
    found = estimate(small(), PRICES)
    more = Decimal("30") - Decimal("14.4")
    more += Decimal(32 * 730) * Decimal("0.042094") - Decimal("15.36431")
    more += Decimal(128 * 730) * Decimal("0.004628") - Decimal("6.75688")
    assert found.most - found.total == more
