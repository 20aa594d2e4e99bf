"""Calls a service as a program that uses OpenAI's client does, and prints what it was answered.

Arguments: where the service is, a key.
"""

import sys

import openai

base_url, key = sys.argv[1:]
client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=20)
try:
    said = client.chat.completions.create(model="echo", messages=[{"role": "user", "content": "Hello"}])
    print("said", said.choices[0].message.content)
    stream = client.chat.completions.create(
        model="echo", messages=[{"role": "user", "content": "Hello"}], stream=True
    )
    print("streamed", "".join(part.choices[0].delta.content for part in stream))
except openai.APIStatusError as error:
    print("refused", error.status_code, error.body["message"])
