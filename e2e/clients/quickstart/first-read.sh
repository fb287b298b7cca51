# The session: which account this token opens.
account=$(curl -sSf -L --location-trusted -H "Authorization: Bearer $TOKEN" "https://$HOST/.well-known/jmap" |
  sed -n 's/.*"urn:ietf:params:jmap:mail":"\([^"]*\)".*/\1/p')

# The ten newest messages, found and read in one request.
curl -sSf -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "https://$HOST/jmap" -d '{
  "using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
  "methodCalls": [
    ["Email/query", {"accountId": "'"$account"'", "sort": [{"property": "receivedAt", "isAscending": false}], "limit": 10}, "q"],
    ["Email/get", {"accountId": "'"$account"'", "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"},
                   "properties": ["threadId", "receivedAt", "from", "subject", "preview"]}, "g"]]}'
