"""Words that follow the name of a secret without being one."""

__all__ = ["FILLERS", "FUNCTION_WORDS", "NO_SECRETS", "SPELLING"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FILLERS = _words("just simply now currently always still literally actually really basically obviously einfach jetzt")
"""Said between "the password is" and the password."""

FUNCTION_WORDS = _words(
    """
    a an the this that these those my your his her our their its it i you we they he she in on at to for from by with of
    and or but so then because if when while where which who whose as than into about after before until not no also
    what something anything nothing here there too only same different both never ever already again
    der die das ein eine einen dein deine mein meine nicht im in am auf für mit von und oder aber dann weil wenn hier
    le la les un une ton votre mon ma dans sur pour avec et ou mais pas el los las en con y o pero il lo nel
    """
)
"""Words of a sentence. They do not begin a password."""

NO_SECRETS = FUNCTION_WORDS | _words(
    """
    required requires mandatory optional necessary needed must should may can will has have had is are was were be been
    wrong incorrect invalid correct right valid empty blank missing unknown hidden masked visible shown displayed
    encrypted hashed stored saved kept sent emailed mailed set changed reset updated expired expires expiring rotated
    generated created accepted rejected confirmed entered typed pasted copied filled forgotten lost stolen shared
    protected secured managed autofilled disabled enabled locked unlocked checked verified case-sensitive case
    long short strong weak good bad safe secure secret private public confidential sensitive temporary default
    important okay ok fine done ready available unavailable
    enter type please choose use create change forgot show hide reset confirm repeat retype new old current field box
    see siehe voir ver vedi look ask contact
    login log sign submit next back cancel continue save help forgotten? forgot?
    none null nil undefined true false yes no n/a string str text int number optional any all
    at least minimum maximum min max strength policy rules rule
    erforderlich falsch ungültig richtig leer pflichtfeld vergessen ändern eingeben bitte neu sicher abgelaufen geheim
    obligatoire incorrecte oublié incorrecta obligatoria olvidada
    going being getting doing coming looking asking asks asked prompted
    """
)
"""Words of forms and sentences about passwords. A password that is one of them is not found."""

SPELLING = _words(
    """
    zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand
    null eins zwei zwo drei vier fünf sechs sieben acht neun zehn
    capital uppercase upper lowercase lower small big dash hyphen minus plus underscore dot point period slash backslash
    hash pound dollar percent ampersand star asterisk exclamation question mark sign caret equals
    """
)
"""Words with which a password is spelled out."""
