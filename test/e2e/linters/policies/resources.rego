# The scheduler knows what a container needs, and memory has an end. CPU may be used where it is free.
package towpath.resources

import rego.v1

import data.lib.pods

deny contains sprintf("container %s: resources.%s is not set", [container.name, concat(".", path)]) if {
	some container in pods.containers
	some path in [["requests", "cpu"], ["requests", "memory"], ["limits", "memory"]]
	not object.get(container, array.concat(["resources"], path), false)
}
