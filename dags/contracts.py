"""The batch layer in Airflow: one DAG per data contract, or per group of contracts (TIDELINE_DAGS), from the index.

Owner, tags, schedule, deadline, limits and triage notes come from the contracts; the stages from `tideline.planning`.
A new contract needs no line here: `tideline compile` puts it into the index that is read below.
"""

from tideline_airflow.dags import declare_batch

declare_batch()
