CREATE TABLE "replay_entries" (
	"replay_id" bigint NOT NULL,
	"subscription" text NOT NULL,
	"partition" integer NOT NULL,
	"offset" bigint NOT NULL,
	"event_id" uuid NOT NULL,
	"key" text NOT NULL,
	"status" text DEFAULT 'waiting' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"retry_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"failures" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"finished_at" timestamp(3) with time zone,
	CONSTRAINT "replay_entries_replay_id_partition_subscription_offset_pk" PRIMARY KEY("replay_id","partition","subscription","offset")
);
--> statement-breakpoint
CREATE TABLE "replays" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"actor" text NOT NULL,
	"listeners" text[] NOT NULL,
	"filter" jsonb NOT NULL,
	"idempotency_key" text,
	"request_hash" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"cancelled_at" timestamp(3) with time zone,
	CONSTRAINT "replays_idempotency_key_unique" UNIQUE("idempotency_key")
);
--> statement-breakpoint
ALTER TABLE "replay_entries" ADD CONSTRAINT "replay_entries_replay_id_replays_id_fk" FOREIGN KEY ("replay_id") REFERENCES "public"."replays"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "replay_entries_waiting" ON "replay_entries" USING btree ("partition","subscription","key","replay_id","offset") WHERE "replay_entries"."status" = 'waiting';