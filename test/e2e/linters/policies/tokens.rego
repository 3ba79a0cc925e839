# Nothing of the cluster gets into a pod unasked: whether it has a token is said, and no variables of other Services.
package towpath.tokens

import rego.v1

import data.lib.pods

deny contains "automountServiceAccountToken is not said" if {
	pods.pod
	not is_boolean(object.get(pods.pod, "automountServiceAccountToken", null))
}

deny contains "enableServiceLinks is not false" if {
	pods.pod
	object.get(pods.pod, "enableServiceLinks", true)
}
