# Rights are named one by one, for namespaces, and none of them makes further rights.
package towpath.roles

import rego.v1

deny contains sprintf("a %s", [input.kind]) if input.kind in {"ClusterRole", "ClusterRoleBinding"}

deny contains sprintf("%s: *", [field]) if {
	input.kind in {"Role", "ClusterRole"}
	some rule in input.rules
	some field in ["apiGroups", "resources", "verbs"]
	"*" in rule[field]
}

deny contains sprintf("the verb %s", [verb]) if {
	input.kind in {"Role", "ClusterRole"}
	some rule in input.rules
	some verb in rule.verbs
	verb in {"escalate", "bind", "impersonate"}
}
