output "backend" {
  description = "By environment, and bootstrap for this root's own state: the text of a backend.hcl."
  value       = module.bootstrap.backend
}

# `terraform output -raw` prints a text but not a map: one output for each folder under envs

output "dev" {
  description = "For envs/dev/backend.hcl; null unless environments names dev."
  value       = try(module.bootstrap.backend["dev"], null)
}

output "staging" {
  description = "For envs/staging/backend.hcl; null unless environments names staging."
  value       = try(module.bootstrap.backend["staging"], null)
}

output "prod" {
  description = "For envs/prod/backend.hcl; null unless environments names prod."
  value       = try(module.bootstrap.backend["prod"], null)
}

output "own" {
  description = "For the state of this root: backend.hcl beside it."
  value       = module.bootstrap.backend["bootstrap"]
}
