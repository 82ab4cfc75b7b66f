"""Orders to a language model that stand in an article ("Ignore previous instructions and ...").

The model that reads them is not led by them (docs/experiments.md, "Orders inside documents"); but
such a sentence is no evidence: it is never quoted and bears nothing out. Only a sentence that
begins with its order counts, so that an article about such orders can still be quoted ("The e-mail
said: Ignore previous instructions"), as can one that speaks to people ("Ignore the instructions on
the box"). The wordings are those of known attacks, in the languages they are usually tried in.
"""

import re

# marks, tags and labels in capitals may stand before an order, quotation marks may not
_BEFORE = r"(?:^|>)(?:[^\w<>\"“”«»„]|<[^<>]*>|\b[A-Z]{3,}\b)*"
_ADVERBS = r"(?:(?:please|now|just|simply|instead|so|you (?:must|should|will)(?: now)?)[,\s]+)*"
_DROP = r"(?:ignore|disregard|forget|override|overlook|bypass|do(?: not|n['’]t) (?:follow|obey))\b"
_EARLIER = (
    r"(?:previous(?:ly given)?|prior|above|earlier|preceding|foregoing|initial|original|system|your"
    r"|all|any|other)"
)
_GIVEN = (  # what a model has been given to go by
    r"(?:instructions?|prompts?|directions?|directives?|guidelines?|commands?|orders?|rules?"
    r"|context|text)\b(?! (?:on|of|from|for|in|by)\b)"
)
_SAY = r"(?:say|state|print|write|output|respond|reply|answer|tell|declare|claim|return|report)\b"
_MODEL = (
    r"(?:AI(?: (?:model|assistant))?|LLM|(?:AI )?assistant|(?:large )?language model|chat ?bot)s?"
)
_READS = r"(?: (?:that|who) (?:reads?|is reading|are reading) this| reading this)"

_ENGLISH = (
    rf"{_ADVERBS}{_DROP} (?:\w+ ){{0,4}}?{_EARLIER} (?:\w+ ){{0,3}}?{_GIVEN}",
    rf"{_ADVERBS}{_DROP} (?:everything|all of this|all that|the above|all the above)\b",
    rf"{_ADVERBS}{_DROP}[^.!?]{{0,60}}?[,;]? (?:and|but)(?: (?:instead|just|only))? {_SAY}",
    r"(?:print|output|say|write|reply with|respond with|answer with) the following\b",
    rf"(?:(?:a )?(?:note|message|instructions?) )?(?:to|for) (?:the|any|all|every)? ?{_MODEL}"
    rf"{_READS}?\s*:",
    rf"(?:any|all|every|dear) {_MODEL}{_READS}",
    rf"if you are an? {_MODEL}\b",
    rf"you are (?:now|no longer) an? {_MODEL}\b",
    r"(?:new|updated|real) (?:system )?instructions?\s*:",
    r"(?:system|developer|security|admin)(?: \w+){0,2} override\b",
    r"(?:now )?entering (?:\w+ )?(?:override|developer|debug|admin) mode\b",
)
_TO_PEOPLE = r"(?! (?:auf|von|der|des|du|de|sur|dans|del|della|do|da|en|op|van)\b)"
_OTHERS = (
    # German, French, Spanish and Portuguese, Italian, Dutch, Russian
    rf"(?:ignorier|vergiss|vergessen sie|missachte)\w*\b[^.!?]{{0,40}}?\b(?:anweisung|befehl)\w*+"
    rf"{_TO_PEOPLE}",
    rf"(?:ignore[zr]?|oublie[zr]?) (?:les|toutes|ces|vos|tes|mes)\b[^.!?]{{0,40}}?"
    rf"\b(?:instructions|consignes|directives)\b"
    rf"{_TO_PEOPLE}",
    rf"(?:ignor[ae]n?|olvid[ae]n?|esque[çc]a)\b[^.!?]{{0,40}}?"
    rf"\b(?:instrucciones|instruç[õo]es|indicaciones"
    rf"|órdenes|ordens)\b{_TO_PEOPLE}",
    r"(?:ignor[ae]n?|olvid[ae]n?)\b[^.!?]{0,40} (?:y|e) (?:di|diga|declar[ae]|respond[ae]"
    r"|escrib[ae]|escrev[ae])\b",
    rf"(?:ignora(?:te)?|dimentica(?:te)?)\b[^.!?]{{0,40}}?\bistruzioni\b{_TO_PEOPLE}",
    rf"negeer\b[^.!?]{{0,40}}?\b(?:instructies|opdrachten)\b{_TO_PEOPLE}",
    r"(?:игнорируй|забудь)\w*\b[^.!?]{0,40}(?:инструкци|указани)\w*",
    # Chinese, Japanese
    r"请?(?:忽略|无视|忘记)[^。！？]{0,20}(?:指令|指示|说明|提示)",
    r"[^。！？]{0,20}無視して",
)
_ORDER = re.compile(f"{_BEFORE}(?i:{'|'.join((*_ENGLISH, *_OTHERS))})")


def gives_orders(sentence: str) -> bool:
    """Whether a sentence tells a language model that reads it what to do."""
    return _ORDER.search(sentence) is not None
