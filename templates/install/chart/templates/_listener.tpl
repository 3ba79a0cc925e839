{{/* What the chart reads out of towpath.yaml (listener.config). */}}

{{/* Stops where the listener could not start, or would do harm. */}}
{{- define "towpath.listener.check" -}}
{{- $config := .Values.listener.config -}}
{{- $url := printf "http://%s.%s:%d" (include "towpath.controlPlane.name" .) .Release.Namespace (int .Values.controlPlane.service.port) -}}
{{- $hint := printf "listener.config.controlPlane.url is missing: where the control plane answers; the one of this release is %s" $url -}}
{{- $_ := required $hint (dig "controlPlane" "url" "" $config) -}}
{{- $_ := required "listener.config.listener.id is missing: POST /v2/listeners of the control plane answers it; until then install with listener.enabled=false" (dig "listener" "id" "" $config) -}}
{{- if not (dig "namespaces" dict $config) -}}
{{- fail "listener.config.namespaces is empty: name at least one namespace and its repository" -}}
{{- end -}}
{{- if and (gt (int .Values.listener.replicas) 1) (not (include "towpath.listener.elects" .)) -}}
{{- fail "listener.replicas is more than 1 without listener.config.listener.leaderElection: set it to {}, or listener.replicas to 1" -}}
{{- end -}}
{{- if and (eq "127.0.0.1" (dig "monitoring" "host" "127.0.0.1" $config)) (include "towpath.listener.port" .) -}}
{{- fail "listener.config.monitoring.host must be 0.0.0.0: the kubelet and Prometheus come from outside the pod" -}}
{{- end -}}
{{- with get $config "webhooks" -}}
{{- if eq "127.0.0.1" (default "127.0.0.1" .host) -}}
{{- fail "listener.config.webhooks.host must be 0.0.0.0: forges come from outside the pod" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.listener.webhooks.ingress.enabled (not (include "towpath.listener.webhookPort" .)) -}}
{{- fail "listener.webhooks.ingress is enabled without listener.config.webhooks: say a port and the file of the secret there" -}}
{{- end -}}
{{- end -}}

{{/* "true", or empty. */}}
{{- define "towpath.listener.elects" -}}
{{- if kindIs "map" (dig "listener" "leaderElection" "no" .Values.listener.config) }}true{{ end -}}
{{- end -}}

{{/* Port of metrics and probes; empty where there are none. */}}
{{- define "towpath.listener.port" -}}
{{- with dig "monitoring" "port" "" .Values.listener.config }}{{ int . }}{{ end -}}
{{- end -}}

{{/* Port of POST /webhook; empty where there is none. */}}
{{- define "towpath.listener.webhookPort" -}}
{{- with get .Values.listener.config "webhooks" }}{{ with .port }}{{ int . }}{{ end }}{{ end -}}
{{- end -}}

{{- define "towpath.listener.webhookService" -}}
{{- include "towpath.listener.name" . }}-webhooks
{{- end -}}

{{/*
Namespaces of Argo CD's or Flux's objects, as a JSON list. `auto` counts where the cluster serves the kind.
Takes a list: the root context, the engine, the option's name, its default and the API that tells that it is there.
*/}}
{{- define "towpath.listener.engineNamespaces" -}}
{{- $root := index . 0 -}}
{{- $found := list -}}
{{- range $name, $namespace := dig "namespaces" dict $root.Values.listener.config -}}
{{- $engine := dig "engine" "auto" $namespace -}}
{{- if or (eq $engine (index $ 1)) (and (eq $engine "auto") ($root.Capabilities.APIVersions.Has (index $ 4))) -}}
{{- $found = append $found (dig (index $ 2) "namespace" (index $ 3) $namespace) -}}
{{- end -}}
{{- end -}}
{{- $found | uniq | sortAlpha | toJson -}}
{{- end -}}

{{/* Takes a dict: root, role (its name), namespace and rules (of files/access.yaml, already chosen). */}}
{{- define "towpath.listener.grant" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ .role }}
  namespace: {{ .namespace }}
  labels:
    {{- include "towpath.labels" (list .root "listener") | nindent 4 }}
rules:
{{- range .rules }}
  # {{ .why }}
  - apiGroups: [{{ .group | quote }}]
    resources: {{ toJson .resources }}
    verbs: {{ toJson .verbs }}
{{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ .role }}
  namespace: {{ .namespace }}
  labels:
    {{- include "towpath.labels" (list .root "listener") | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ .role }}
subjects:
  - kind: ServiceAccount
    name: {{ include "towpath.listener.serviceAccount" .root }}
    namespace: {{ .root.Release.Namespace }}
{{- end -}}
