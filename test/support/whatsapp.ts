let numbers = 0;

/** A WhatsApp webhook body for one of our numbers. */
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

/** A webhook body with a customer's message. */
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

/** A webhook body with the status of a message of ours. */
export function whatsappStatus(to: string, status: Readonly<Record<string, unknown>>) {
  return { statuses: [{ timestamp: String(++numbers), recipient_id: to, ...status }] };
}
