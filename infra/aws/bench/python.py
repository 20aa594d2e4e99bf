"""What one would write for Python to do the same: key from header or query, HMAC-SHA-256, GetItem
behind a cache in memory, strip, identity headers, proxy. Payload format 2.0."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import time
from urllib.parse import unquote

import boto3
import urllib3

NAME = "apikey"
CACHE_S = 5
CACHE_MAX = 10_000
REMOVED = {
    NAME,
    "host",
    "content-length",
    "connection",
    "x-consumer-id",
    "x-consumer-username",
    "x-consumer-custom-id",
    "x-credential-identifier",
    "x-anonymous-consumer",
}
PEPPER = os.environ["PEPPER"].encode()
TABLE = os.environ["TABLE"]
UPSTREAM = f"http://{os.environ['UPSTREAM_HOST']}:{os.environ['UPSTREAM_PORT']}"

dynamodb = boto3.client("dynamodb")
upstream = urllib3.PoolManager(retries=False)
cache = {}


def handler(event):
    query = [part for part in event["rawQueryString"].split("&") if part]
    in_query = next((part for part in query if part.startswith(f"{NAME}=")), None)
    key = event["headers"].get(NAME) or (in_query and unquote(in_query[len(NAME) + 1 :]))
    if not key:
        return refuse("No API key found in request")
    grant = grant_of(hmac.new(PEPPER, key.encode(), hashlib.sha256).hexdigest())
    if grant is None:
        return refuse("Unauthorized")

    headers = {name: value for name, value in event["headers"].items() if name not in REMOVED}
    if "cookies" in event:
        headers["cookie"] = "; ".join(event["cookies"])
    headers["x-consumer-id"] = grant["consumer_id"]["S"]
    headers["x-consumer-username"] = grant["username"]["S"]
    headers["x-credential-identifier"] = grant["credential_id"]["S"]
    headers["x-forwarded-host"] = event["headers"]["host"]
    left = "&".join(part for part in query if not part.startswith(f"{NAME}="))
    path = event["rawPath"] + (f"?{left}" if left else "")
    body = event.get("body")
    if body is not None:
        body = base64.b64decode(body) if event["isBase64Encoded"] else body.encode()
    method = event["requestContext"]["http"]["method"]
    answer = upstream.request(method, UPSTREAM + path, headers=headers, body=body, redirect=False)
    fields = {name.lower(): value for name, value in answer.headers.items()}
    fields.pop("connection", None)
    fields.pop("transfer-encoding", None)
    cookies = answer.headers.getlist("set-cookie")
    fields.pop("set-cookie", None)
    is_text = fields.get("content-type", "").startswith(("text/", "application/json"))
    text = answer.data.decode() if is_text else base64.b64encode(answer.data).decode()
    return {
        "statusCode": answer.status,
        "headers": fields,
        "cookies": cookies,
        "body": text,
        "isBase64Encoded": not is_text,
    }


def grant_of(digest):
    known = cache.get(digest)
    if known and known[1] > time.monotonic():
        return known[0]
    key = {"pk": {"S": f"grant/{digest}"}, "sk": {"S": "-"}}
    grant = dynamodb.get_item(TableName=TABLE, Key=key).get("Item")
    if len(cache) >= CACHE_MAX:
        del cache[next(iter(cache))]
    cache[digest] = (grant, time.monotonic() + CACHE_S)
    return grant


def refuse(message):
    headers = {"content-type": "application/json", "www-authenticate": "Key"}
    return {"statusCode": 401, "headers": headers, "body": json.dumps({"message": message}), "isBase64Encoded": False}


def main():
    """The platform's own runtime client does this, and more: without it Python starts faster."""
    runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

    def call(method, path, body=None):
        runtime.request(method, f"/2018-06-01/runtime/{path}", body)
        answer = runtime.getresponse()
        return answer.headers, answer.read()

    while True:
        headers, body = call("GET", "invocation/next")
        invocation = headers["lambda-runtime-aws-request-id"]
        try:
            call("POST", f"invocation/{invocation}/response", json.dumps(handler(json.loads(body))))
        except Exception as error:
            call("POST", f"invocation/{invocation}/error", json.dumps({"errorMessage": str(error)}))


if __name__ == "__main__":
    main()
