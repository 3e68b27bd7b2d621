CREATE TABLE "early_receipts" (
	"conversation_key" text NOT NULL,
	"external_id" text NOT NULL,
	"status" text NOT NULL,
	"received_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "early_receipts_conversation_key_external_id_pk" PRIMARY KEY("conversation_key","external_id")
);
--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "events" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
CREATE INDEX "deliveries_by_conversation" ON "deliveries" USING btree ("conversation_key","id");