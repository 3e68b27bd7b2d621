CREATE TABLE "inbound_mails" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "inbound_mails_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"app_id" integer NOT NULL,
	"channel" text NOT NULL,
	"source" text NOT NULL,
	"deduplication_key" text NOT NULL,
	"sender" text NOT NULL,
	"recipient" text NOT NULL,
	"message_id" text,
	"raw" "bytea" NOT NULL,
	"size_bytes" integer NOT NULL,
	"status" text DEFAULT 'received' NOT NULL,
	"note" text,
	"conversation_key" text,
	"received_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mailbox_cursors" (
	"app_id" integer NOT NULL,
	"channel" text NOT NULL,
	"mailbox" text NOT NULL,
	"uid_validity" text NOT NULL,
	"last_uid" bigint NOT NULL,
	"read_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "mailbox_cursors_app_id_channel_mailbox_pk" PRIMARY KEY("app_id","channel","mailbox")
);
--> statement-breakpoint
ALTER TABLE "inbound_mails" ADD CONSTRAINT "inbound_mails_app_id_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mailbox_cursors" ADD CONSTRAINT "mailbox_cursors_app_id_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "inbound_mails_once" ON "inbound_mails" USING btree ("app_id","channel","deduplication_key");--> statement-breakpoint
CREATE INDEX "inbound_mails_waiting" ON "inbound_mails" USING btree ("app_id","channel","sender","id") WHERE "inbound_mails"."status" = 'received';--> statement-breakpoint
CREATE INDEX "inbound_mails_by_message_id" ON "inbound_mails" USING btree ("app_id","message_id");--> statement-breakpoint
CREATE INDEX "inbound_mails_by_sender" ON "inbound_mails" USING btree ("app_id","channel","sender","received_at");