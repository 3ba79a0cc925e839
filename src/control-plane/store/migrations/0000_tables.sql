CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"kind" text NOT NULL,
	"workspace_id" uuid,
	"listener_id" uuid,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"prefix" text NOT NULL,
	"hash" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "api_keys_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "audit" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"workspace_id" uuid,
	"key_id" uuid,
	"actor" jsonb,
	"action" text NOT NULL,
	"target_kind" text NOT NULL,
	"target_id" text NOT NULL,
	"detail" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "deployments" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"sequence" bigserial NOT NULL,
	"workspace_id" uuid NOT NULL,
	"listener_id" uuid NOT NULL,
	"namespace" text NOT NULL,
	"name" text NOT NULL,
	"display_name" text,
	"status" text NOT NULL,
	"latest_revision_id" uuid,
	"active_revision_id" uuid,
	"custom_url" text,
	"reported_url" text,
	"deletion_requester" jsonb,
	"deletion_requested_at" timestamp (3) with time zone,
	"last_removal_report" jsonb,
	"last_report" jsonb,
	"gone_at" timestamp (3) with time zone,
	"forced" boolean DEFAULT false NOT NULL,
	"listener_version" bigint NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "instance" (
	"id" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"epoch" uuid DEFAULT gen_random_uuid() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "lanes" (
	"listener_id" uuid NOT NULL,
	"namespace" text NOT NULL,
	"report" jsonb NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "lanes_listener_id_namespace_pk" PRIMARY KEY("listener_id","namespace")
);
--> statement-breakpoint
CREATE TABLE "listeners" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"sequence" bigserial NOT NULL,
	"workspace_id" uuid NOT NULL,
	"compute_type" text NOT NULL,
	"compute_id" text NOT NULL,
	"namespaces" jsonb NOT NULL,
	"version" text,
	"change_version" bigint DEFAULT 0 NOT NULL,
	"term" bigint DEFAULT 0 NOT NULL,
	"last_seen_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "revision_logs" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"deployment_id" uuid NOT NULL,
	"revision_id" uuid NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"level" text NOT NULL,
	"stage" text,
	"message" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "revisions" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"deployment_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"status" text NOT NULL,
	"stage" text NOT NULL,
	"outcome" text NOT NULL,
	"reason" text NOT NULL,
	"message" text NOT NULL,
	"commit" text,
	"pull_request" text,
	"image_uri" text NOT NULL,
	"image_version" text,
	"build_settings" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"resource_spec" jsonb NOT NULL,
	"secret_references" jsonb NOT NULL,
	"secret_set_id" uuid,
	"requester" jsonb NOT NULL,
	"interrupted" boolean DEFAULT false NOT NULL,
	"last_report" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "secret_sets" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"deployment_id" uuid NOT NULL,
	"names" jsonb NOT NULL,
	"key_id" text NOT NULL,
	"sealed" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "workspaces" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "workspaces_name_unique" UNIQUE("name")
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_workspace_id_workspaces_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspaces"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_listener_id_listeners_id_fk" FOREIGN KEY ("listener_id") REFERENCES "public"."listeners"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_workspace_id_workspaces_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspaces"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lanes" ADD CONSTRAINT "lanes_listener_id_listeners_id_fk" FOREIGN KEY ("listener_id") REFERENCES "public"."listeners"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "listeners" ADD CONSTRAINT "listeners_workspace_id_workspaces_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "public"."workspaces"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "revision_logs" ADD CONSTRAINT "revision_logs_deployment_id_deployments_id_fk" FOREIGN KEY ("deployment_id") REFERENCES "public"."deployments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "revision_logs" ADD CONSTRAINT "revision_logs_revision_id_revisions_id_fk" FOREIGN KEY ("revision_id") REFERENCES "public"."revisions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "revisions" ADD CONSTRAINT "revisions_deployment_id_deployments_id_fk" FOREIGN KEY ("deployment_id") REFERENCES "public"."deployments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "revisions" ADD CONSTRAINT "revisions_secret_set_id_secret_sets_id_fk" FOREIGN KEY ("secret_set_id") REFERENCES "public"."secret_sets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "secret_sets" ADD CONSTRAINT "secret_sets_deployment_id_deployments_id_fk" FOREIGN KEY ("deployment_id") REFERENCES "public"."deployments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "api_keys_workspace" ON "api_keys" USING btree ("workspace_id");--> statement-breakpoint
CREATE INDEX "audit_workspace" ON "audit" USING btree ("workspace_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "deployments_name" ON "deployments" USING btree ("workspace_id","name") WHERE "deployments"."gone_at" is null;--> statement-breakpoint
CREATE INDEX "deployments_listing" ON "deployments" USING btree ("workspace_id","sequence");--> statement-breakpoint
CREATE INDEX "deployments_desired" ON "deployments" USING btree ("listener_id","listener_version");--> statement-breakpoint
CREATE UNIQUE INDEX "listeners_compute" ON "listeners" USING btree ("workspace_id","compute_id");--> statement-breakpoint
CREATE INDEX "revision_logs_deployment" ON "revision_logs" USING btree ("deployment_id","id");--> statement-breakpoint
CREATE INDEX "revision_logs_revision" ON "revision_logs" USING btree ("revision_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "revisions_number" ON "revisions" USING btree ("deployment_id","number");--> statement-breakpoint
CREATE INDEX "secret_sets_deployment" ON "secret_sets" USING btree ("deployment_id");--> statement-breakpoint
CREATE INDEX "secret_sets_key" ON "secret_sets" USING btree ("key_id");