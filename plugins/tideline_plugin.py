"""Registers Tideline's page with Airflow's web server: in the menu, and as a tab of each contract's DAG.

Every Airflow process imports this file, so it imports nothing heavy; the page is built when it is first asked for.
"""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.sdk.plugins_manager import AirflowPlugin
from tideline_airflow.deadline import IntervalEnd
from tideline_airflow.view import PREFIX, LazyApp


class TidelinePlugin(AirflowPlugin):  # type: ignore[misc]
    """Coverage, lag and last audit of each contract."""

    name = "tideline"
    fastapi_apps: ClassVar[list[Any]] = [{"app": LazyApp(), "url_prefix": PREFIX, "name": "Tideline"}]
    deadline_references: ClassVar[list[Any]] = [IntervalEnd]
    external_views: ClassVar[list[Any]] = [
        {"name": "Tideline", "href": f"{PREFIX}/", "destination": "nav", "url_route": "tideline"},
        {
            "name": "Coverage",
            "href": f"{PREFIX}/?dag={{DAG_ID}}",
            "destination": "dag",
            "url_route": "tideline-coverage",
        },
    ]
