#!/usr/bin/env bash
# A conversation in five requests: log in, find the app, start a visit, send a message, see it in the queue.
#   EMAIL=… PASSWORD=… examples/conversation.sh
set -euo pipefail
API=${API:-http://127.0.0.1:3000}

TOKEN=$(curl -sf $API/v1/agents/login -H 'content-type: application/json' \
  -d "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}" | jq -r .accessToken)
APP_KEY=$(curl -sf $API/v1/admin/apps -H "authorization: Bearer $TOKEN" | jq -r '.items[0].key')

VISITOR=$(curl -sf $API/v1/visitors -H 'content-type: application/json' -d "{\"appKey\":\"$APP_KEY\"}" | jq -r .accessToken)
curl -sf $API/v1/messages -H "authorization: Bearer $VISITOR" -H 'content-type: application/json' \
  -d '{"text":"I would like to talk to a person"}' >/dev/null

until curl -sf "$API/v1/queue-items?status=waiting" -H "authorization: Bearer $TOKEN" | jq -e '.items[0] // empty'; do sleep 0.2; done
