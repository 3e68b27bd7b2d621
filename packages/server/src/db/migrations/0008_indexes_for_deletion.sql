CREATE INDEX CONCURRENTLY "bot_turns_by_session" ON "bot_turns" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "cases_by_session" ON "cases" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "messages_by_file" ON "messages" USING gin (("content" -> 'attachments') jsonb_path_ops) WHERE "messages"."content" ? 'attachments';--> statement-breakpoint
CREATE INDEX CONCURRENTLY "queue_items_by_session" ON "queue_items" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "queue_items_by_case" ON "queue_items" USING btree ("case_id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "sessions_over" ON "sessions" USING btree ("app_id","last_activity_at") WHERE "sessions"."status" <> 'active';--> statement-breakpoint
CREATE INDEX CONCURRENTLY "inbound_emails_by_time" ON "inbound_emails" USING btree ("received_at");
