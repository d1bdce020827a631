"""Turns contracts into DAGs and a Stage into an Airflow task; what a stage does is Tideline's, Airflow is the clock."""
