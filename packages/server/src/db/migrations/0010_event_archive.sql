CREATE TABLE "event_segments" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "event_segments_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"app_id" integer NOT NULL,
	"first_id" uuid NOT NULL,
	"last_id" uuid NOT NULL,
	"first_at" timestamp(3) with time zone NOT NULL,
	"last_at" timestamp(3) with time zone NOT NULL,
	"events" integer NOT NULL,
	"bytes" integer NOT NULL,
	"digest" text NOT NULL,
	"status" text NOT NULL,
	"loaded_until" timestamp(3) with time zone,
	"error" text,
	"archived_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "trimmed_partitions" (
	"partition" integer PRIMARY KEY NOT NULL,
	"offset" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "event_segments" ADD CONSTRAINT "event_segments_app_id_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "event_segments_by_app" ON "event_segments" USING btree ("app_id","first_id") WHERE "event_segments"."status" <> 'writing';--> statement-breakpoint
CREATE INDEX "event_segments_by_time" ON "event_segments" USING btree ("first_at");