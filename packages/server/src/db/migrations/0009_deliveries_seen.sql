ALTER TABLE "deliveries" ADD COLUMN "queued_at" timestamp(3) with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
CREATE INDEX "webhook_event_logs_by_channel" ON "webhook_event_logs" USING btree ("app_id","channel","received_at");--> statement-breakpoint
CREATE INDEX "deliveries_by_session" ON "deliveries" USING btree ("session_id","id");--> statement-breakpoint
CREATE INDEX "deliveries_by_time" ON "deliveries" USING btree ("created_at");