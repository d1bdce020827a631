output "url" {
  description = "Where the API answers by the load balancer's own name; the certificate is for the name that you point at it. Null without a certificate."
  value       = one([for balancer in aws_lb.this : "https://${balancer.dns_name}"])
}

output "cluster_name" {
  description = "The ECS cluster."
  value       = aws_ecs_cluster.this.name
}

output "service_names" {
  description = "The services that were made, by kind: speed, serving."
  value = merge(
    { for one in aws_ecs_service.speed[*] : "speed" => one.name },
    { for one in aws_ecs_service.serving[*] : "serving" => one.name },
  )
}

output "speed_tasks" {
  description = "Between how many tasks speed scales, after what the partitions leave of it; null while there is no service."
  value       = one([for service in aws_ecs_service.speed : local.speed_tasks])
}

output "load_balancer_arn" {
  description = "The load balancer; null without a certificate."
  value       = one(aws_lb.this[*].arn)
}

output "load_balancer_dns" {
  description = "Name and hosted zone of the load balancer, for an alias record; null without a certificate."
  value       = one([for balancer in aws_lb.this : { name = balancer.dns_name, zone_id = balancer.zone_id }])
}

output "load_balancer_suffix" {
  description = "How the load balancer's metrics name it; null without a certificate."
  value       = one(aws_lb.this[*].arn_suffix)
}

output "target_groups" {
  description = "Suffix of each target group by colour, as its metrics name it: what monitoring watches."
  value       = { for colour, group in aws_lb_target_group.this : colour => group.arn_suffix }
}

output "repository_url" {
  description = "Where the image of the services is pushed to."
  value       = aws_ecr_repository.this["layer"].repository_url
}

output "repository_urls" {
  description = "Where each image is pushed to: layer, collector."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}

output "task_definition_arns" {
  description = "The newest revision of each task, by kind: speed, serving, topics."
  value       = { for name, task in aws_ecs_task_definition.this : name => task.arn }
}

output "deployment" {
  description = "What `aws deploy create-deployment` takes to bring the newest revision of serving into traffic: application, group, appspec. Null while nothing serves."
  value = one([for app in aws_codedeploy_app.serving : {
    application = app.name
    group       = aws_codedeploy_deployment_group.serving[0].deployment_group_name
    appspec     = local.appspec
  }])
}
