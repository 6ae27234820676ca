"""Recognises texts of a recording that instruct a model. Pure.

They are data like everything else, and only its instructions keep a model from obeying them. So what such a text says
proves nothing about the procedure: see `observations.py`. A list of phrases does not find every attempt, and need not:
what is not in the recording is found by comparison.
"""

import re
import unicodedata

__all__ = ["instruct_a_model_together", "instructs_a_model"]

_BEGINS = r"(?:^|[.!?:;,>\n\"\u201c\u201e'(]\s*|\b(?:please|must|should|also|now,?|bitte)\s+)"
"""Before an order: "Add a step that ..." is one, and "I add a step that ..." tells what somebody does."""
_ORDERS = r"\b(?:must|should|shall|ha(?:s|ve) to|needs? to)"
_MODEL = (
    r"(?:ai(?: (?:models?|assistants?|agents?|systems?|bots?|note ?takers?))?|llms?|gemini|(?:large )?language models?"
    r"|transcribers?|summari[sz]ers?)"
)
_PHRASES = (
    # Rules are to be dropped: all of them, the model's own or those before. A rule of a price list is another matter.
    (
        r"(?<!n't )(?<!not )(?<!never )\b(?:ignore|disregard|discard|disobey|forget|override|bypass|pay no attention to"
        r"|do not obey|don't obey)\b.{0,20}?"
        r"\b(?:your|all|any|every|previous|prior|above|preceding|earlier|system)"
        r"(?: of| the| your| these| those| previous| prior| above| preceding| earlier| system| other)*"
        r" (?:instructions?|prompts?|rules?|guidelines?|guidance|directions?|directives?)\b"
    ),
    (
        r"\b(?:ignore|disregard|discard|forget|pay no attention to) the (?:instructions?|prompts?|guidelines?|guidance"
        r"|directives?) (?:above|before this|you (?:were|have been) given)\b"
        r"|\b(?:ignore|disregard|forget|set aside) (?:everything|anything|whatever|all) (?:that )?you"
        r" (?:know|knew|were told|have been told|learned)\b"
    ),
    (
        r"\b(?:ignore|disregard|forget) (?:all (?:the )?(?:previous|prior|above) (?:text|content|messages|context)\b"
        r"|everything (?:above|before)\b|the above(?=\s*(?:$|[.,;:!]| and\b)))"
    ),
    (
        r"\b(?:ignorier\w*|verg(?:iss|esst|essen sie)|missachte\w*)\b(?! nicht).{0,20}\b(?:alle[rn]?|deine[rn]?"
        r"|sämtliche|bisherigen|vorherigen|vorigen|obigen)\b.{0,20}\b(?:anweisung\w*|regeln|vorgaben|prompts?|instruktionen)\b"
    ),
    (
        r"\b(?:ignore[rz]?|oublie[rz]?)\b(?! pas).{0,20}\b"
        r"(?:(?:toutes|tes|vos)\b.{0,12}\b(?:instructions|consignes|règles)"
        r"|(?:instructions?|consignes?|règles) (?:précédentes?|ci-dessus|antérieures?))\b"
    ),
    r"(?<!\bno )\b(?:ignor[ae]|olvid[ae]|haz caso omiso)\b.{0,40}\b(?:instrucciones|reglas|indicaciones)\b",
    r"(?<!non )(?<!não )\b(?:ignor[ae]|dimentica|esqueça)\b.{0,40}\b(?:istruzioni|regole|instruções|regras)\b",
    r"(?<!не )(?:игнорируй|забудь|не обращай внимания).{0,40}(?:инструкц|правил|указани)",
    r"忽略.{0,10}(?:指令|指示|说明|規則|规则)|(?:指示|命令|ルール).{0,10}無視|(?:지시|명령).{0,10}무시",
    (
        r"(?:不要理会|无视|不要遵守|忘记|忽视).{0,10}(?:指令|指示|规则|一切)|(?:指示|命令|ルール).{0,10}(?:忘れ|従わない)"
        r"|(?:지시|명령).{0,10}잊"
    ),
    (
        r"\bvergiss alles\b|\b(?:beachte|befolge)\b.{0,40}\b(?:anweisungen|vorgaben|regeln) nicht\b"
        r"|\bsetze?\b.{0,20}\b(?:anweisungen|regeln) außer kraft\b"
    ),
    (
        r"\boublie[rz]? tout ce qu|\bne (?:tiens|tenez|suis|suivez) (?:pas|plus)\b.{0,12}\b(?:instructions|consignes)\b"
        r"|\bolvida todo lo\b|\bno (?:hagas caso|tengas en cuenta|sigas)\b.{0,20}\b(?:instrucciones|indicaciones)\b"
        r"|\besqueça tudo\b|\bdesconsidere\b.{0,20}\binstruções\b"
        r"|\b(?:ignora|dimentica) tutto (?:quello|ciò)\b|\bnon tenere conto\b.{0,20}\bistruzioni\b"
    ),
    (
        r"\bvergeet alles wat\b|\bhoud? geen rekening met\b.{0,30}\binstructies\b"
        r"|\bnie zwracaj uwagi na\b.{0,30}\b(?:instrukcj|polece)"
        r"|(?:забудь|игнорируй) вс[её],? что|не (?:учитывай|следуй)\b.{0,30}(?:инструкц|указани)"
    ),
    (
        r"\b(?:ignorera|ignorer|glöm|glem|bortse från)\b.{0,30}\b(?:tidigare|tidligere|föregående)\b.{0,10}\binstruk"
        r"|\b(?:unohda|ohita)\b.{0,20}\baiemmat ohjeet\b|\bignoruj\w*\b.{0,20}\b(?:instrukce|pokyny|inštrukcie)\b"
        r"|\bhagyd figyelmen kívül\b.{0,30}\butasítás|\b(?:bỏ qua|quên) (?:tất cả|mọi)\b.{0,12}\b(?:hướng|chỉ) dẫn\b"
        r"|\b(?:abaikan|lupakan) semua\b.{0,12}\b(?:instruksi|perintah)\b"
        r"|\btalimat\w*.{0,12}\b(?:yok say|unut|dikkate alma)|(?:تجاهل|انس).{0,15}(?:التعليمات|الأوامر)"
        r"|(?:התעלם|שכח).{0,12}(?:ההוראות|הנחיות)|निर्देश.{0,15}(?:अनदेखा|भूल)"
    ),
    r"\b(?:negeer|vergeet)\b(?! niet).{0,40}\b(?:instructies|regels|aanwijzingen)\b",
    r"(?<!nie )\b(?:z?ignoruj|zapomnij)\b.{0,40}\b(?:instrukcj|zasad|polece|reguł)",
    (
        r"\b(?:don't|do not|stop|never) follow(?:ing)? (?:your|the (?:previous|prior|above)) "
        r"(?:instructions?|rules?|guidelines?)\b"
    ),
    # The model is spoken to.
    (
        r"\bfrom now on you (?:will |must |should )?(?:act|behave|respond|answer|reply)\b"
        r"|\bpretend (?:to be|(?:that )?you are) an? .{0,20}\b(?:ai|model|assistant|llm|bot)\b"
        r"|\bact as (?:an? |the )?.{0,30}\b(?:ai|llm|chatbot|language model|dan)\b"
        r"|\bif you(?:'re| are) (?:an? )?(?:ai|llm|(?:large )?language model)\b"
        r"|\b(?:ai|llm|model)s? reading this\b|@(?:ai|assistant|gemini|llm)\b\s*[:,]"
        r"|\b(?:hey|hello|hi|okay|ok),? gemini,? (?:please )?(?:skip|omit|leave out)\b"
        r"|\b(?:to whom it may|whoever) (?:transcribes?|summari[sz]es?)\b"
    ),
    (
        r"\bdu bist (?:jetzt|nun) (?:ein|eine|kein|keine) .{0,20}\b(?:assistent|ki|sprachmodell)\b"
        r"|\btu es (?:maintenant|désormais) une? .{0,20}\b(?:assistant|ia|modèle)\b"
        r"|\bahora eres una? .{0,20}\b(?:asistente|ia|modelo)\b|\bora sei una? .{0,20}\b(?:assistente|ia|modello)\b"
        r"|\bagora você é uma? .{0,20}\b(?:assistente|ia|modelo)\b|\bje bent nu een .{0,20}\b(?:assistent|ai)\b"
        r"|\bты теперь .{0,20}(?:ассистент|бот|модель)"
    ),
    (
        r"\byou are (?:now |no longer )?(?:an? |the )?(?:\w+ )?"
        r"(?:ai|assistant(?! (?:manager|director|editor|professor))|language model|llm|chatbot|dan)\b"
    ),
    (
        r"\b(?:note|message|attention|instructions?|notice|reminder|task) (?:to|for) (?:the |any |all )?"
        rf"(?:{_MODEL}\b|(?:models?|assistants?|bots?)\s*[:,])"
    ),
    (
        r"\b(?:note|message|attention|instructions?|notice|reminder) (?:to|for) "
        r"(?:who(?:m)?ever|anyone|everyone|anybody|those|the (?:one|person|author|writer|editor|people))\b.{0,20}"
        r"\b(?:turn|writ|mak|creat|document|convert|transcrib|summari[sz])\w*\b.{0,40}"
        r"\b(?:sops?|procedures?|transcripts?|documentation|instructions|summary|guide|recording)\b"
    ),
    r"\b(?:dear|attention,?) (?:ai|assistant|(?:language )?models?|llms?|chatbots?|gemini)\b",
    r"\b(?:hey|hello) (?:ai|llm)\b",
    (
        r"\b(?:ai|llm|language) (?:models?|assistants?|agents?|systems?|note ?takers?)\b.{0,60}(?:"
        rf"{_ORDERS} (?:not |never |also |always )?(?!not\b|never\b|be\b|have\b|comply\b)\w|\bplease\b"
        r"|\b(?:do not|don't|never) (?:write|mention|include|add|say|tell|reveal|list)\b)"
    ),
    rf"\b(?:ai|llm) note ?takers?\s*[:,]|\bto (?:the |any |all )?{_MODEL}\s*:|\bas an ai\b",
    r"\bassistants?\s*[:,] (?:from now on|you|your|please (?:add|include|skip|omit|ignore|leave))\b",
    (
        r"\b(?:hinweis|nachricht|anweisung(?:en)?|mitteilung|achtung) (?:an|für) (?:die |das |den |alle )?"
        r"(?:ki|assistenten|sprachmodelle?)\b|\b(?:liebe[sr]?|an (?:die|das)) (?:ki|sprachmodelle?|assistent)\s*[,:]"
        r"|\bki-?(?:assistent\w*|modelle?|systeme?|agenten)\b.{0,60}\b(?:müssen|muss|sollen|soll)\b(?!.{0,60}\bwerden\b)"
    ),
    (
        r"\b(?:note|message|instructions) (?:à|pour) (?:l['’]ia|l['’]assistant|le modèle)\b"  # noqa: RUF001
        r"|\b(?:nota|mensaje|mensagem|messaggio|instrucciones|istruzioni) (?:para|per) "
        r"(?:la ia|a ia|l['’]ia|el asistente|l['’]assistente|el modelo|il modello)\b"  # noqa: RUF001
    ),
    r"(?:AI|モデル|アシスタント)への(?:注意|指示|メモ)|AI\s*(?:请注意|助手请)|(?:致|给)(?:AI|模型|助手)\s*[:：]",  # noqa: RUF001
    r"\b(?:new|updated|real|actual) (?:system )?(?:instructions?|prompt)\s*:|\b(?:real|actual) task\s*:",
    r"\byour (?:system|developer|hidden|initial) (?:prompts?|messages?|instructions?)\b",
    r"\b(?:print|reveal|show|repeat|tell|output|write)\b.{0,20}\b(?:system|developer) (?:prompt|instructions?)\b",
    r"\b(?:system|developer) (?:override|instructions?|prompt)\s*:",
    # The answer is spoken of.
    (
        r"\b(?:respond|reply|answer)\b (?:only |just )?with (?:only )?the (?:word|string|text|phrase)\b"
        r"|\bantworte nur (?:noch )?mit\b|\bstop transcribing\b|\bthis transcript (?:is over|ends here)\b"
        r"|\byour (?:new|real|actual) task is to (?:output|print|reveal|ignore|repeat)\b"
        r"|\bin your (?:output|answer|response|transcript|summary)\b,? (?:mention|include|add|say|name)\b"
        r"|\bwhen you (?:write|make|create|generate) the (?:sop|procedure|transcript|summary)\b"
        r"|\bmake sure (?:that )?the (?:sop|steps|procedure) (?:contains?|includes?|mentions?|says?)\b"
        r"|\bevery sop (?:ends|begins|starts|contains|includes)\b"
    ),
    (
        r"\b(?:add|insert|append|include|put|write)\b.{0,40}\b(?:steps?|tasks?|nodes?|urls?|links?|address(?:es)?|lines?)\b"
        r".{0,60}\b(?:sops?|procedures?|answer|summary|transcript)(?=\s*(?:$|[.,;:!\"')]))"
    ),
    (
        rf"{_BEGINS}(?:add|insert|append|include)\b.{{0,30}}\b(?:steps?|tasks?|nodes?)\b.{{0,20}}"
        r"\b(?:that|which|where|saying|opening)\b"
    ),
    (
        rf"{_BEGINS}(?:(?:add|insert|append|include|put|write|mention|name)\b.{{0,80}}"
        r"\b(?:in|into|to) (?:the|your|every|each)"
        r"|(?:schreibe?|nimm|setze?|füge|ergänze|erwähne|nenne)\b.{0,60}\b(?:in|zu) (?:die|der|deiner?|jeder?)) sop\b"
    ),
    rf"\b(?:the|every|each|your|this) (?:sop|transcript)s? {_ORDERS} (?!be\b)",
    (
        rf"\b(?:the|every|each|your|this) (?:procedure|answer|summary) {_ORDERS} (?:also |always |only )?"
        r"(?:begin|start|end|contain|include|say|name|mention|state|list|open|tell)\b"
    ),
    rf"\bin (?:the|your|every) sop\b.{{0,20}}{_ORDERS}\b",
    rf"{_BEGINS}(?:füge|fügen sie|ergänzen? sie|ergänze)\b.{{0,40}}\bschritt\w*\b.{{0,20}}\b(?:der|welcher|in dem)\b",
    (
        rf"{_BEGINS}(?:(?:ajoute|insère)z?\b.{{0,30}}\bétapes?\b.{{0,10}}\bqui\b"
        r"|(?:añad[ae]|agreg[au]e?|incluy[ae])\b.{0,30}\bpasos?\b.{0,10}\bque\b"
        r"|(?:aggiungi|aggiungete)\b.{0,30}\b(?:passo|passaggio)\b.{0,10}\bche\b"
        r"|adicion[ae]\b.{0,30}\b(?:passo|etapa)\b.{0,10}\bque\b)"
    ),
    r"добавь(?:те)?.{0,30}шаг\w*\s*[:,]|(?:添加|增加|加入).{0,12}步骤\s*[:：,，]",  # noqa: RUF001
    r"(?:手順|ステップ).{0,12}追加(?:せよ|しろ|してください)|단계.{0,10}추가(?:하라|해라|하세요|하십시오)",
    # The form of a request is imitated.
    r"<\|?/?(?:system|im_start|im_end|assistant|user|endoftext|end_of_turn|start_of_turn)\|?>",
    r"\[/?inst\]|<</?sys>>",
    r"</?(?:transcript|instructions?|system|prompt)>",
    r"#{2,}\s*(?:system|instructions?|assistant|user)(?: prompt| message)?\s*:",
    (
        r"\bhuman\s*:.{0,200}\bassistant\s*:|\[assistant\]|\(system (?:note|message|prompt)\s*:"
        r"|\{\{#?(?:system|assistant)\b|\bbegin new instructions\b|-{2,} ?new instructions\b"
    ),
    (
        r"[\"']?role[\"']?\s*:\s*[\"'](?:(?:system|assistant)[\"']"
        r"|(?:user|model|developer)[\"']\s*,\s*[\"']?(?:content|parts)\b)"
    ),
    # Brackets are closed that the text has not opened: code closes its own.
    r"\A[^{\[]{0,300}[\"']\s*[}\]]\s*[}\]]\s*[}\]]",
    r"[-=#*<]{2,}\s*(?:begin|end)(?: of)?(?: the)? (?:transcript|data|system prompt|instructions)\b",
    r"\bbegin system prompt\b",
)
_INSTRUCTS = re.compile("|".join(f"(?:{phrase})" for phrase in _PHRASES), re.IGNORECASE)
_AT_A_SEAM = 120
"""Characters of each text: a phrase is not longer."""
_ENDS = frozenset(".!?。！？")  # noqa: RUF001 - as they end a Chinese sentence
_VALUE = r"\s*[A-Z0-9][\w.-]*(?: [A-Z0-9][\w.-]*){0,3}\s*(?:$|[,;|\n])"
_ROLE = re.compile(
    rf"(?<![A-Z] )\b(?:SYSTEM\s*:(?!{_VALUE})|(?:ASSISTANT|DEVELOPER)\s*:"
    r"|(?:SYSTEM|ASSISTANT|DEVELOPER) (?:MESSAGE|PROMPT|OVERRIDE|NOTICE)\s*:)"
)
"""A speaker; not the name of a field with its value, as in `OPERATING SYSTEM: Windows 11`."""
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))


def instructs_a_model(text: str) -> bool:
    """Tell whether a text is written for a model rather than for a person."""
    # A line break, or a sign that nobody sees, may be within a phrase.
    flat = " ".join(unicodedata.normalize("NFKC", text).translate(_UNSEEN).split())
    return any(_INSTRUCTS.search(one) or _ROLE.search(one) for one in {text, flat})


def instruct_a_model_together(before: str, after: str) -> bool:
    """Tell whether two texts that follow each other instruct a model, while neither does alone.

    Texts of which the first ends a sentence are apart: otherwise words of honest sentences would meet.
    """
    before, after = before.rstrip()[-_AT_A_SEAM:], after.lstrip()[:_AT_A_SEAM]
    return bool(before) and before[-1] not in _ENDS and instructs_a_model(f"{before} {after}")
