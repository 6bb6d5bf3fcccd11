-- SPDX-License-Identifier: Apache-2.0
-- Whoever adds an attempt, all who listen on the channel bringup_attempt are told of it when it is committed.
CREATE FUNCTION "bringup"."notify_attempt"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('bringup_attempt', json_build_object(
    'person', new.person_id,
    'id', new.id,
    'lab', left(new.lab, 200),
    'outcome', new.outcome,
    'provisional', new.provisional
  )::text);
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER "notify_attempt" AFTER INSERT ON "bringup"."attempt"
  FOR EACH ROW EXECUTE FUNCTION "bringup"."notify_attempt"();
