# No secret value in plain text: neither in a Secret nor in a variable, whether its name or its value says what it is.
package towpath.secrets

import rego.v1

import data.lib.pods

deny contains sprintf("%s.%s is not sealed", [field, key]) if {
	input.kind == "Secret"
	some field in ["data", "stringData"]
	some key, value in input[field]
	not startswith(value, "ENC[")
}

deny contains sprintf("container %s: %s has a value", [container.name, variable.name]) if {
	some container in pods.containers
	some variable in container.env
	regex.match(`(PASSWORD|SECRET|TOKEN|API_KEY)$`, variable.name)
	object.get(variable, "value", "") != ""
}

# "$(NAME)" stands for a variable that comes out of a Secret.
deny contains sprintf("container %s: %s has a password", [container.name, variable.name]) if {
	some container in pods.containers
	some variable in container.env
	regex.match(`://[^/@]*:[^$/@][^/@]*@`, object.get(variable, "value", ""))
}
