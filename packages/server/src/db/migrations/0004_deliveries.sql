CREATE TABLE "channel_health" (
	"app_id" integer NOT NULL,
	"channel" text NOT NULL,
	"is_down" boolean DEFAULT false NOT NULL,
	"reason" text,
	"since" timestamp(3) with time zone,
	"failures" integer DEFAULT 0 NOT NULL,
	"probes" integer DEFAULT 0 NOT NULL,
	"probe_at" timestamp(3) with time zone,
	"paused_until" timestamp(3) with time zone,
	CONSTRAINT "channel_health_app_id_channel_pk" PRIMARY KEY("app_id","channel")
);
--> statement-breakpoint
CREATE TABLE "deliveries" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "deliveries_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"app_id" integer NOT NULL,
	"message_id" bigint NOT NULL,
	"session_id" bigint NOT NULL,
	"customer_id" bigint NOT NULL,
	"channel" text NOT NULL,
	"contact_id" text NOT NULL,
	"conversation_key" text NOT NULL,
	"comment" jsonb,
	"status" text DEFAULT 'queued' NOT NULL,
	"external_ids" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"doubts" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"lease_until" timestamp(3) with time zone,
	"error" text,
	"fallback_of" bigint,
	"event_id" text NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"sent_at" timestamp(3) with time zone,
	"finished_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "delivery_attempts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "delivery_attempts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"delivery_id" bigint NOT NULL,
	"part" integer NOT NULL,
	"is_repeatable" boolean NOT NULL,
	"outcome" text DEFAULT 'open' NOT NULL,
	"error" text,
	"external_id" text,
	"decision" text,
	"started_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "receipt_watermarks" (
	"conversation_key" text PRIMARY KEY NOT NULL,
	"delivered_until" timestamp(3) with time zone,
	"read_until" timestamp(3) with time zone
);
--> statement-breakpoint
ALTER TABLE "channel_health" ADD CONSTRAINT "channel_health_app_id_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_app_id_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_message_id_messages_id_fk" FOREIGN KEY ("message_id") REFERENCES "public"."messages"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "delivery_attempts" ADD CONSTRAINT "delivery_attempts_delivery_id_deliveries_id_fk" FOREIGN KEY ("delivery_id") REFERENCES "public"."deliveries"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "deliveries_once" ON "deliveries" USING btree ("message_id","conversation_key");--> statement-breakpoint
CREATE INDEX "deliveries_open" ON "deliveries" USING btree ("conversation_key","message_id") WHERE "deliveries"."status" in ('queued', 'sending');--> statement-breakpoint
CREATE INDEX "deliveries_unconfirmed" ON "deliveries" USING btree ("conversation_key") WHERE "deliveries"."status" in ('sent', 'delivered');--> statement-breakpoint
CREATE INDEX "deliveries_waiting" ON "deliveries" USING btree ("app_id","channel") WHERE "deliveries"."status" in ('queued', 'sending');--> statement-breakpoint
CREATE INDEX "delivery_attempts_by_delivery" ON "delivery_attempts" USING btree ("delivery_id","id");