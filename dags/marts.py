"""One Airflow DAG per data contract for its star schema: started by the release that the contract's DAG publishes.

In the asset graph: silver -> gold -> release (dags/contracts.py) -> marts.
"""

from tideline_airflow.dags import contracts, marts_dag

for contract in contracts():
    marts_dag(contract)
