"""One conversation: asks question after question, and prints what comes as it comes.

    chat.py ADDRESS QUESTION…

OpenAI's own client does the same: openai.OpenAI(base_url=f"{address}/v1", api_key="none").chat.completions.create(…, stream=True)
"""

import json
import sys
import urllib.error
import urllib.request


def parts(address, messages):
    """The answer's words, each as soon as it is there."""
    body = json.dumps({"model": "smol", "messages": messages, "max_tokens": 100, "stream": True}).encode()
    request = urllib.request.Request(f"{address}/v1/chat/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as answer:
        for line in answer:
            if line.startswith(b"data: {"):
                event = json.loads(line[len("data: ") :])
                if "error" in event:
                    sys.exit(f"chat.py: {event['error']['message']}")
                for choice in event["choices"]:
                    yield choice["delta"].get("content") or ""


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    address, questions = sys.argv[1], sys.argv[2:]
    messages = []
    for question in questions:
        print(f"in:  {question}")
        messages.append({"role": "user", "content": question})
        print("out: ", end="")
        words = []
        for word in parts(address, messages):
            print(word, end="", flush=True)
            words.append(word)
        print()
        # What was said is what the next question is about.
        messages.append({"role": "assistant", "content": "".join(words)})


if __name__ == "__main__":
    try:
        main()
    except urllib.error.HTTPError as error:
        sys.exit(f"chat.py: {error.read().decode(errors='replace')}")
    except OSError as error:
        sys.exit(f"chat.py: {error}")
