"""One Airflow DAG per data contract for its star schema: started by the release that the contract's DAG publishes.

In the asset graph: silver -> gold -> release (dags/contracts.py) -> marts. In groups it is each contract's last stage.
"""

from tideline_airflow.dags import declare_marts

declare_marts()
