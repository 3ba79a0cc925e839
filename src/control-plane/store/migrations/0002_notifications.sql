-- Custom SQL migration file: what other processes must hear of, sent at commit.
CREATE FUNCTION towpath_announce_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('towpath_key', OLD.id::text);
  RETURN NULL;
END $$;--> statement-breakpoint
-- A key that is revoked, or gone with its listener, must not live on in anybody's cache.
CREATE TRIGGER api_keys_announce AFTER DELETE OR UPDATE OF "revoked_at" ON "api_keys"
  FOR EACH ROW EXECUTE FUNCTION towpath_announce_key();--> statement-breakpoint
CREATE FUNCTION towpath_announce_deployment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('towpath_workspace', NEW.workspace_id || ' ' || json_build_object(
    'kind', 'deployment', 'deploymentId', NEW.id, 'status', NEW.status, 'gone', NEW.gone_at IS NOT NULL));
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE TRIGGER deployments_announce AFTER INSERT OR UPDATE ON "deployments"
  FOR EACH ROW EXECUTE FUNCTION towpath_announce_deployment();--> statement-breakpoint
CREATE FUNCTION towpath_announce_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('towpath_workspace', d.workspace_id || ' ' || json_build_object(
    'kind', 'revision', 'deploymentId', d.id, 'revisionId', NEW.id, 'status', NEW.status, 'stage', NEW.stage,
    'outcome', NEW.outcome, 'reason', NEW.reason))
  FROM deployments d WHERE d.id = NEW.deployment_id;
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE TRIGGER revisions_announce
  AFTER INSERT OR UPDATE OF "status", "stage", "outcome", "reason", "message", "commit", "pull_request" ON "revisions"
  FOR EACH ROW EXECUTE FUNCTION towpath_announce_revision();
