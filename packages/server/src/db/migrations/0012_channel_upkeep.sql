CREATE TABLE "channel_paces" (
	"lane" text PRIMARY KEY NOT NULL,
	"used_until" double precision NOT NULL,
	"queued_until" double precision NOT NULL
);
--> statement-breakpoint
ALTER TABLE "deliveries" ADD COLUMN "turn_at" timestamp(3) with time zone;--> statement-breakpoint
ALTER TABLE "inbound_mails" ADD COLUMN "attempts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "inbound_mails" ADD COLUMN "retry_at" timestamp(3) with time zone;--> statement-breakpoint
CREATE INDEX "webhook_event_logs_by_time" ON "webhook_event_logs" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "deliveries_ended" ON "deliveries" USING btree ("finished_at") WHERE "deliveries"."finished_at" is not null;--> statement-breakpoint
CREATE INDEX "replay_entries_open" ON "replay_entries" USING btree ("replay_id") WHERE "replay_entries"."status" in ('waiting', 'dead');--> statement-breakpoint
ALTER TABLE "channel_paces" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
