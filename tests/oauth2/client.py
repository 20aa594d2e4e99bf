"""Gets tokens and calls a service with them, by clients for Python as they are, and prints what came of it.

Arguments: the gateway, the path of the service, client id, client secret.
"""

import os
import sys

from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

gateway, path, client_id, secret = sys.argv[1:]
endpoint = gateway + path + "/oauth2/token"
# TLS ends in front of the gateway, as far as it knows; what the clients see of it is plain.
behind_tls = {"X-Forwarded-Proto": "https"}
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

for method in ["client_secret_basic", "client_secret_post"]:
    session = AuthlibSession(client_id, secret, scope="read", token_endpoint_auth_method=method)
    session.headers.update(behind_tls)
    token = session.fetch_token(endpoint, grant_type="client_credentials")
    print("authlib", method, token["scope"], session.get(gateway + path).status_code)

session = OAuth2Session(client=BackendApplicationClient(client_id=client_id, scope=["read"]))
token = session.fetch_token(endpoint, client_id=client_id, client_secret=secret, headers=behind_tls)
print("requests-oauthlib", *token["scope"], session.get(gateway + path).status_code)
