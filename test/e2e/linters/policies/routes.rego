# A way in is for one name.
package towpath.routes

import rego.v1

hosts := [object.get(rule, "host", "") | some rule in input.spec.rules] if input.kind == "Ingress"

hosts := object.get(input.spec, "hostnames", [""]) if input.kind == "HTTPRoute"

hosts := object.get(input.spec, "hosts", [""]) if input.kind == "VirtualService"

deny contains "it takes the requests of every name" if {
	some host in hosts
	host in {"", "*"}
}
