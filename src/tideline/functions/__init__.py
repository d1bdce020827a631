"""What runs as AWS Lambda functions: events pushed over HTTPS, and files of the landing zone delivered to the log."""
