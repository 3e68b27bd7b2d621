import { type BotFlow, parseFlow } from './parse-flow.ts';

/** The flow of an app without its own: a starting point to copy. */
export const defaultFlow = `# The greeting of a new session.
greeting:
  - text: Hello! How can I help you?
    quickReplies:
      - { title: Opening hours, payload: hours }
      - { title: Leave a message, payload: message }
      - { title: Talk to a person, payload: person }

# What the bot understands. The first match from the top wins.
intents:
  - name: hello
    keywords: [hello, hi, hey, good morning, good evening, hallo, bonjour, hola, salam]
    replies: ["Hello {{customer.name}}! How can I help?"]
    goto: menu.main
  - name: hours
    keywords: [opening hours, open today, when are you open]
    patterns: ['when .*\\bopen']
    replies: ["Our team is available Monday to Friday, 9:00 to 17:00."]
  - name: thanks
    keywords: [thanks, thank you, danke, merci, gracias]
    replies: ["You’re welcome!"]
  - name: menu
    keywords: [menu, help, options]
    goto: menu.main

menus:
  main:
    text: Choose an option, or just type your question.
    choices:
      - title: Opening hours
        payload: hours
        replies: ["Our team is available Monday to Friday, 9:00 to 17:00."]
      - title: Leave a message
        payload: message
        goto: form.message
      - title: Talk to a person
        payload: person
        handover: true

# Forms ask one question after another. Answers are stored with the customer.
forms:
  message:
    fields:
      - name: email
        type: email
        ask: What is your email address?
        retry: That doesn’t look like an email address. Please try again.
      - name: question
        ask: What is your question?
    done:
      replies: ["Thank you. We’ll reply to {{answers.email}}."]
      handover: true

# When a customer asks for an agent, in any of many languages. Add your own words here.
handover:
  words: [speak to sales]
  message: I’m connecting you with our team.

# When a customer sends an image, a recording or another file without text.
files:
  message: Thanks, we’ve received your file.
  replies: ["Could you tell me briefly what it’s about?"]

# When nothing matches. The second time in a row, the bot hands over to an agent.
fallback:
  replies: ["Sorry, I didn’t understand that. Could you rephrase it?"]
  after: 2
`;

/** The default flow, parsed. */
export const defaultParsedFlow: BotFlow = parseFlow(defaultFlow);
