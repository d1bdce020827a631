"""CloudWatch: composite alarms. moto keeps and lists them as alarms with a rule, but no operation makes them."""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.responses import CloudWatchResponse


def put_composite_alarm(self: CloudWatchResponse) -> Any:
    """What belongs to a metric is absent from the request and stays empty."""
    return self.put_metric_alarm()


CloudWatchResponse.put_composite_alarm = put_composite_alarm  # type: ignore[attr-defined]
