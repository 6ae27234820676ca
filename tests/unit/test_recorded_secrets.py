"""Secrets in the words of a recording are hidden, and what only looks like one stays.

The keys are made up. They have the form that their provider documents, and are put together here so that no scanner of
this repository takes them for real ones.
"""

import time
from itertools import pairwise

import pytest

from runops.recorded_secrets.mask import markers_in, mask

_LETTERS = "aB3dE5gH7jK9mN2pQ4sT6vW8yZ1cF0iL"


def body(length: int, *, alphabet: str = _LETTERS) -> str:
    return (alphabet * (length // len(alphabet) + 1))[:length]


HEX = "0123456789abcdef"

SECRETS = {
    "a short bearer token": ("Authorization: Bearer mF_9.B5f-4.1JqM", "Authorization: Bearer [token hidden]"),
    "a cookie": ("Set-Cookie: sid=abcdef0123456789; Path=/", "Set-Cookie: sid=[token hidden]; Path=/"),
    "a session": ("JSESSIONID=ABCDEF0123456789", "JSESSIONID=[token hidden]"),
    "a first option": ("--password foo", "--password [password hidden]"),
    "SQL": ("CREATE USER a IDENTIFIED BY 'foo'", "CREATE USER a IDENTIFIED BY '[password hidden]'"),
    "SQL with a plugin": ("identified by password 'foo'", "identified by password '[password hidden]'"),
    "net user": ("net user bob Foo! /add", "net user bob [password hidden] /add"),
    "htpasswd": ("htpasswd -b file bob foo", "htpasswd -b file bob [password hidden]"),
    "XML": ("<password>foo bar</password>", "<password>[password hidden]</password>"),
    "PuTTY": (
        "Private-Lines: 2\nAAAABBBBCCCCDDDDEEEE\nFFFFGGGGHHHHIIII==\nPrivate-MAC",
        "Private-Lines: 2[private key hidden]\nPrivate-MAC",
    ),
    # Passwords
    "said": ("the password is hunter2", "the password is [password hidden]"),
    "said, with more after it": (
        "My password is Winter2024! and then I log in.",
        "My password is [password hidden] and then I log in.",
    ),
    "said, short": ("and the password's swordfish", "and the password's [password hidden]"),
    "said, for somebody": (
        "the password for the admin account is Tr0ub4dor&3.",
        "the password for the admin account is [password hidden].",
    ),
    "said, several words": ("the password is correct horse battery staple", "the password is [password hidden]"),
    "said, spelled": (
        "the password is capital H u n t e r two, okay?",
        "the password is [password hidden], okay?",
    ),
    "said after a filler": ("the password is just hunter2", "the password is just [password hidden]"),
    "said in German": ("Das Passwort ist Sommer2024", "Das Passwort ist [password hidden]"),
    "said in German, lautet": ("das Kennwort lautet Sommer2024.", "das Kennwort lautet [password hidden]."),
    "said in French": ("le mot de passe est Soleil75", "le mot de passe est [password hidden]"),
    "said in Spanish": ("la contraseña es Verano2023", "la contraseña es [password hidden]"),
    "changed": (
        "the admin password was changed to Tiger-42-blue yesterday",
        "the admin password was changed to [password hidden] yesterday",
    ),
    "an order to change": ("change the password to Winter2024!", "change the password to [password hidden]"),
    "shown with a colon": ("Username: anna Password: hunter2", "Username: anna Password: [password hidden]"),
    "shown in quotes": ('Password = "correct horse battery staple"', 'Password = "[password hidden]"'),
    "shown by a field": (
        "The password field shows 'hunter2' in plain text",
        "The password field shows '[password hidden]' in plain text",
    ),
    "typed, in quotes": ('types the password "letmein"', 'types the password "[password hidden]"'),
    "a variable": ("DB_PASSWORD=s3cr3t-db", "DB_PASSWORD=[password hidden]"),
    "an abbreviation": ("Server=db;Uid=sa;Pwd=abc;", "Server=db;Uid=sa;Pwd=[password hidden];"),
    "pass": ("user: anna pass: hunter2", "user: anna pass: [password hidden]"),
    "PostgreSQL": (
        "postgres://app:Sup3rS3cret@db.internal:5432/orders",
        "postgres://app:[password hidden]@db.internal:5432/orders",
    ),
    "MongoDB, a password with @": (
        "mongodb+srv://root:p@ss@cluster0.mongodb.net",
        "mongodb+srv://root:[password hidden]@cluster0.mongodb.net",
    ),
    "Redis without user": ("redis://:hunter2@cache:6379", "redis://:[password hidden]@cache:6379"),
    "curl -u": (
        "curl -u anna:hunter2 https://api.example.com",
        "curl -u anna:[password hidden] https://api.example.com",
    ),
    "mysql -p": ("mysql -u root -pS3cret orders", "mysql -u root -p[password hidden] orders"),
    "sshpass": ("sshpass -p 'x9!k' ssh root@host", "sshpass -p [password hidden] ssh root@host"),
    "an option": ("docker login --password hunter2 hub", "docker login --password [password hidden] hub"),
    # PINs and codes
    "PIN": ("the PIN is 4711", "the PIN is [PIN hidden]"),
    "PIN in words": ("the pin is four seven one one", "the pin is [PIN hidden]"),
    "PIN with a colon": ("PIN: 4711", "PIN: [PIN hidden]"),
    "CVV": ("CVV: 123", "CVV: [card code hidden]"),
    "CVC, said": ("and the cvc is one two three", "and the cvc is [card code hidden]"),
    "one-time code": ("the verification code is 482 913", "the verification code is [code hidden]"),
    "one-time code, first": (
        "G-482913 is your Google verification code",
        "[code hidden] is your Google verification code",
    ),
    "OTP": ("OTP: 123456", "OTP: [code hidden]"),
    "recovery codes": ("Recovery codes: 1a2b3-c4d5e f6g7h-i8j9k", "Recovery codes: [code hidden]"),
    "seed phrase": (
        "seed phrase: abandon ability able about above absent absorb abstract absurd abuse access accident",
        "seed phrase: [key hidden]",
    ),
    # Cards
    "Visa": ("card 4242 4242 4242 4242 exp 12/28", "card [card number hidden] exp 12/28"),
    "Visa with dashes": ("4111-1111-1111-1111", "[card number hidden]"),
    "Mastercard": ("number:5555555555554444", "number:[card number hidden]"),
    "American Express": ("3782 822463 10005", "[card number hidden]"),
    "Discover": ("6011111111111117", "[card number hidden]"),
    "JCB": ("3530111333300000", "[card number hidden]"),
    "Diners Club": ("30569309025904", "[card number hidden]"),
    "behind another number": ("row 17 4242 4242 4242 4242", "row 17 [card number hidden]"),
    "digit by digit": ("4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2", "[card number hidden]"),
    "in words": ("it's " + "four two " * 7 + "four two, okay", "it's [card number hidden], okay"),
    # Keys and tokens
    "GitHub": (f"ghp_{body(36)}", "[token hidden]"),
    "GitHub, fine-grained": (f"github_pat_{body(22)}_{body(59)}", "[token hidden]"),
    "GitLab": (f"glpat-{body(20)}", "[token hidden]"),
    "Slack": (f"xoxb-{body(12, alphabet='1234567890')}-{body(24)}", "[token hidden]"),
    "Slack webhook": (
        f"https://hooks.slack.com/services/T{body(8)}/B{body(8)}/{body(24)}",
        "https://hooks.slack.com/services/[token hidden]",
    ),
    "AWS": (f"AKIA{body(16, alphabet='ABCDEFGHIJKLMNOP')}", "[key hidden]"),
    "AWS secret": (f"aws_secret_access_key = {body(40)}", "aws_secret_access_key = [key hidden]"),
    "Google": (f"AIza{body(35)}", "[key hidden]"),
    "Google OAuth": (f"ya29.{body(40)}", "[token hidden]"),
    "Stripe": (f"sk_live_{body(24)}", "[key hidden]"),
    "OpenAI": (f"sk-proj-{body(74)}", "[key hidden]"),
    "Anthropic": (f"sk-ant-api03-{body(93)}AA", "[key hidden]"),
    "Supabase": (f"sb_secret_{body(31)}", "[key hidden]"),
    "npm": (f"npm_{body(36)}", "[token hidden]"),
    "PyPI": (f"pypi-AgEIcHlwaS5vcmc{body(60)}", "[token hidden]"),
    "SendGrid": (f"SG.{body(22)}.{body(43)}", "[key hidden]"),
    "Twilio": (f"SK{body(32, alphabet=HEX)}", "[key hidden]"),
    "Hugging Face": (f"hf_{body(34)}", "[token hidden]"),
    "Shopify": (f"shpat_{body(32, alphabet=HEX)}", "[token hidden]"),
    "DigitalOcean": (f"dop_v1_{body(64, alphabet=HEX)}", "[token hidden]"),
    "Databricks": (f"dapi{body(32, alphabet=HEX)}", "[token hidden]"),
    "Vault": (f"hvs.{body(90)}", "[token hidden]"),
    "JSON Web Token": (f"eyJ{body(30)}.eyJ{body(60)}.{body(43)}", "[token hidden]"),
    "bearer header": (f"Authorization: Bearer {body(32)}", "Authorization: Bearer [token hidden]"),
    "basic header": ("Authorization: Basic YW5uYTpodW50ZXIy", "Authorization: Basic [token hidden]"),
    "in an address": (
        f"https://x.example/f?access_token={body(20)}&page=2",
        "https://x.example/f?access_token=[token hidden]&page=2",
    ),
    "Azure connection string": (
        "AccountName=a;AccountKey=Zm9vYmFyYmF6cXV4==;EndpointSuffix=core.windows.net",
        "AccountName=a;AccountKey=[key hidden];EndpointSuffix=core.windows.net",
    ),
    "an API key by its name": ("api key: 9f8e7d6c5b4a39281706", "api key: [key hidden]"),
    "a secret variable": ("JWT_SECRET=changeme", "JWT_SECRET=[key hidden]"),
    "private key": (
        f"-----BEGIN RSA PRIVATE KEY-----\n{body(64)}\n{body(40)}\n-----END RSA PRIVATE KEY-----\n$",
        "[private key hidden]\n$",
    ),
    "private key, cut off": (f"-----BEGIN OPENSSH PRIVATE KEY----- {body(64)}", "[private key hidden]"),
    "age": (f"AGE-SECRET-KEY-1{body(58, alphabet='QPZRY9X8GF2TVDW0')}", "[private key hidden]"),
}

LOOK_ALIKES = [
    *("Cookie: accepted", "cookie: yes=1", "sid=1", "net user bob /delete", "net user", "identified by the number"),
    *("<password></password>", "<password>${PASSWORD}</password>", "htpasswd -c file bob", "Private-Lines: 14"),
    "the password is required",
    "the password is wrong, try again",
    "the password is correct now",
    "The password is stored in the vault",
    "the password is the same as before",
    "the password is sent by e-mail",
    "das Passwort ist falsch",
    "Enter your password",
    "Forgot password?",
    "Password: required",
    "Password must be at least 12 characters",
    "password reset e-mail was sent to anna@example.com",
    'clicks the password field labelled "Password"',
    "PASSWORD_MIN_LENGTH=12",
    "DB_PASSWORD_FILE=/run/secrets/db",
    "password: ********",
    "Password: ••••••••",
    "password: ${DB_PASSWORD}",
    "password: {password}",
    "password: <your password>",
    "hash the password with SHA256",
    "passwordless: true",
    "the secret: patience",
    "Tests pass: 12",
    "PASS: all tests",
    "order number 4711081500001234",
    "order 4242 4242 4242 4241",
    "IBAN DE89 3704 0044 0532 0130 00",
    "GB29NWBK60161331926819",
    f"commit {body(40, alphabet=HEX)}",
    f"sha256:{body(64, alphabet=HEX)}",
    "6f1c7d0a-54a5-4f6c-9d70-8a2b5d1e4b11",
    "41111111-1111-1111-4111-111111111111",
    "+49 170 1234567",
    "call 0800 123 4567 8901",
    "2024-11-29 10:30:15",
    "20241129103015123",
    "0.4242424242424242",
    "invoice INV-2024-000117",
    "error code 404",
    "zip code 12345",
    "country code: 49",
    "promo code SAVE20",
    "the code is in the repository",
    "security code of conduct",
    "set pin 13 to high",
    "Pin the tab",
    "token: 5",
    "max_tokens=32768",
    "Access token expires in 3600 seconds",
    "API key: Create a new key",
    "a bearer of good news",
    "basic configuration instructions",
    "https://example.com:8080/users/a@b.com",
    "git@github.com:owner/repository.git",
    "docker run -u 1000:1000 nginx",
    f"sb_publishable_{body(31)}",
    f"AC{body(32, alphabet=HEX)}",
    "npm_config_registry",
    "the sk-learn package",
    "IMEI 353918052345678",
    "ISBN 978-3-16-148410-0",
    "EAN 4006381333931",
    "tracking number 1Z999AA10123456784",
    "-----BEGIN CERTIFICATE----- MIIB",
    "the key is under the mat",
]


@pytest.mark.parametrize(("text", "expected"), SECRETS.values(), ids=SECRETS)
def test_a_secret_is_hidden_once_and_what_is_around_it_stays(text: str, expected: str) -> None:
    masked = mask(text)
    assert masked.text == expected
    assert masked.count == markers_in(expected) == 1
    assert mask(expected).text == expected


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert mask(text).text == text


def test_the_tables_are_as_long_as_promised() -> None:
    assert len(SECRETS) >= 40
    assert len(LOOK_ALIKES) >= 40


def test_several_secrets_in_one_text_are_counted() -> None:
    masked = mask("the PIN is 4711, the password is hunter2 and the card is 4242 4242 4242 4242.")
    assert (
        masked.text
        == "the PIN is [PIN hidden], the password is [password hidden] and the card is [card number hidden]."
    )
    assert masked.count == 3


_PRIVATE_KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{body(64)}\n{body(40)}\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize("between", ["", "\n", " and "])
def test_each_of_two_private_keys_is_hidden_to_its_end(between: str) -> None:
    masked = mask(f"{_PRIVATE_KEY}{between}{_PRIVATE_KEY}\n$")
    assert masked.text == f"[private key hidden]{between}[private key hidden]\n$"
    assert masked.count == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"[token hidden]ghp_{body(36)}", "[token hidden][token hidden]"),
        (f"ghp_{body(36)}[token hidden]", "[token hidden][token hidden]"),
        (
            "the PIN is [PIN hidden], the password is hunter2, the code is [code hidden]",
            "the PIN is [PIN hidden], the password is [password hidden], the code is [code hidden]",
        ),
    ],
)
def test_what_was_hidden_before_hides_nothing_beside_it(text: str, expected: str) -> None:
    masked = mask(text)
    assert (masked.text, masked.count) == (expected, 1)


def test_secrets_are_not_in_the_representation() -> None:
    assert "hunter2" not in repr(mask("the password is hunter2"))


HOSTILE = {
    "digits": "4",
    "separate digits": "4 ",
    "digits with dashes": "4-",
    "names": "password",
    "assignments": "password=",
    "announcements": "the password is ",
    "quotes": 'password="',
    "dashes": "eyJ-",
    "dots": "eyJa.",
    "heads of keys": "-----BEGIN PRIVATE KEY-----",
    "addresses": "a://b:",
    "commands": "curl -u ",
    "codes": "recovery codes 1a2b3c4d ",
    "number words": "one ",
    "base64": "ABSK/",
    "spaces after a name": "password" + " " * 1000,
    "hexadecimal": "0123456789abcdef",
    "groups with points": "4242.",
    "groups with dashes between spaces": "4242 - ",
    "words with digits": "a1aaaa ",
    "one word with digits": "a1",
    "what is entered": "enter a1aaaa in the ",
    "lines of a key": "Private-Lines: 1 AAAAAAAAAAAAAAAAAAAA ",
    "tens": "forty one ",
    "statements": "net user a ",
    "cookies": "cookie: a=",
    "tags": "<password>",
    "letters": "a",
}


@pytest.mark.slow("28 texts of 200,000 characters each, made to take long")
@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE)
def test_the_time_grows_with_the_length_and_no_faster(unit: str) -> None:
    seconds = []
    for length in (25_000, 200_000):
        text = (unit * (length // len(unit) + 1))[:length]
        begin = time.process_time()
        mask(text)
        seconds.append(time.process_time() - begin)
    assert all(later < 8 * 4 * max(earlier, 0.01) for earlier, later in pairwise(seconds))
