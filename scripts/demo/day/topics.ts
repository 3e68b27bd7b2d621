/** A customer's request and the conversation about it. */
export interface Topic {
  /** The skill required of the agent; the queue has the same name. */
  readonly skill: 'orders' | 'billing' | 'products';
  /** The customer's first message; `{order}` is replaced by an order number. */
  readonly question: string;
  /** The messages that follow, by the agent and the customer in turn. */
  readonly exchange: readonly string[];
  /** The agent's note for colleagues. */
  readonly note?: string;
  readonly disposition: 'resolved' | 'unresolved' | 'refunded';
  /** The customer's rating and comment. */
  readonly rating: readonly [score: number, comment?: string];
}

/** The topics that agents handle. */
export const topics: readonly Topic[] = [
  {
    skill: 'orders',
    question: 'My parcel {order} has said “in transit” since Tuesday. Can you check where it is?',
    exchange: [
      'Good morning! One moment, let me look into it.',
      'Thank you, it is a birthday present.',
      'Found it: the label was damaged, so the parcel is held at the depot. I’ve asked them to print a new one; it will go out before noon tomorrow.',
      'That’s just in time. Thanks for the quick help!',
    ],
    note: 'Carrier: held at the depot, address label damaged. New label ordered.',
    disposition: 'resolved',
    rating: [5, 'Fast and friendly.'],
  },
  {
    skill: 'orders',
    question: 'Can I change the delivery address of order {order}? I am moving on Friday.',
    exchange: [
      'Of course. What is the new address?',
      '12 Harbour Street, second floor. The name stays the same.',
      'Done. You’ll get a new confirmation by email within a minute.',
      'Got it!',
    ],
    disposition: 'resolved',
    rating: [5],
  },
  {
    skill: 'billing',
    question: 'The invoice for order {order} shows my old company name. I need a corrected one.',
    exchange: [
      'Sorry about that! Which name should be on it?',
      'Marino & Figli s.r.l. Everything else is right.',
      'Here you are: the corrected invoice is in your account, under “Documents”.',
      'Perfect, our accountant will be happy.',
    ],
    disposition: 'resolved',
    rating: [5, 'Exactly what I needed.'],
  },
  {
    skill: 'billing',
    question: 'I was charged twice for {order}!',
    exchange: [
      'I’m sorry, that shouldn’t happen. I see two payments on the 24th.',
      'Yes, 89.00 both times.',
      'The second was a failed attempt that your bank put on hold; I’ve cancelled it. It will disappear within two working days.',
      'I hope so.',
    ],
    note: 'Second authorisation voided with the payment provider.',
    disposition: 'refunded',
    rating: [3, 'Shouldn’t have happened in the first place.'],
  },
  {
    skill: 'products',
    question: 'The zip on the jacket from order {order} broke on the first day :(',
    exchange: [
      'Oh no! Could you tell me the size and colour?',
      'Medium, the green one.',
      'A new one is on its way to you today, and you can keep the old one for parts.',
      'Wow, thank you!',
    ],
    disposition: 'resolved',
    rating: [5, 'Best service I’ve had in years'],
  },
  {
    skill: 'products',
    question: 'Will the blue rucksack on my list {order} be back in stock next week?',
    exchange: [
      'Let me ask the warehouse.',
      'Please do, I need two.',
      'They expect forty on Wednesday. Shall I put two aside for you?',
      'Yes please!',
    ],
    disposition: 'resolved',
    rating: [4],
  },
  {
    skill: 'orders',
    question: 'Order {order} arrived with one shoe missing.',
    exchange: [
      'One shoe? That’s a first. I’m sorry! Shall I send you a new pair?',
      'Sure, but when does it arrive? I have a race on Sunday.',
      'By express it will arrive on Saturday, at our cost of course.',
      'Great, that works.',
    ],
    note: 'Packing station 4 again, third time this month.',
    disposition: 'resolved',
    rating: [4, 'Funny, and solved.'],
  },
  {
    skill: 'billing',
    question: 'Where is my refund for {order}? You’ve had the parcel back for ten days.',
    exchange: [
      'I understand that you want your money back. Let me check.',
      'This is the third time I’ve asked.',
      'It was refunded to a card that has since expired. I need your new bank details, but please give them to us by phone, not here.',
      'That is really inconvenient.',
    ],
    disposition: 'unresolved',
    rating: [2, 'I had to ask three times.'],
  },
  {
    skill: 'products',
    question: 'Will the tent from order {order} hold up in strong wind? We’re going to Iceland.',
    exchange: [
      'It’s made for winds of up to 80 km/h with all the pegs. For Iceland I’d add the storm set.',
      'How much is that?',
      'It’s 29.00, and I can add it to your order before it ships at four.',
      'Please add it.',
    ],
    disposition: 'resolved',
    rating: [5, 'They know what they sell!'],
  },
];

/** Questions that the bot answers on its own. */
export const botQuestions = [
  'When are you open?',
  'How much is shipping?',
  'How long do I have to return something?',
] as const;

/** The shop's bot. */
export const flow = `greeting:
  - text: "Hello {{customer.name}}! I can help with opening hours, shipping and returns. For everything else, our team is here."
    quickReplies:
      - { title: Shipping, payload: shipping }
      - { title: Returns, payload: returns }
      - { title: Talk to a person, payload: person }
intents:
  - name: hours
    keywords: [when are you open, opening hours]
    replies: ["Our team replies from 8:00 to 18:00. I never sleep."]
  - name: shipping
    keywords: [how much is shipping, shipping]
    replies: ["Shipping is 4.90, or free for orders over 60.00. It takes two to three days."]
  - name: returns
    keywords: [return something, returns]
    replies: ["You have 30 days. The return label is in the parcel."]
`;

/** The shop's canned replies. */
export const cannedReplies = [
  { shortcut: 'hello', text: 'Hello {{customer.name}}, how can I help you?' },
  { shortcut: 'moment', text: 'One moment please, I am looking into it.' },
  { shortcut: 'bye', text: 'You are welcome. Have a good day!' },
] as const;
