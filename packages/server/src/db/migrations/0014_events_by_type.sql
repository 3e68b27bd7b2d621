ALTER TABLE "parked_events" ADD COLUMN "replay_id" bigint;--> statement-breakpoint
ALTER TABLE "replay_entries" ADD COLUMN "duration_us" integer;--> statement-breakpoint
CREATE INDEX "events_by_type" ON "events" USING btree ("type","id");--> statement-breakpoint
CREATE INDEX "replay_entries_by_event" ON "replay_entries" USING btree ("event_id");