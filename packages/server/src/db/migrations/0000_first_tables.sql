CREATE TABLE "bot_turns" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "bot_turns_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"app_id" integer NOT NULL,
	"session_id" bigint NOT NULL,
	"event_id" text NOT NULL,
	"request" jsonb NOT NULL,
	"status" text DEFAULT 'waiting' NOT NULL,
	"lease_until" timestamp(3) with time zone,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "bot_turns_event_id_unique" UNIQUE("event_id")
);
--> statement-breakpoint
CREATE TABLE "cases" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "cases_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"app_id" integer NOT NULL,
	"session_id" bigint NOT NULL,
	"customer_id" bigint NOT NULL,
	"conversation_key" text NOT NULL,
	"status" text DEFAULT 'open' NOT NULL,
	"priority" text DEFAULT 'normal' NOT NULL,
	"subject" text,
	"assigned_agent_id" integer,
	"disposition" text,
	"closed_by" text,
	"closed_at" timestamp(3) with time zone,
	"first_reply_at" timestamp(3) with time zone,
	"last_activity_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "contact_identities" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "contact_identities_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"app_id" integer NOT NULL,
	"customer_id" bigint NOT NULL,
	"channel" text NOT NULL,
	"contact_id" text NOT NULL,
	"conversation_key" text NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "contact_identities_conversation_key_unique" UNIQUE("conversation_key")
);
--> statement-breakpoint
CREATE TABLE "csat_surveys" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "csat_surveys_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"app_id" integer NOT NULL,
	"case_id" bigint NOT NULL,
	"session_id" bigint NOT NULL,
	"customer_id" bigint NOT NULL,
	"conversation_key" text NOT NULL,
	"status" text DEFAULT 'sent' NOT NULL,
	"answer" jsonb,
	"answered_at" timestamp(3) with time zone,
	"expires_at" timestamp(3) with time zone NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "csat_surveys_case_id_unique" UNIQUE("case_id")
);
--> statement-breakpoint
CREATE TABLE "customers" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "customers_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"app_id" integer NOT NULL,
	"conversation_key" text NOT NULL,
	"external_id" text,
	"name" text,
	"email" text,
	"phone" text,
	"locale" text,
	"verified" boolean DEFAULT false NOT NULL,
	"attributes" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "messages" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "messages_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"app_id" integer NOT NULL,
	"session_id" bigint NOT NULL,
	"customer_id" bigint NOT NULL,
	"case_id" bigint,
	"conversation_key" text NOT NULL,
	"channel" text NOT NULL,
	"kind" text NOT NULL,
	"is_reply" boolean NOT NULL,
	"agent_type" text NOT NULL,
	"sender_type" text NOT NULL,
	"sender_id" bigint,
	"sender_name" text,
	"content" jsonb NOT NULL,
	"delivery_status" text NOT NULL,
	"delivery_error" text,
	"read_at" timestamp(3) with time zone,
	"external_id" text,
	"idempotency_key" text,
	"idempotency_hash" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "queue_items" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "queue_items_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"app_id" integer NOT NULL,
	"session_id" bigint NOT NULL,
	"customer_id" bigint NOT NULL,
	"case_id" bigint NOT NULL,
	"conversation_key" text NOT NULL,
	"queue" text NOT NULL,
	"status" text DEFAULT 'waiting' NOT NULL,
	"reason" text NOT NULL,
	"skills" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"priority" text DEFAULT 'normal' NOT NULL,
	"assigned_agent_id" integer,
	"assigned_at" timestamp(3) with time zone,
	"finished_at" timestamp(3) with time zone,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "sessions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"app_id" integer NOT NULL,
	"customer_id" bigint NOT NULL,
	"contact_identity_id" bigint NOT NULL,
	"conversation_key" text NOT NULL,
	"channel" text NOT NULL,
	"status" text DEFAULT 'active' NOT NULL,
	"agent_type" text DEFAULT 'bot' NOT NULL,
	"path" text DEFAULT 'bot' NOT NULL,
	"assigned_agent_id" integer,
	"open_case_id" bigint,
	"bot_state" jsonb,
	"social_context" jsonb,
	"customer_read_message_id" bigint,
	"agent_read_message_id" bigint,
	"expires_at" timestamp(3) with time zone NOT NULL,
	"last_activity_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "webhook_event_logs" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "webhook_event_logs_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"app_id" integer NOT NULL,
	"channel" text NOT NULL,
	"provider" text NOT NULL,
	"deduplication_key" text NOT NULL,
	"conversation_key" text NOT NULL,
	"payload" jsonb NOT NULL,
	"status" text DEFAULT 'received' NOT NULL,
	"note" text,
	"received_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "checkpoints" (
	"subscription" text NOT NULL,
	"partition" integer NOT NULL,
	"offset" bigint NOT NULL,
	CONSTRAINT "checkpoints_partition_subscription_pk" PRIMARY KEY("partition","subscription")
);
--> statement-breakpoint
CREATE TABLE "events" (
	"partition" integer NOT NULL,
	"offset" bigint NOT NULL,
	"id" uuid NOT NULL,
	"type" text NOT NULL,
	"version" integer NOT NULL,
	"key" text NOT NULL,
	"app_id" integer NOT NULL,
	"session_id" bigint,
	"occurred_at" timestamp(3) with time zone NOT NULL,
	"correlation_id" uuid NOT NULL,
	"causation_id" uuid,
	"traceparent" text,
	"data" jsonb NOT NULL,
	CONSTRAINT "events_partition_offset_pk" PRIMARY KEY("partition","offset")
);
--> statement-breakpoint
CREATE TABLE "handled_batches" (
	"partition" integer NOT NULL,
	"subscription" text NOT NULL,
	"last_offset" bigint NOT NULL,
	"node" uuid NOT NULL,
	"started_at" timestamp(3) with time zone NOT NULL,
	"finished_at" timestamp(3) with time zone NOT NULL,
	"offsets" bigint[] NOT NULL,
	"durations_us" integer[] NOT NULL,
	"attempt" integer DEFAULT 1 NOT NULL,
	"failures" jsonb,
	CONSTRAINT "handled_batches_partition_subscription_last_offset_attempt_pk" PRIMARY KEY("partition","subscription","last_offset","attempt")
);
--> statement-breakpoint
CREATE TABLE "log_partitions" (
	"partition" integer PRIMARY KEY NOT NULL,
	"head" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "nodes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"host" text NOT NULL,
	"pid" integer NOT NULL,
	"lock_backend_pid" integer NOT NULL,
	"started_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"heartbeat_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "parked_events" (
	"subscription" text NOT NULL,
	"partition" integer NOT NULL,
	"offset" bigint NOT NULL,
	"event_id" uuid NOT NULL,
	"type" text NOT NULL,
	"key" text NOT NULL,
	"app_id" integer NOT NULL,
	"status" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"retry_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"last_error" text,
	"failures" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"edited_data" jsonb,
	"parked_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "parked_events_partition_subscription_offset_pk" PRIMARY KEY("partition","subscription","offset")
);
--> statement-breakpoint
CREATE TABLE "subscriptions" (
	"name" text PRIMARY KEY NOT NULL,
	"status" text DEFAULT 'active' NOT NULL,
	"pause_reason" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "agent_apps" (
	"agent_id" integer NOT NULL,
	"app_id" integer NOT NULL,
	CONSTRAINT "agent_apps_agent_id_app_id_pk" PRIMARY KEY("agent_id","app_id")
);
--> statement-breakpoint
CREATE TABLE "agents" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "agents_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"email" text NOT NULL,
	"name" text NOT NULL,
	"password_hash" text NOT NULL,
	"role" text NOT NULL,
	"skills" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"capacity" integer DEFAULT 5 NOT NULL,
	"availability" text DEFAULT 'offline' NOT NULL,
	"last_assigned_at" timestamp(3) with time zone,
	"disabled_at" timestamp(3) with time zone,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "apps" (
	"id" integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (sequence name "apps_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"key" text NOT NULL,
	"secret" text NOT NULL,
	"name" text NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"settings" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "apps_key_unique" UNIQUE("key")
);
--> statement-breakpoint
CREATE TABLE "audit_entries" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "audit_entries_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"app_id" integer,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"target" text,
	"detail" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "bots" (
	"app_id" integer PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"flow" text,
	"url" text,
	"secret" text,
	"timeout_ms" integer DEFAULT 5000 NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "channels" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "channels_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"app_id" integer NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"settings" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "refresh_tokens" (
	"id" uuid PRIMARY KEY NOT NULL,
	"family" uuid NOT NULL,
	"token_hash" text NOT NULL,
	"agent_id" integer,
	"contact_identity_id" bigint,
	"expires_at" timestamp(3) with time zone NOT NULL,
	"used_at" timestamp(3) with time zone,
	"revoked_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "routing_rules" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "routing_rules_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"app_id" integer NOT NULL,
	"position" integer NOT NULL,
	"name" text NOT NULL,
	"when" text NOT NULL,
	"action" text NOT NULL,
	"queue" text,
	"priority" text,
	"skills" jsonb DEFAULT '[]'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "secrets" (
	"name" text PRIMARY KEY NOT NULL,
	"value" text NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "bot_turns" ADD CONSTRAINT "bot_turns_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cases" ADD CONSTRAINT "cases_app_id_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cases" ADD CONSTRAINT "cases_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cases" ADD CONSTRAINT "cases_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cases" ADD CONSTRAINT "cases_assigned_agent_id_agents_id_fk" FOREIGN KEY ("assigned_agent_id") REFERENCES "public"."agents"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contact_identities" ADD CONSTRAINT "contact_identities_app_id_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contact_identities" ADD CONSTRAINT "contact_identities_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "csat_surveys" ADD CONSTRAINT "csat_surveys_app_id_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "csat_surveys" ADD CONSTRAINT "csat_surveys_case_id_cases_id_fk" FOREIGN KEY ("case_id") REFERENCES "public"."cases"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customers" ADD CONSTRAINT "customers_app_id_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "queue_items" ADD CONSTRAINT "queue_items_app_id_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "queue_items" ADD CONSTRAINT "queue_items_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "queue_items" ADD CONSTRAINT "queue_items_case_id_cases_id_fk" FOREIGN KEY ("case_id") REFERENCES "public"."cases"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "queue_items" ADD CONSTRAINT "queue_items_assigned_agent_id_agents_id_fk" FOREIGN KEY ("assigned_agent_id") REFERENCES "public"."agents"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_app_id_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_contact_identity_id_contact_identities_id_fk" FOREIGN KEY ("contact_identity_id") REFERENCES "public"."contact_identities"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_assigned_agent_id_agents_id_fk" FOREIGN KEY ("assigned_agent_id") REFERENCES "public"."agents"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_event_logs" ADD CONSTRAINT "webhook_event_logs_app_id_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkpoints" ADD CONSTRAINT "checkpoints_subscription_subscriptions_name_fk" FOREIGN KEY ("subscription") REFERENCES "public"."subscriptions"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agent_apps" ADD CONSTRAINT "agent_apps_agent_id_agents_id_fk" FOREIGN KEY ("agent_id") REFERENCES "public"."agents"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agent_apps" ADD CONSTRAINT "agent_apps_app_id_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bots" ADD CONSTRAINT "bots_app_id_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "channels" ADD CONSTRAINT "channels_app_id_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refresh_tokens" ADD CONSTRAINT "refresh_tokens_agent_id_agents_id_fk" FOREIGN KEY ("agent_id") REFERENCES "public"."agents"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "routing_rules" ADD CONSTRAINT "routing_rules_app_id_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "bot_turns_waiting" ON "bot_turns" USING btree ("session_id","id") WHERE "bot_turns"."status" = 'waiting';--> statement-breakpoint
CREATE UNIQUE INDEX "cases_one_open" ON "cases" USING btree ("session_id") WHERE "cases"."status" = 'open';--> statement-breakpoint
CREATE INDEX "cases_open_by_activity" ON "cases" USING btree ("last_activity_at") WHERE "cases"."status" = 'open';--> statement-breakpoint
CREATE INDEX "cases_by_customer" ON "cases" USING btree ("customer_id");--> statement-breakpoint
CREATE INDEX "contact_identities_by_customer" ON "contact_identities" USING btree ("customer_id");--> statement-breakpoint
CREATE UNIQUE INDEX "csat_surveys_one_sent" ON "csat_surveys" USING btree ("session_id") WHERE "csat_surveys"."status" = 'sent';--> statement-breakpoint
CREATE INDEX "csat_surveys_by_customer" ON "csat_surveys" USING btree ("customer_id","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "customers_by_external_id" ON "customers" USING btree ("app_id","external_id") WHERE "customers"."external_id" is not null;--> statement-breakpoint
CREATE INDEX "messages_by_conversation" ON "messages" USING btree ("conversation_key","id");--> statement-breakpoint
CREATE INDEX "messages_by_session" ON "messages" USING btree ("session_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "messages_by_idempotency_key" ON "messages" USING btree ("conversation_key","idempotency_key") WHERE "messages"."idempotency_key" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "messages_by_external_id" ON "messages" USING btree ("conversation_key","external_id") WHERE "messages"."external_id" is not null;--> statement-breakpoint
CREATE INDEX "queue_items_waiting" ON "queue_items" USING btree ("app_id","queue","id") WHERE "queue_items"."status" = 'waiting';--> statement-breakpoint
CREATE INDEX "queue_items_assigned" ON "queue_items" USING btree ("assigned_agent_id") WHERE "queue_items"."status" = 'assigned';--> statement-breakpoint
CREATE UNIQUE INDEX "queue_items_one_live" ON "queue_items" USING btree ("session_id") WHERE "queue_items"."status" in ('waiting', 'assigned');--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_one_active" ON "sessions" USING btree ("conversation_key") WHERE "sessions"."status" = 'active';--> statement-breakpoint
CREATE INDEX "sessions_by_app" ON "sessions" USING btree ("app_id","id");--> statement-breakpoint
CREATE INDEX "sessions_by_customer" ON "sessions" USING btree ("customer_id");--> statement-breakpoint
CREATE INDEX "sessions_by_expiry" ON "sessions" USING btree ("expires_at") WHERE "sessions"."status" = 'active';--> statement-breakpoint
CREATE UNIQUE INDEX "webhook_event_logs_once" ON "webhook_event_logs" USING btree ("app_id","channel","deduplication_key");--> statement-breakpoint
CREATE UNIQUE INDEX "events_by_id" ON "events" USING btree ("id");--> statement-breakpoint
CREATE INDEX "events_by_correlation" ON "events" USING btree ("correlation_id");--> statement-breakpoint
CREATE INDEX "events_by_key" ON "events" USING btree ("key","offset");--> statement-breakpoint
CREATE INDEX "handled_batches_by_time" ON "handled_batches" USING btree ("finished_at");--> statement-breakpoint
CREATE INDEX "parked_events_by_key" ON "parked_events" USING btree ("subscription","key","offset");--> statement-breakpoint
CREATE INDEX "parked_events_waiting" ON "parked_events" USING btree ("partition","retry_at") WHERE "parked_events"."status" = 'waiting';--> statement-breakpoint
CREATE INDEX "parked_events_by_event" ON "parked_events" USING btree ("event_id");--> statement-breakpoint
CREATE UNIQUE INDEX "agents_by_email" ON "agents" USING btree (lower("email"));--> statement-breakpoint
CREATE INDEX "audit_entries_by_time" ON "audit_entries" USING btree ("at");--> statement-breakpoint
CREATE UNIQUE INDEX "channels_by_name" ON "channels" USING btree ("app_id","name");--> statement-breakpoint
CREATE INDEX "refresh_tokens_by_family" ON "refresh_tokens" USING btree ("family");--> statement-breakpoint
CREATE UNIQUE INDEX "routing_rules_by_position" ON "routing_rules" USING btree ("app_id","position");