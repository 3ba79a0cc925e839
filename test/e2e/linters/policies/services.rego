# A Service leads to pods of its own by a port's name, and opens no door of the node's.
package towpath.services

import rego.v1

deny contains sprintf("the type %s", [input.spec.type]) if {
	input.kind == "Service"
	input.spec.type in {"NodePort", "ExternalName"}
}

deny contains "it has external addresses" if {
	input.kind == "Service"
	input.spec.externalIPs
}

deny contains "it selects every pod" if {
	input.kind == "Service"
	count(object.get(input.spec, "selector", {})) == 0
}

deny contains sprintf("port %v leads to a number", [port.port]) if {
	input.kind == "Service"
	some port in input.spec.ports
	not is_string(object.get(port, "targetPort", port.port))
}
