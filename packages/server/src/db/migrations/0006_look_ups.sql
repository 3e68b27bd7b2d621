CREATE INDEX "messages_by_time" ON "messages" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "queue_items_by_time" ON "queue_items" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "sessions_by_conversation" ON "sessions" USING btree ("conversation_key","id");--> statement-breakpoint
CREATE INDEX "sessions_with_open_case" ON "sessions" USING btree ("assigned_agent_id") WHERE "sessions"."open_case_id" is not null;