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
    question: 'My parcel {order} says “in transit” since Tuesday. Can you look where it is?',
    exchange: [
      'Good morning! Let me look into it, one moment.',
      'Thank you, it is a birthday present.',
      'Found it: the label was damaged and the parcel waits at the depot. I asked them to print a new one; it goes out tomorrow before noon.',
      'That is just in time. Thank you for the quick help!',
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
      '12 Harbour Street, second floor, the name is the same.',
      'Done, and you get a new confirmation by email within a minute.',
      'Got it!',
    ],
    disposition: 'resolved',
    rating: [5],
  },
  {
    skill: 'billing',
    question: 'The invoice of order {order} shows my old company name. I need a corrected one.',
    exchange: [
      'Sorry about that! Which name should be on it?',
      'Marino & Figli s.r.l., the rest is right.',
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
      'That must not happen, I am sorry. I see two payments on the 24th.',
      'Yes, 89.00 both times.',
      'The second one was a failed try that your bank reserves; I have cancelled it. It disappears within two working days.',
      'I hope so.',
    ],
    note: 'Second authorisation voided with the payment provider.',
    disposition: 'refunded',
    rating: [3, 'Should not happen in the first place.'],
  },
  {
    skill: 'products',
    question: 'The zip of the jacket from order {order} broke on the first day :(',
    exchange: [
      'Oh no! Could you tell me the size and the colour?',
      'Medium, the green one.',
      'A new one is on its way to you today, and you can keep the old one for parts.',
      'Wow, thank you!',
    ],
    disposition: 'resolved',
    rating: [5, 'Best service I had in years'],
  },
  {
    skill: 'products',
    question: 'Is the blue rucksack of list {order} back in stock next week?',
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
      'One shoe? That is a first. I am sorry! May I send you a full pair?',
      'Sure, but when does it arrive? I have a race on Sunday.',
      'With express it is there on Saturday, at our cost of course.',
      'Great, that works.',
    ],
    note: 'Packing station 4 again, third time this month.',
    disposition: 'resolved',
    rating: [4, 'Funny, and solved.'],
  },
  {
    skill: 'billing',
    question: 'Where is my refund for {order}? You have the parcel back for ten days now.',
    exchange: [
      'I understand that you want to see your money. I am looking.',
      'This is the third time that I ask.',
      'It was booked to a card that has expired since. I need your bank details, by phone, not here.',
      'That is really inconvenient.',
    ],
    disposition: 'unresolved',
    rating: [2, 'Three times the same question.'],
  },
  {
    skill: 'products',
    question: 'Does the tent of order {order} hold in strong wind? We go to Iceland.',
    exchange: [
      'It is made for up to 80 km/h with all the pegs. For Iceland I would take the storm set with it.',
      'How much is that?',
      'It is 29.00, and I can add it to your order before it leaves at four.',
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
  'How long can I return something?',
] as const;

/** The shop's bot. */
export const flow = `greeting:
  - text: "Hello {{customer.name}}! I know about opening hours, shipping and returns. For everything else, our team is here."
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
    replies: ["Shipping is 4.90, and free from 60.00. It takes two to three days."]
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
