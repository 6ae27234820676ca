"""In which language the worker writes into a SOP."""

from typing import Any

import pytest

from runops_worker.sop.wording.choose import recognised, wording_for

WRITTEN = {
    "English": "Open the list of orders. Enter the number of the customer and check if the amount is right.",
    "German": "Öffne die Liste der Bestellungen. Gib die Nummer des Kunden ein und prüfe, ob der Betrag stimmt.",
    "French": "Ouvrir la liste des commandes. Saisir le numéro du client et vérifier si le montant est correct.",
    "Spanish": "Abrir la lista de los pedidos. Introducir el número del cliente y comprobar si el importe es correcto.",
    "Portuguese": "Abrir a lista dos pedidos. Introduzir o número do cliente e verificar se o valor está certo.",
    "Italian": "Aprire l'elenco degli ordini. Inserire il numero del cliente e verificare se l'importo è corretto.",
    "Dutch": "Open de lijst van bestellingen. Voer het nummer van de klant in en controleer of het bedrag klopt.",
    "Polish": "Otwórz listę zamówień. Wpisz numer klienta i sprawdź, czy kwota jest prawidłowa.",
    "Japanese": "注文の一覧を開きます。顧客番号を入力し、金額が正しいかどうかを確認します。",
}
NOT_OURS = {
    "Swedish": "Öppna listan med beställningar. Ange kundens nummer och se att det är rätt för den som har det.",
    "Danish": "Åbn listen over ordrer. Indtast kundens nummer, og se, om beløbet er rigtigt for den.",
    "Danish, more of it": "Der er en liste over de ordrer, som den enkelte kunde har, og der er en knap.",
    "Norwegian": "Åpne listen over bestillinger. Skriv inn kundens nummer og se om det er riktig for den som har det.",
    "Czech": "Otevřete seznam objednávek. Zadejte číslo zákazníka a zkontrolujte, zda je částka správná.",
    "Slovak": "Otvorte zoznam objednávok. Zadajte číslo zákazníka a skontrolujte, či je suma správna.",
    "Croatian": "Otvorite popis narudžbi. Unesite broj kupca i provjerite je li iznos točan.",
    "Romanian": "Deschideți lista de comenzi. Introduceți numărul clientului și verificați dacă suma este corectă.",
    "Finnish": "Avaa tilausten luettelo. Kirjoita asiakkaan numero ja tarkista, onko summa oikea.",
    "Hungarian": "Nyissa meg a rendelések listáját. Írja be az ügyfél számát, és ellenőrizze, hogy az összeg helyes-e.",
    "Indonesian": "Buka daftar pesanan. Masukkan nomor pelanggan dan periksa apakah jumlahnya benar.",
    "Russian": "Откройте список заказов. Введите номер клиента и проверьте, верна ли сумма.",
    "Chinese": "打开订单列表。输入客户编号,然后检查金额是否正确。",
    "Korean": "주문 목록을 엽니다. 고객 번호를 입력하고 금액이 맞는지 확인합니다.",
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_language_is_recognised(name: str) -> None:
    wording = recognised(WRITTEN[name])
    assert wording is not None
    assert wording.name == name


@pytest.mark.parametrize("name", NOT_OURS)
def test_another_language_is_not_taken_for_one_of_ours(name: str) -> None:
    assert recognised(NOT_OURS[name]) is None
    assert recognised(" ".join([NOT_OURS[name]] * 20)) is None, "however long the text is"


def nested(text: str, depth: int) -> Any:
    return text if depth == 0 else [nested(text, depth - 1)]


def test_texts_are_read_sixteen_levels_deep() -> None:
    assert wording_for(None, nested(WRITTEN["German"], 16)).name == "German"
    assert wording_for(None, nested(WRITTEN["German"], 17)).name == "English"


@pytest.mark.parametrize("text", ["", "1 2 3", "Save", "SAP GUI Login", "der die das", "カ SAP GUI Login Save Cancel"])
def test_a_few_words_tell_no_language(text: str) -> None:
    assert recognised(text) is None


def test_words_of_two_languages_tell_none() -> None:
    assert recognised(f"{WRITTEN['German']} {WRITTEN['Dutch']}") is None


def test_words_of_the_screen_may_be_in_another_language() -> None:
    screen = "Save as Send to all Cancel the order"
    wording = recognised(f"{WRITTEN['German']} {screen}")
    assert wording is not None
    assert wording.name == "German"


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        ("German", "German"),
        ("deutsch", "German"),
        ("de-CH", "German"),
        # As its speakers write it.
        ("français", "French"),
        ("Español", "Spanish"),
        ("português", "Portuguese"),
        ("日本語", "Japanese"),
        ("Swiss German", "German"),
        ("Portuguese (Brazil)", "Portuguese"),
        ("Brazilian Portuguese", "Portuguese"),
        ("pt", "Portuguese"),
        ("ja", "Japanese"),
        ("English", "English"),
        # No table of theirs: the recording's language does not matter then.
        ("Swedish", "English"),
        ("Chinese (Traditional)", "English"),
        # The code of a language is not looked for inside a name.
        ("Creole (de)", "English"),
    ],
)
def test_the_language_that_is_asked_for(chosen: str, name: str) -> None:
    assert wording_for(chosen, {"label": WRITTEN["French"]}).name == name


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ({"public": {"nodes": [{"id": "a", "label": WRITTEN["Polish"]}]}}, "Polish"),
        ({"nodes": [{"context": part} for part in WRITTEN["Italian"].split(". ")]}, "Italian"),
        # Ids and kinds are no prose.
        ({"nodes": [{"id": "the-of-and-to-is", "type": "the and of", "label": "Öffnen"}]}, "English"),
        ({"evidence": WRITTEN["German"], "id": WRITTEN["German"]}, "English"),
        (NOT_OURS["Swedish"], "English"),
        (None, "English"),
        ([7, None, True], "English"),
    ],
)
def test_without_one_it_is_the_language_of_the_sop(answer: Any, name: str) -> None:
    assert wording_for(None, answer).name == name


def test_a_deep_answer_is_read_as_far_as_a_sop_is_deep() -> None:
    deep: Any = WRITTEN["German"]
    for _ in range(5000):
        deep = [deep]
    assert wording_for(None, deep).name == "English"
