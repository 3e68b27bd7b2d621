import { type Flow, parseFlow } from './parse-flow.ts';

/** The flow of an app that has none of its own: a beginning to copy from. */
export const defaultFlow = `# What the bot says to a new session.
greeting:
  - text: Hello! How can I help you?
    quickReplies:
      - { title: Opening hours, payload: hours }
      - { title: Leave a message, payload: message }
      - { title: Talk to a person, payload: person }

# What it understands, tried from top to bottom.
intents:
  - name: hello
    keywords: [hello, hi, hey, good morning, good evening, hallo, bonjour, hola, salam]
    replies: ["Hello {{customer.name}}! What can I do for you?"]
    goto: menu.main
  - name: hours
    keywords: [opening hours, open today, when are you open]
    patterns: ['when .*\\bopen']
    replies: ["We are here Monday to Friday, 9:00 to 17:00."]
  - name: thanks
    keywords: [thanks, thank you, danke, merci, gracias]
    replies: ["You are welcome!"]
  - name: menu
    keywords: [menu, help, options]
    goto: menu.main

menus:
  main:
    text: Choose one of these, or just write.
    choices:
      - title: Opening hours
        payload: hours
        replies: ["We are here Monday to Friday, 9:00 to 17:00."]
      - title: Leave a message
        payload: message
        goto: form.message
      - title: Talk to a person
        payload: person
        handover: true

# What it asks for, one question after another. Answers are kept with the customer.
forms:
  message:
    fields:
      - name: email
        type: email
        ask: What is your e-mail address?
        retry: That does not look like an e-mail address. Please try again.
      - name: question
        ask: And what would you like to know?
    done:
      replies: ["Thank you. Somebody will look at it and write to {{answers.email}}."]
      handover: true

# When somebody asks for a person, in any of many languages; words of your own come on top.
handover:
  words: [speak to sales]
  message: I am getting a person for you.

# When a picture, a recording or another file comes without a word.
files:
  message: Thank you, it has arrived.
  replies: ["Could you tell me in a few words what it is about?"]

# When nothing fits: said once; the second time in a row a person is called.
fallback:
  replies: ["Sorry, I did not understand that. Could you put it another way?"]
  after: 2
`;

/** The same, parsed. */
export const defaultParsedFlow: Flow = parseFlow(defaultFlow);
