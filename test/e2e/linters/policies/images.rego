# An image names the version that runs: a digest, or a tag that is not "latest".
package towpath.images

import rego.v1

import data.lib.pods

deny contains sprintf("container %s: the image %s has neither a digest nor a tag of a version", [container.name, container.image]) if {
	some container in pods.containers
	not contains(container.image, "@sha256:")
	not versioned(container.image)
}

versioned(image) if {
	[_, tag] := split(regex.replace(image, "^.*/", ""), ":")
	not tag in {"", "latest"}
}
