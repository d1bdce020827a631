"""One Airflow DAG per data contract: what `contracts/` promises, on the schedule that it names.

Owner, tags, limits and triage notes come from the contract; the stages come from `tideline.planning`.
A new contract needs no line here: `tideline compile` puts it into the index that is read below.
"""

from tideline_airflow.dags import contract_dag, contracts

for contract in contracts():
    contract_dag(contract)
