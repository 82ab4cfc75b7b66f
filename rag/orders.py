"""Orders to a language model that stand in an article ("Ignore previous instructions and ...").

No model was led by them (docs/experiments.md, "Orders inside documents"), but they were quoted as
if they were news. Such a sentence is no evidence: it stands in no window. Only one that begins
with its order counts, so that an article about such orders can still be quoted ("The e-mail said:
Ignore previous instructions"); and none counts that may be meant for people ("Ignore the
instructions on the box", "Don't obey any illegal orders"). The wordings are those of known attacks,
in the languages they are usually tried in; of others the checks of what is written take care.
"""

import re

# Marks, tags and a label in capitals may stand before an order, quotation marks may not. All of
# it is taken at once: where that is no order behind it, less of it is none either.
_MARKS = r"[^\w<>\"'“”‘’«»‹›„「『]*+"
_BEFORE = rf"(?:^|>){_MARKS}(?:<[^<>]*>{_MARKS})*+(?:[A-Z]{{3,}}:{_MARKS})?+"
_ADVERBS = r"(?:(?:please|now|just|simply|instead|so|you (?:must|should|will)(?: now)?)[,\s]+)*"
_DROP = r"(?:ignore|disregard|forget|override|overlook|bypass|do(?: not|n['’]t) (?:follow|obey))"
_EARLIER = (
    r"(?:previous(?:ly given)?|prior|above|earlier|preceding|foregoing|initial|original|system)"
)
_GIVEN = (  # what a model has been given to go by
    r"(?:instructions?|prompts?|directions?|directives?|guidelines?|commands?|orders?|rules?"
    r"|context|text)\b(?! (?:on|of|from|for|in|by)\b)"
)
_SHOWN = r"(?:web ?page|page|article|document|text|passage|question|context|resume|function|above)"
_SAY = r"(?:say|state|print|write|output|respond|reply|answer|declare|claim)"
_MODEL = r"(?:AI(?: (?:model|assistant))?|LLM|(?:large )?language model|chat ?bot)s?"

_ENGLISH = (
    rf"{_ADVERBS}{_DROP} (?:\w+ ){{0,4}}?{_EARLIER} (?:\w+ ){{0,3}}?{_GIVEN}",
    rf"{_ADVERBS}{_DROP} (?:all|any|your|all of your|all your) (?:instructions|prompts)\s*"
    r"(?:[.,;:!]|and\b|$)",
    rf"{_ADVERBS}{_DROP} (?:everything (?:above|before this|you (?:were|have been) told)"
    r"|(?:all )?the above)\b",
    rf"{_ADVERBS}{_DROP} (?:the|this|that) {_SHOWN}[,;]? (?:and|but)(?: (?:instead|just|only))?"
    rf" {_SAY}\b",
    r"(?:print|output|say|reply with|respond with|answer with) the following\s*:",
    rf"(?:(?:a )?(?:note|message|instructions?) )to (?:the |any |all |every )?{_MODEL}"
    r"(?: reading this)?\s*:",
    rf"(?:any|all|every|dear) {_MODEL} (?:(?:that|who) )?(?:reads?|reading|are reading) this\b",
    rf"if you are an? {_MODEL}(?: reading this)?\s*[,:]",
    r"you are (?:now|no longer) an? "
    rf"{_MODEL}\s*(?:[,.:!]|$|(?:without|with no|that|named|called)\b)",
    r"new system (?:instructions?|prompt)\s*:",
    r"(?:system|developer|security|admin)(?: \w+){0,2} override\s*(?:[:!.>]|$|mode\b)",
    r"(?:now )?entering (?:\w+ )?(?:override|developer|debug|admin) mode\s*(?:[.!:>]|$)",
)
_OTHERS = (
    # German, French, Spanish and Portuguese, Italian, Dutch, Russian: what came before
    r"(?:ignorier(?:e|t|en sie)|vergiss|vergessen sie|missachte(?:n sie)?)\b[^.!?]{0,25}?"
    r"\b(?:vorherig|vorig|bisherig|obig|früher)\w* (?:anweisung|befehl|vorgabe)",
    r"(?:ignore[zr]?|oublie[zr]?)\b[^.!?]{0,15}?\b(?:instructions|consignes|directives)\s"
    r"(?:précédent|antérieur|ci-dessus)",
    r"(?:ignor[ae]n?|olvid[ae]n?|esque[çc]a)\b[^.!?]{0,20}?\b(?:instrucciones|instruç[õo]es"
    r"|indicaciones|órdenes|ordens)\s(?:anterior|previ|de arriba)",
    r"(?:ignor[ae]|olvid[ae])\s(?:la página|el artículo|el texto|a página|o artigo|o texto)"
    r"(?: web)?\s(?:y|e)\s(?:di|diga|declar[ae]|respond[ae]|escrib[ae]|escrev[ae])\b",
    r"(?:ignora(?:te)?|dimentica(?:te)?)\b[^.!?]{0,15}?\bistruzioni\s(?:precedenti|di cui sopra)",
    r"negeer\b[^.!?]{0,10}?\b(?:vorige|eerdere|bovenstaande)\s(?:instructies|opdrachten)",
    r"(?:игнорируй|забудь)(?:те)?\b[^.!?]{0,15}?\b(?:предыдущ|прежн)\w*\s(?:инструкци|указани)",
    # Chinese, Japanese
    r"请?(?:忽略|无视|忘记)[^。！？]{0,6}(?:之前|以前|以上|上述|先前)[^。！？]{0,6}(?:指令|指示|说明|提示)",
    r"(?:以前|これまで|上記)の?[^。！？]{0,8}(?:指示|命令|指令)[^。！？]{0,6}無視",
)
_ORDER = re.compile(f"{_BEFORE}(?i:{'|'.join((*_ENGLISH, *_OTHERS))})", re.MULTILINE)


def gives_orders(sentence: str) -> bool:
    """Whether a sentence tells a language model that reads it what to do."""
    return _ORDER.search(sentence) is not None
