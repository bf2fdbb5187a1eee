"""What schemathesis cannot know: ids of things that are there, and a repository that can be reached.

Values that the OpenAPI file allows are replaced by such ones; those that it forbids stay as they are.
"""

import json
import os
import re
import urllib.request

import schemathesis

URL, RUN, REPO, SESSION = (os.environ[f"CONTRACT_{name}"] for name in ("URL", "RUN", "REPO", "SESSION"))
RUN_ID = re.compile(r"run-[0-9a-f]{32}")
URL_LIKE = re.compile(r"https?://")
ACCOUNT = {"email": "a@example.com", "password": "TestPass123"}


def new_session() -> str:
    request = urllib.request.Request(
        f"{URL}/api/v1/auth/login", json.dumps(ACCOUNT).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)["access_token"]


@schemathesis.deserializer("application/x-tar")
def tar(context, response):
    return response.content.decode("latin-1")


@schemathesis.auth(refresh_interval=None)
class Session:
    """One session for all but logout: ending it would make every later answer a 401."""

    def get(self, case, context):
        return f"Bearer {new_session()}" if case.operation.path == "/api/v1/auth/logout" else SESSION

    def set(self, case, session, context):
        case.headers["Authorization"] = session


@schemathesis.hook
def before_call(context, case, kwargs):
    path, parameters = case.operation.path, case.path_parameters
    if path.startswith("/api/v1/runs/{id}") and RUN_ID.fullmatch(str(parameters.get("id"))):
        parameters["id"] = RUN
    if isinstance(parameters.get("variation"), int) and parameters["variation"] > 2:
        parameters["variation"] %= 3
    if path == "/api/v1/runs" and isinstance(case.body, dict) and isinstance(case.body.get("github_url"), str):
        case.body["github_url"] = REPO
        case.body.pop("ref", None) if isinstance(case.body.get("ref"), str) else None
    if path == "/api/v1/repos/check" and URL_LIKE.match(str(case.query.get("url"))):
        case.query["url"] = REPO
        case.query.pop("ref", None)
