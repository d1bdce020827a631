# The ruleset that is built in, all of it. tests/infra/test_linters.py runs it; `scripts/infra_tools.sh` gets tflint.
config {
  call_module_type = "local"
}

plugin "terraform" {
  enabled = true
  preset  = "all"
}

# tests/infra/house.py demands it of modules; an environment is one short file
rule "terraform_standard_module_structure" {
  enabled = false
}
