# A budget slows a drain down and never stops it.
package towpath.budgets

import rego.v1

deny contains "it does not say maxUnavailable" if {
	input.kind == "PodDisruptionBudget"
	object.get(input.spec, "maxUnavailable", 0) in {0, "0%"}
}

deny contains "a pod that is broken anyway keeps its node from being drained" if {
	input.kind == "PodDisruptionBudget"
	not input.spec.unhealthyPodEvictionPolicy == "AlwaysAllow"
}
