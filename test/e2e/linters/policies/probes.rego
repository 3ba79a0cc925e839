# A slow start, a pod that should get no requests and one that hangs are three different things.
package towpath.probes

import rego.v1

import data.lib.pods

deny contains sprintf("container %s has no %s", [container.name, probe]) if {
	pods.workload
	some container in pods.pod.containers
	some probe in ["startupProbe", "readinessProbe", "livenessProbe"]
	not container[probe]
}

deny contains sprintf("container %s is restarted as soon as it gets no requests", [container.name]) if {
	pods.workload
	some container in pods.pod.containers
	patience(container.livenessProbe) <= patience(container.readinessProbe)
}

patience(probe) := object.get(probe, "periodSeconds", 10) * object.get(probe, "failureThreshold", 3)
