let numbers = 0;

/** A webhook body of WhatsApp, for one of our numbers. */
export function whatsappBody(value: object, number = '700') {
  return {
    object: 'whatsapp_business_account',
    entry: [
      {
        id: 'WABA',
        changes: [{ field: 'messages', value: { metadata: { phone_number_id: number }, ...value } }],
      },
    ],
  };
}

/** A customer's message in such a body. */
export function whatsappText(from: string, text: string, more: object = {}) {
  return {
    contacts: [{ profile: { name: 'Ada' }, wa_id: from }],
    messages: [
      {
        from,
        id: `wamid.in.${++numbers}`,
        timestamp: String(Math.floor(Date.now() / 1000)),
        type: 'text',
        text: { body: text },
        ...more,
      },
    ],
  };
}

/** What such a body says of how far a message of ours has come. */
export function whatsappStatus(to: string, status: Readonly<Record<string, unknown>>) {
  return { statuses: [{ timestamp: String(++numbers), recipient_id: to, ...status }] };
}
