"""One parse cycle as Airflow's DAG processor does it: build every DAG of a folder, serialize each; prints CPU seconds.

Run by the interpreter of each competitor: python bench/engine_parse.py FOLDER. Imports come before the clock starts.
"""

import importlib.util
import json
import sys
import time

started = time.process_time()
for name in (
    "airflow.sdk.definitions.asset",
    "airflow.sdk.definitions.timetables.interval",
    "tideline_airflow.dags",
    "dagfactory",
):
    if importlib.util.find_spec(name.partition(".")[0]):
        importlib.import_module(name)
from airflow.dag_processing.dagbag import DagBag  # noqa: E402 - after the imports that are measured
from airflow.serialization.serialized_objects import LazyDeserializedDAG  # noqa: E402 - the same

imported = time.process_time()
bag = DagBag(dag_folder=sys.argv[1], bundle_name="dags")
built = time.process_time()
assert not bag.import_errors, bag.import_errors
for dag in bag.dags.values():
    LazyDeserializedDAG.from_dag(dag)
serialized = time.process_time()
facts = {
    "dags": len(bag.dags), "tasks": sum(len(dag.tasks) for dag in bag.dags.values()), "imports_s": imported - started,
    "build_s": built - imported, "serialize_s": serialized - built, "cpu_s": serialized - imported,
}  # fmt: skip
print(json.dumps(facts))
