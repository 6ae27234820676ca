"""What the text itself names as a secret: where it begins and ends, and what only follows such a name."""

import pytest

from runops.recorded_secrets.mask import mask
from runops.recorded_secrets.named_values import is_announced_at_end, said_value
from runops.recorded_secrets.span import Span

PASSWORD, KEY, CODE = "[password hidden]", "[key hidden]", "[code hidden]"
_LONG = "b" * 199


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Signs within a password belong to it, those of the sentence behind it do not.
        ("the password is hunter.2 okay", f"the password is {PASSWORD} okay"),
        ("the password is ab.cd:12, okay", f"the password is {PASSWORD}, okay"),
        ("the password is |hunter2|", f"the password is {PASSWORD}"),
        # If the first word is not a dictionary word, only further parts of its spelling belong to it.
        ("the password is h4 capital x dash two and then", f"the password is {PASSWORD} and then"),
        ("the password is h4 'dash' x now go", f"the password is {PASSWORD} now go"),
        ("the password is tiger and press", f"the password is {PASSWORD} and press"),
        ("the password is tiger\nlily pond", f"the password is {PASSWORD}\nlily pond"),
        ("the password is (tiger) lily pond", f"the password is {PASSWORD}"),
        ("the password is X ray yankee zulu", f"the password is {PASSWORD}"),
        ('the password was changed to "swordfish" today', f'the password was changed to "{PASSWORD}" today'),
        # With a sign of assignment.
        ("Password: hunter2.", f"Password: {PASSWORD}."),
        ("密码：hunter2.", f"密码：{PASSWORD}."),  # noqa: RUF001
        ("the password hunter2.", f"the password {PASSWORD}."),
        ("Password: NoneX", f"Password: {PASSWORD}"),
        ("DB_PASSWORD=abc1.", f"DB_PASSWORD={PASSWORD}"),
        ("DB_PASSWORD=abcX;", f"DB_PASSWORD={PASSWORD};"),
        # Quoted.
        ('Password = "abc1" user = "anna"', f'Password = "{PASSWORD}" user = "anna"'),
        ('Password: "7"', f'Password: "{PASSWORD}"'),
        (f'Password: "{_LONG}"', f'Password: "{PASSWORD}"'),
        # Codes.
        ("the verification code is four eight two nine", f"the verification code is {CODE}"),
        ("the verification code is 4 8 2 9 1 3", f"the verification code is {CODE}"),
        ("recovery codes: 1a2b3c, 4d5e6f and 7g8h9i", f"recovery codes: {CODE}"),
        # Keys.
        ("api key: ab12cd34", f"api key: {KEY}"),
        ("api key ab12cd34", f"api key {KEY}"),
        ("the api key is ab12cd34ef.", f"the api key is {KEY}."),
        ("API_KEY=changeme", f"API_KEY={KEY}"),
        ("API_KEY=abc.", f"API_KEY={KEY}"),
        ("SECRET=required", f"SECRET={KEY}"),
        ("token: ab12cd34", f"token: {KEY}"),
        # In other languages, and for somebody.
        ("パスワードは Neko1234! です", f"パスワードは {PASSWORD} です"),
        ("密码是Mao12345。", f"密码是{PASSWORD}。"),
        ("Password for anna: hunter2", f"Password for anna: {PASSWORD}"),
        ("Passwort (Test): Geheim123", f"Passwort (Test): {PASSWORD}"),
        ("passphrase: correct horse battery staple", f"passphrase: {PASSWORD}"),
        ("Your code is 482913", f"Your code is {CODE}"),
        ("the six digit code is 482913", f"the six digit code is {CODE}"),
        ("TAN: 123456", f"TAN: {CODE}"),
        ("Votre code de vérification est 482 913", f"Votre code de vérification est {CODE}"),
        ("el código de verificación es 482913", f"el código de verificación es {CODE}"),
        ("il codice di verifica è 482913", f"il codice di verifica è {CODE}"),
        ("o código de segurança é 482913", f"o código de segurança é {CODE}"),
        ("de verificatiecode is 482913", f"de verificatiecode is {CODE}"),
        ("確認コードは482913です", "確認コードは482913です".replace("482913", CODE)),
        ("验证码：482913", f"验证码：{CODE}"),  # noqa: RUF001
        ("Le code PIN est 1234", "Le code PIN est [PIN hidden]"),
        ("Kartenprüfnummer 123", "Kartenprüfnummer [card code hidden]"),
        ("WLAN-Schlüssel: abcd1234efgh", f"WLAN-Schlüssel: {KEY}"),
        # A name and a form at one place: what is longer says what it is.
        ("Password: 4242 4242 4242 4242", "Password: [card number hidden]"),
    ],
)
def test_what_is_named_as_a_secret_is_hidden(text: str, expected: str) -> None:
    masked = mask(text)
    assert masked.text == expected
    assert mask(masked.text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        # A sentence about a password.
        "the password is wrong now and then again",
        "the password is wrong please try again",
        "the password is ********",
        "the password is {password}",
        "the password is (********)",
        "the password is [redacted](link)",
        "Password: (required)",
        # What is in quotes is no secret either.
        'password: "required!"',
        'password: "{password}"',
        'password: "********"',
        "password: “********”",
        'password: "hunter password"',
        'password: "first\nsecond"',
        'password: "" user: "anna"',
        f'password: "{_LONG}b"',
        # Where it is kept.
        "password=/run/secrets/db",
        "password=http://vault.example/db",
        "password=https://vault.example/db",
        # Too short for a key, or no key.
        "api key: ab12cd3",
        "API key: production",
        "token=abc",
        "TOKEN: abc",
        "token: re-use",
        # Where it is kept, how long it is, and other codes.
        "password: see 1Password",
        "Passwort für SAP: siehe KeePass",
        "Password for production: Vault",
        "パスワードは8文字以上です",
        "密码是必填项",
        "your code of conduct 2024",
        "your customer code is 48213",
        "the 6-digit code was sent to 0170 1234567",
        "order number four eight two nine one three seven",
        "tan 2024 boots",
        "Passphrase: optional, at least 12",
    ],
)
def test_what_only_follows_such_a_name_stays(text: str) -> None:
    assert mask(text).text == text


def test_a_passphrase_has_at_most_200_characters() -> None:
    (secret,) = mask("the password is " + "alpha bravo " * 40).secrets
    assert 150 < len(secret) <= 200


_FOR_WHOM = "x" * 31 + " " + "x" * 32


@pytest.mark.parametrize(
    ("text", "announced"),
    [
        ("and the password is", True),
        ("Password is", True),
        ("the password is: ...", True),
        ("the password for the admin account is -", True),
        ("the PIN is", True),
        ("the password is required, but the PIN is", True),
        # Eighty characters before the end are searched.
        (f"password for {_FOR_WHOM} is", True),
        (f"password for {_FOR_WHOM}x is", False),
        ("", False),
        ("Enter your password", False),
        ("the password is required", False),
        ("the password is hunter2", False),
        ("the api key is", False),
        ("the verification code is", False),
    ],
)
def test_a_password_is_announced_at_the_end_of_a_text(text: str, announced: bool) -> None:
    assert is_announced_at_end(text) is announced


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("swordfish. Then go on.", Span(0, 9, "password")),
        ("  hunter 2", Span(2, 10, "password")),
        ("required here", None),
        ("", None),
    ],
)
def test_what_is_said_after_the_announcement_is_the_password(text: str, span: Span | None) -> None:
    assert said_value(text) == span


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        # The value before its name.
        ("hunter2 is the password", f"{PASSWORD} is the password"),
        ("Here hunter2 is our test password.", f"Here {PASSWORD} is our test password."),
        ("we take hunter2 as the password", f"we take {PASSWORD} as the password"),
        ('enter "hunter2" in the password field', f'enter "{PASSWORD}" in the password field'),
        ("type hunter2 for the password", f"type {PASSWORD} for the password"),
        ("geben Sie Sommer2024 als Passwort ein", f"geben Sie {PASSWORD} als Passwort ein"),
        ("Tippe Sommer2024 ins Passwortfeld", f"Tippe {PASSWORD} ins Passwortfeld"),
        ("saisissez soleil99 comme mot de passe", f"saisissez {PASSWORD} comme mot de passe"),
        # Something else than a colon between the two.
        ("password \u2192 hunter2", f"password \u2192 {PASSWORD}"),
        ("password -> hunter2", f"password -> {PASSWORD}"),
        ("Password \u2013 hunter2.", f"Password \u2013 {PASSWORD}."),
        ("Password (hunter2)", f"Password ({PASSWORD})"),
        ("Password: (hunter2)", f"Password: {PASSWORD})"),
        ("password -> ab12c", f"password -> {PASSWORD}"),
        ("Password:\nhunter2", f"Password:\n{PASSWORD}"),
        ("Password:  \n  hunter2", f"Password:  \n  {PASSWORD}"),
        ("Password\n hunter2", f"Password\n {PASSWORD}"),
        # In more languages.
        *(
            (f"{name}: kot123", f"{name}: {PASSWORD}")
            for name in (
                *("clave", "Passord", "heslo", "jelszó", "parolă", "şifre", "lozinka", "парола", "סיסמה"),
                *("كلمة المرور", "पासवर्ड", "รหัสผ่าน", "mật khẩu", "kata sandi", "密碼", "암호", "Pw"),
            )
        ),
        ("пароль кот123", f"пароль {PASSWORD}"),  # noqa: RUF001
        ("der PIN ist vier sieben eins eins", "der PIN ist [PIN hidden]"),
        ("le code de sécurité est quatre sept un", f"le code de sécurité est {CODE}"),
        ("security code 123", f"security code {CODE}"),
        ("Ihr Code lautet 482913", f"Ihr Code lautet {CODE}"),
        ("votre code est 482 913", f"votre code est {CODE}"),
        ("recovery code ABCD-EFGH-IJKL", f"recovery code {CODE}"),
        ("WPA2 key: guest1234", f"WPA2 key: {KEY}"),
    ],
)
def test_a_secret_is_found_on_either_side_of_its_name(text: str, hidden: str) -> None:
    assert mask(text).text == hidden


@pytest.mark.parametrize(
    "text",
    [
        *("Step2 is the password reset", "input2 is the password field", "P4ssw0rd as a password hint"),
        *("ask user42 for the password", "use Chrome2 for the password reset", "log in to host1 with the password"),
        *("enter 2024a in the password policy", "swordfish is the password", "type it in the password field"),
        *("the password -> Next", "password \u2013 forgotten", "password (optional)", "password (min 8 characters)"),
        *(
            "Password: (leave blank)",
            "Password:\nLog in",
            "Password\nLogin",
            "Password:\nRemember me",
            "Password (v2.0)",
        ),
        *("clave: valor", "clave primaria: id1", "PW: yes", "mi clave es importante"),
        *("security code: 12 digits", "error code 123", "Ihr Code ist fertig", "your code style is 1234x"),
        *("recovery code field", "unlock code ABCD", "WPA key: Enter"),
    ],
)
def test_what_only_stands_beside_such_a_name_stays(text: str) -> None:
    assert mask(text).text == text
