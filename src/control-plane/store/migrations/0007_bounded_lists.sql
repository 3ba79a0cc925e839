ALTER TABLE "listeners" ADD COLUMN "dropped_reports" jsonb;--> statement-breakpoint
-- What may be large is kept as it is: a list asks for its size first, which a compressed value tells only when it is read.
ALTER TABLE "listeners" ALTER COLUMN "namespaces" SET STORAGE EXTERNAL;--> statement-breakpoint
ALTER TABLE "deployments" ALTER COLUMN "last_report" SET STORAGE EXTERNAL,
  ALTER COLUMN "last_removal_report" SET STORAGE EXTERNAL;--> statement-breakpoint
ALTER TABLE "revisions" ALTER COLUMN "resource_spec" SET STORAGE EXTERNAL,
  ALTER COLUMN "secret_references" SET STORAGE EXTERNAL, ALTER COLUMN "build_settings" SET STORAGE EXTERNAL;--> statement-breakpoint
ALTER TABLE "lanes" ALTER COLUMN "report" SET STORAGE EXTERNAL;--> statement-breakpoint
ALTER TABLE "audit" ALTER COLUMN "detail" SET STORAGE EXTERNAL;--> statement-breakpoint
-- Reports about repositories that the listener does not serve, or no longer, are not kept.
DELETE FROM "lanes" n USING "listeners" l WHERE l."id" = n."listener_id" AND NOT l."namespaces" ? n."namespace";
