ALTER TABLE "api_keys" ADD COLUMN "made_by" uuid;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "proof" text DEFAULT 'self-declared' NOT NULL;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "expires_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "audit" ADD COLUMN "address" text;--> statement-breakpoint
ALTER TABLE "audit" ADD COLUMN "forwarded_for" text;--> statement-breakpoint
ALTER TABLE "audit" ADD COLUMN "request_id" text;--> statement-breakpoint
ALTER TABLE "audit" ADD COLUMN "outcome" text DEFAULT 'done' NOT NULL;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_made_by_api_keys_id_fk" FOREIGN KEY ("made_by") REFERENCES "public"."api_keys"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "api_keys_made_by" ON "api_keys" USING btree ("made_by");--> statement-breakpoint
CREATE INDEX "audit_target" ON "audit" USING btree ("target_id","id");--> statement-breakpoint
CREATE INDEX "audit_key" ON "audit" USING btree ("key_id","id");--> statement-breakpoint
CREATE INDEX "audit_action" ON "audit" USING btree ("action" text_pattern_ops,"id");--> statement-breakpoint
CREATE INDEX "audit_outcome" ON "audit" USING btree ("outcome","id") WHERE "audit"."outcome" <> 'done';--> statement-breakpoint
CREATE INDEX "audit_at" ON "audit" USING btree ("at");--> statement-breakpoint
-- The keys that are there: the audit table knows who made them. What it does not know stays self-declared.
UPDATE "api_keys" k SET "made_by" = a."key_id" FROM "audit" a, "api_keys" m
  WHERE a."action" = 'key.create' AND a."target_id" = k."id"::text AND m."id" = a."key_id";--> statement-breakpoint
UPDATE "api_keys" k SET "proof" = 'admin'
  WHERE k."kind" = 'admin'
    OR EXISTS (SELECT FROM "api_keys" m WHERE m."id" = k."made_by" AND m."kind" = 'admin')
    OR EXISTS (SELECT FROM "audit" a WHERE a."action" = 'key.create' AND a."target_id" = k."id"::text AND a."key_id" IS NULL);
