# Each object says where it belongs.
package towpath.metadata

import rego.v1

clusters := {"ClusterRole", "ClusterRoleBinding", "Namespace", "CustomResourceDefinition", "PriorityClass"}

deny contains "it names no namespace" if {
	not input.kind in clusters
	object.get(input.metadata, "namespace", "") == ""
}

deny contains "it is in the namespace default" if input.metadata.namespace == "default"

deny contains sprintf("the label %s is missing", [label]) if {
	some label in expected
	not object.get(input.metadata, ["labels", label], false)
}

# What only tells an engine what to apply is part of no application.
default expected := ["app.kubernetes.io/name", "app.kubernetes.io/component", "app.kubernetes.io/part-of"]

expected := ["app.kubernetes.io/managed-by", "towpath.dev/namespace"] if input.metadata.labels["towpath.dev/namespace"]

expected := ["app.kubernetes.io/managed-by", "towpath.dev/deployment-id"] if {
	startswith(input.apiVersion, "kustomize.toolkit.fluxcd.io/")
	not input.metadata.labels["towpath.dev/namespace"]
}
