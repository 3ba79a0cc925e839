# A folder that a pod fills must not fill the node.
package towpath.volumes

import rego.v1

import data.lib.pods

deny contains sprintf("emptyDir %s has no sizeLimit", [volume.name]) if {
	some volume in pods.pod.volumes
	volume.emptyDir
	not volume.emptyDir.sizeLimit
}
