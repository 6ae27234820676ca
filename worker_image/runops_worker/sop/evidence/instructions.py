"""Recognises texts of a recording that instruct a model. Pure.

They are data like everything else, and only its instructions keep a model from obeying them. So what such a text says
proves nothing about the procedure: see `observations.py`. A list of phrases does not find every attempt, and need not:
what is not in the recording is found by comparison.
"""

import re

__all__ = ["instruct_a_model_together", "instructs_a_model"]

_PHRASES = (
    # Rules are to be dropped.
    (
        r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instructions?|prompts?|rules?|guidelines?|directions?"
        r"|(?:previous|prior|above) (?:text|content|messages?)|everything above|the above|system)\b"
    ),
    r"\b(?:ignorier\w*|vergiss|vergesst|missachte\w*)\b.{0,40}\b(?:anweisung\w*|regeln?|vorgaben?|prompts?)\b",
    r"\b(?:ignore[rz]?|oublie[rz]?)\b.{0,40}\b(?:instructions?|consignes?|règles?)\b",
    r"\b(?:ignora|olvida|haz caso omiso)\b.{0,40}\b(?:instrucciones|reglas|indicaciones)\b",
    r"\b(?:ignor[ae]|dimentica|esqueça)\b.{0,40}\b(?:istruzioni|regole|instruções|regras)\b",
    r"(?:игнорируй|забудь|не обращай внимания).{0,40}(?:инструкц|правил|указани)",
    r"忽略.{0,10}(?:指令|指示|说明|規則|规则)|(?:指示|命令|ルール).{0,10}無視|(?:지시|명령).{0,10}무시",
    # The model is spoken to.
    r"\byou are (?:now |no longer )?(?:an? |the )?(?:\w+ )?(?:ai|assistant|language model|llm|chatbot|agent|dan)\b",
    (
        r"\b(?:note|message|attention|instructions?|notice|reminder|task) (?:to|for) (?:the |any |all )?(?:\w+ )?"
        r"(?:ai|assistants?|models?|llms?|transcri\w+|summari[sz]er|agents?|bots?)\b"
    ),
    (
        r"\b(?:note|message|attention|instructions?|notice|reminder) (?:to|for) "
        r"(?:who(?:m)?ever|anyone|everyone|anybody|those|the (?:one|person|author|writer|editor|people))\b.{0,40}"
        r"\b(?:sops?|procedures?|transcripts?|documentation|instructions|summary|guide|recording)\b"
    ),
    r"\b(?:dear|hey|hello|attention,?) (?:ai|assistants?|(?:language )?models?|llms?|chatbots?|gemini)\b",
    (
        r"\b(?:ai|llm|language) (?:models?|assistants?|agents?|systems?|note ?takers?)\b.{0,60}"
        r"\b(?:must|should|shall|please|ha[sv]e? to|do not|don't|never)\b"
    ),
    r"\b(?:new|updated|real|actual) (?:system )?(?:instructions?|prompt|task)\s*[:—-]",
    r"\b(?:system|developer) (?:prompt|message|instruction|override)\b",
    # The answer is spoken of.
    (
        r"\b(?:add|insert|append|include|put|write)\b.{0,40}\b(?:steps?|tasks?|nodes?|urls?|links?|address(?:es)?|lines?)\b"
        r".{0,60}\b(?:sops?|procedures?|answer|output|summary|transcript|response|json)\b"
    ),
    (
        r"\b(?:add|insert|append|include)\b.{0,30}\b(?:steps?|tasks?|nodes?)\b.{0,20}"
        r"\b(?:that|which|to|where|saying|opening)\b"
    ),
    (
        r"\b(?:the|every|each|your|this) (?:sop|procedure|answer|output|response|summary|transcript)s? "
        r"(?:must|should|shall|has to|needs to)\b"
    ),
    r"\bin (?:the|your|every) (?:sop|answer|output|response|summary)\b",
    r"\b(?:füge?|ergänze?)\b.{0,40}\bschritt\w*|\bschritt\w*\b.{0,40}\b(?:hinzu|hinzufügen|ergänzen|einfügen)\b",
    r"\b(?:ajoute[rz]?|insère[rz]?)\b.{0,30}\bétapes?\b|\b(?:añade|agrega|incluye)\b.{0,30}\bpasos?\b",
    r"\baggiungi\b.{0,30}\b(?:passo|passaggio)\b|\badicion[ae]\b.{0,30}\b(?:passo|etapa)\b|добавь.{0,30}шаг",
    r"(?:添加|增加|加入).{0,12}步骤|(?:手順|ステップ).{0,12}追加|단계.{0,10}추가",
    # The form of a request is imitated.
    r"<\|?/?(?:system|im_start|im_end|assistant|user|endoftext|end_of_turn|start_of_turn)\|?>",
    r"\[/?(?:inst|sys|system)\]|<</?sys>>",
    r"</?(?:transcript|instructions?|system|prompt|data)>|#{2,}\s*(?:system|instructions?|assistant|user)\b",
    r"[\"']?role[\"']?\s*:\s*[\"'](?:system|user|assistant|model|developer)[\"']",
    r"[}\]]\s*[}\]]\s*[}\]]",
    r"\b(?:begin|end) (?:of )?(?:transcript|data|system prompt|instructions)\b",
)
_INSTRUCTS = re.compile("|".join(f"(?:{phrase})" for phrase in _PHRASES), re.IGNORECASE)
_AT_A_SEAM = 120
"""Characters of each text: a phrase is not longer."""
_ENDS = frozenset(".!?。！？")  # noqa: RUF001 - as they end a Chinese sentence
_ROLE = re.compile(r"\b(?:SYSTEM|ASSISTANT|DEVELOPER)(?: MESSAGE| PROMPT| OVERRIDE| NOTICE)?\s*:")


def instructs_a_model(text: str) -> bool:
    """Tell whether a text is written for a model rather than for a person."""
    return _INSTRUCTS.search(text) is not None or _ROLE.search(text) is not None


def instruct_a_model_together(before: str, after: str) -> bool:
    """Tell whether two texts that follow each other instruct a model, while neither does alone.

    Texts of which the first ends a sentence are apart: otherwise words of honest sentences would meet.
    """
    before, after = before.rstrip()[-_AT_A_SEAM:], after.lstrip()[:_AT_A_SEAM]
    return bool(before) and before[-1] not in _ENDS and instructs_a_model(f"{before} {after}")
