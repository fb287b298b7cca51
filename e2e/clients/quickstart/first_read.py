import os

from jmapc import Client, Comparator, Ref
from jmapc.methods import EmailGet, EmailQuery

client = Client.create_with_api_token(host=os.environ["HOST"], api_token=os.environ["TOKEN"])
_, read = client.request(
    [
        EmailQuery(sort=[Comparator(property="receivedAt", is_ascending=False)], limit=10),
        EmailGet(ids=Ref("/ids"), properties=["threadId", "receivedAt", "from", "subject", "preview"]),
    ]
)
for email in read.response.data:
    print(email.received_at, email.subject, email.preview)
