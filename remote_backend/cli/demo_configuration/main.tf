# What `remote-backend demo` plans. It needs no provider from anywhere.

variable "environment" {
  description = "Which network this is."
  type        = string
}

variable "subnets" {
  description = "Names and address ranges of the subnets."
  type        = map(string)
  default     = {}
}

variable "peers" {
  description = "Networks that this one is connected to."
  type        = list(string)
  default     = []
}

resource "terraform_data" "network" {
  input = {
    name      = "networking-${var.environment}"
    workspace = terraform.workspace
  }
}

resource "terraform_data" "subnet" {
  for_each = var.subnets

  input = {
    network = terraform_data.network.input.name
    name    = each.key
    range   = each.value
  }
}

resource "terraform_data" "peering" {
  for_each = toset(var.peers)

  input = "${terraform_data.network.input.name} <-> ${each.key}"
}

output "subnet_count" {
  value = length(terraform_data.subnet)
}
