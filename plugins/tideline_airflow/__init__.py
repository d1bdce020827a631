"""Turns a Stage into an Airflow task."""
