-- SPDX-License-Identifier: Apache-2.0
-- The schema itself is made by src/store/migrate.ts, which keeps its own table in it.
CREATE TABLE "bringup"."attempt" (
	"person_id" uuid NOT NULL,
	"id" text NOT NULL,
	"lab" text NOT NULL,
	"outcome" text NOT NULL,
	"provisional" boolean NOT NULL,
	"folder" text NOT NULL,
	"kernel" text NOT NULL,
	"verdict" jsonb NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"imported_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "attempt_person_id_id_pk" PRIMARY KEY("person_id","id"),
	CONSTRAINT "attempt_outcome" CHECK ("bringup"."attempt"."outcome" in ('pass', 'fail'))
);
--> statement-breakpoint
CREATE TABLE "bringup"."attempt_file" (
	"person_id" uuid NOT NULL,
	"path" text NOT NULL,
	"bytes" bigint DEFAULT 0 NOT NULL,
	"tail" text DEFAULT '' NOT NULL,
	CONSTRAINT "attempt_file_person_id_path_pk" PRIMARY KEY("person_id","path")
);
--> statement-breakpoint
CREATE TABLE "bringup"."credit" (
	"person_id" uuid NOT NULL,
	"skill" text NOT NULL,
	"source" text NOT NULL,
	"evidence" jsonb,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "credit_person_id_skill_source_pk" PRIMARY KEY("person_id","skill","source"),
	CONSTRAINT "credit_source" CHECK ("bringup"."credit"."source" in ('placement', 'lab', 'mentor', 'record', 'hand'))
);
--> statement-breakpoint
CREATE TABLE "bringup"."person" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" text,
	"local" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "bringup"."placement_answer" (
	"session_id" uuid NOT NULL,
	"item" text NOT NULL,
	"response" jsonb NOT NULL,
	"outcome" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "placement_answer_session_id_item_pk" PRIMARY KEY("session_id","item")
);
--> statement-breakpoint
CREATE TABLE "bringup"."placement_session" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"person_id" uuid NOT NULL,
	"version" integer DEFAULT 0 NOT NULL,
	"state" jsonb NOT NULL,
	"result" jsonb,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "bringup"."plan" (
	"person_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"input" jsonb NOT NULL,
	"plan" jsonb NOT NULL,
	"reason" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "plan_person_id_version_pk" PRIMARY KEY("person_id","version")
);
--> statement-breakpoint
CREATE TABLE "bringup"."step_done" (
	"person_id" uuid NOT NULL,
	"step" text NOT NULL,
	"evidence" jsonb,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "step_done_person_id_step_pk" PRIMARY KEY("person_id","step")
);
--> statement-breakpoint
ALTER TABLE "bringup"."attempt" ADD CONSTRAINT "attempt_person_id_person_id_fk" FOREIGN KEY ("person_id") REFERENCES "bringup"."person"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bringup"."attempt_file" ADD CONSTRAINT "attempt_file_person_id_person_id_fk" FOREIGN KEY ("person_id") REFERENCES "bringup"."person"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bringup"."credit" ADD CONSTRAINT "credit_person_id_person_id_fk" FOREIGN KEY ("person_id") REFERENCES "bringup"."person"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bringup"."placement_answer" ADD CONSTRAINT "placement_answer_session_id_placement_session_id_fk" FOREIGN KEY ("session_id") REFERENCES "bringup"."placement_session"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bringup"."placement_session" ADD CONSTRAINT "placement_session_person_id_person_id_fk" FOREIGN KEY ("person_id") REFERENCES "bringup"."person"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bringup"."plan" ADD CONSTRAINT "plan_person_id_person_id_fk" FOREIGN KEY ("person_id") REFERENCES "bringup"."person"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bringup"."step_done" ADD CONSTRAINT "step_done_person_id_person_id_fk" FOREIGN KEY ("person_id") REFERENCES "bringup"."person"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "attempt_person_at" ON "bringup"."attempt" USING btree ("person_id","at");--> statement-breakpoint
CREATE INDEX "attempt_person_lab" ON "bringup"."attempt" USING btree ("person_id","lab");--> statement-breakpoint
CREATE UNIQUE INDEX "person_one_local" ON "bringup"."person" USING btree ("local") WHERE "bringup"."person"."local";--> statement-breakpoint
CREATE INDEX "placement_answer_item" ON "bringup"."placement_answer" USING btree ("item");--> statement-breakpoint
CREATE INDEX "placement_session_person" ON "bringup"."placement_session" USING btree ("person_id","started_at");--> statement-breakpoint
CREATE UNIQUE INDEX "placement_session_one_open" ON "bringup"."placement_session" USING btree ("person_id") WHERE "bringup"."placement_session"."ended_at" is null;