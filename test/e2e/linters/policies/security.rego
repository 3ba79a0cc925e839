# The "restricted" level of pod security, and nothing of the node's.
package towpath.security

import rego.v1

import data.lib.pods

deny contains "runAsNonRoot is not true" if {
	pods.pod
	not pods.pod.securityContext.runAsNonRoot
}

deny contains "seccompProfile is not RuntimeDefault" if {
	pods.pod
	not pods.pod.securityContext.seccompProfile.type == "RuntimeDefault"
}

deny contains sprintf("%s is on", [field]) if {
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	pods.pod[field]
}

deny contains sprintf("volume %s is a folder of the node", [volume.name]) if {
	some volume in pods.pod.volumes
	volume.hostPath
}

deny contains sprintf("container %s is privileged", [container.name]) if {
	some container in pods.containers
	container.securityContext.privileged
}

deny contains sprintf("container %s: allowPrivilegeEscalation is not false", [container.name]) if {
	some container in pods.containers
	object.get(container, ["securityContext", "allowPrivilegeEscalation"], true)
}

deny contains sprintf("container %s does not drop all capabilities", [container.name]) if {
	some container in pods.containers
	not "ALL" in object.get(container, ["securityContext", "capabilities", "drop"], [])
}

deny contains sprintf("container %s adds capabilities", [container.name]) if {
	some container in pods.containers
	count(object.get(container, ["securityContext", "capabilities", "add"], [])) > 0
}
