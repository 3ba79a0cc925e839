{{/* Names and labels. */}}

{{- define "towpath.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "towpath.fullname" -}}
{{- $name := include "towpath.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 48 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 48 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "towpath.listener.name" -}}
{{- include "towpath.fullname" . }}-listener
{{- end -}}

{{- define "towpath.controlPlane.name" -}}
{{- include "towpath.fullname" . }}-control-plane
{{- end -}}

{{/* Of Roles in other namespaces, where releases of the same name but of other namespaces may have theirs, too. */}}
{{- define "towpath.listener.roleName" -}}
{{- include "towpath.listener.name" . }}.{{ .Release.Namespace }}
{{- end -}}

{{- define "towpath.listener.serviceAccount" -}}
{{- with .Values.listener.serviceAccount -}}
{{- if .create -}}
{{- default (include "towpath.listener.name" $) .name -}}
{{- else -}}
{{- required "listener.serviceAccount.name must be said where listener.serviceAccount.create is false" .name -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "towpath.controlPlane.serviceAccount" -}}
{{- with .Values.controlPlane.serviceAccount -}}
{{- if .create -}}
{{- default (include "towpath.controlPlane.name" $) .name -}}
{{- else -}}
{{- required "controlPlane.serviceAccount.name must be said where controlPlane.serviceAccount.create is false" .name -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Takes a list: the root context and the component. */}}
{{- define "towpath.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "towpath.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "towpath.labels" -}}
{{- $root := index . 0 -}}
{{ include "towpath.selector" . }}
app.kubernetes.io/part-of: towpath
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}
