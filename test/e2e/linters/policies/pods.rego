# What the rules share: the pod that an object runs, and its containers.
package lib.pods

import rego.v1

workload if input.kind in {"Deployment", "StatefulSet", "DaemonSet"}

pod := input.spec.template.spec if workload

pod := input.spec if input.kind == "Pod"

pod := input.spec.template.spec if input.kind == "Job"

pod := input.spec.jobTemplate.spec.template.spec if input.kind == "CronJob"

containers contains container if some container in pod.containers

containers contains container if some container in pod.initContainers
