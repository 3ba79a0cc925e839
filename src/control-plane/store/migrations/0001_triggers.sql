-- Custom SQL migration file: what drizzle's schema cannot say.
INSERT INTO "instance" ("id") VALUES (1);--> statement-breakpoint
ALTER TABLE "instance" ADD CONSTRAINT "instance_one_row" CHECK ("id" = 1);--> statement-breakpoint
CREATE FUNCTION towpath_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Cannot change the audit table: it is append-only';
END $$;--> statement-breakpoint
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"
  FOR EACH STATEMENT EXECUTE FUNCTION towpath_refuse_change();--> statement-breakpoint
CREATE FUNCTION towpath_announce_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('towpath_listener', NEW.id::text);
  RETURN NEW;
END $$;--> statement-breakpoint
-- Sent at commit, so whoever waits for this listener's change reads it.
CREATE TRIGGER listeners_announce_change AFTER UPDATE OF "change_version" ON "listeners"
  FOR EACH ROW EXECUTE FUNCTION towpath_announce_change();
