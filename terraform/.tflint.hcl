# Every rule of the plugin that is part of tflint; one that asks AWS for names is a plugin to be fetched.
config {
  call_module_type = "none"
}

plugin "terraform" {
  enabled = true
  preset  = "all"
}

# It puts modules together; the provider's version stands here for those who use it.
rule "terraform_unused_required_providers" {
  enabled = false
}
