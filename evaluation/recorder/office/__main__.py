"""Serves the office: ``python -m evaluation.recorder.office --folder EMPTY --port N``."""

import argparse
import os
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command


def main() -> None:
    """Make a database with what the scripts find there, and serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.recorder.office")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--language", default="en")
    parser.add_argument("--signed-out", action="store_true", help="the visitor has to log in")
    arguments = parser.parse_args()
    os.environ["OFFICE_LANGUAGE"] = arguments.language
    office = "evaluation.recorder.office"
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": arguments.folder / "office.sqlite3"}},
        DEBUG=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            *("django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes"),
            *("django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles", office),
        ],
        LANGUAGE_CODE=arguments.language,
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            *(() if arguments.signed_out else (f"{office}.signed_in.signed_in",)),
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        ROOT_URLCONF=f"{office}.urls",
        SECRET_KEY="of a site that lives for a minute",  # noqa: S106 - it guards nothing
        STATIC_URL="/static/",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        TIME_ZONE="UTC",
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    from evaluation.recorder.office.contents import fill  # noqa: PLC0415 - models exist only after the set-up

    fill()
    call_command("runserver", f"127.0.0.1:{arguments.port}", use_reloader=False, verbosity=0)


if __name__ == "__main__":
    main()
