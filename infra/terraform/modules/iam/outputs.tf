output "role_arns" {
  description = "Every role that is made: the fixed ones by the names of modules/names, a job's as <stage>/<contract id or domain>, a producer's as producer/<domain>. Roles of parts that are off, and of people whom nobody may become, are absent."
  value       = { for role, one in aws_iam_role.this : role => one.arn }
  depends_on  = [aws_iam_role_policy_attachment.this, aws_iam_role_policy_attachment.config] # whoever takes a role finds it with its rights, until the end
}

output "job_roles" {
  description = "Role of each stage of each contract, whatever the scope: <stage>/<contract id>. What Airflow hands to a job."
  value       = merge([for stage in local.kinds : { for id, group in local.group : "${stage}/${id}" => aws_iam_role.this["${stage}/${group}"].arn }]...)
  depends_on  = [aws_iam_role_policy_attachment.this]
}

output "instance_profile" {
  description = "Name of the instance profile of EMR's nodes; null where EMR on EC2 is off."
  value       = one(aws_iam_instance_profile.emr[*].name)
  depends_on  = [aws_iam_role_policy_attachment.this]
}

output "boundary_arn" {
  description = "The permissions boundary that every role carries; a role made outside this module has to carry it too."
  value       = aws_iam_policy.boundary.arn
}
