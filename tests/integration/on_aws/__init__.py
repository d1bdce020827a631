"""The batch chain on an AWS of this machine: S3, EMR Serverless whose job runs are processes, and a real Kafka."""
