CREATE INDEX CONCURRENTLY "contact_identities_by_app" ON "contact_identities" USING btree ("app_id","customer_id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "customers_by_app" ON "customers" USING btree ("app_id","id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "webhook_event_logs_unhandled" ON "webhook_event_logs" USING btree ("id") WHERE "webhook_event_logs"."status" <> 'handled';--> statement-breakpoint
CREATE INDEX CONCURRENTLY "deliveries_doubtful" ON "deliveries" USING btree ("id") WHERE "deliveries"."doubts" > 0;--> statement-breakpoint
CREATE INDEX CONCURRENTLY "deliveries_failed" ON "deliveries" USING btree ("id") WHERE "deliveries"."status" = 'failed';--> statement-breakpoint
CREATE INDEX CONCURRENTLY "inbound_emails_by_channel" ON "inbound_emails" USING btree ("app_id","channel","received_at");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "inbound_emails_unhandled" ON "inbound_emails" USING btree ("id") WHERE "inbound_emails"."status" <> 'handled';