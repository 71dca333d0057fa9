"""The search of a text as C: `device.spelling_search`, a call of the model a step."""

from __future__ import annotations

from ..device.signature import Signature
from ..device.spelling_search import NEVER, UNITS, spelled_port
from ..device.tasks.spelling import num_choices
from .c_text import FINE_STEPS, literal, quoted

BEGIN = "signature_begin(&inputs);"
NEXT = "signature_next(&inputs, output)"

_DECLARATION = """/* A text is spelled by several calls, each of which reads what was spelled:
     signature_begin(&inputs);
     do model_run(&inputs, output); while (signature_next(&inputs, output));
   begins, and takes the outputs of a call into the search; it returns 1 as long as the model is to
   run again. Static memory: one text at a time. */
void signature_begin(signature_inputs *inputs);
int signature_next(signature_inputs *inputs, const int8_t *output);
/* The text that was found, UTF-8, ended by 0. */
#define SIGNATURE_TEXT_BYTES {num_bytes}
void signature_text(const signature_inputs *inputs, char text[SIGNATURE_TEXT_BYTES]);
"""

_DEFINITION = """#define SPELL_BEAM {beam}
#define SPELL_PLACES {positions}
#define SPELL_CHOICES {width}
#define SPELL_NEVER INT64_C({never})

static int32_t spell_ids[SPELL_BEAM][SPELL_PLACES], spell_kept[SPELL_BEAM][SPELL_PLACES];
static int64_t spell_sums[SPELL_BEAM], spell_logs[SPELL_BEAM * SPELL_CHOICES];
static int spell_place, spell_row, spell_live;

static void spell_show(signature_inputs *inputs, int row) {{
  for (int i = 0; i < SPELL_PLACES; ++i) inputs->{port}[i] = spell_ids[row][i];
}}

static double spell_logit(const int8_t *output, int i) {{
  return (double)({steps} * {step});
}}

/* The sums of a beginning with each choice behind it, in whole numbers that add up alike. */
static void spell_read(const int8_t *output) {{
  const int first = spell_place * SPELL_CHOICES;
  int64_t *logs = spell_logs + spell_row * SPELL_CHOICES;
  double most = spell_logit(output, first), total = 0.0;
  if (spell_place > 0 && spell_ids[spell_row][spell_place - 1] == SPELL_CHOICES) {{
    for (int i = 0; i < SPELL_CHOICES; ++i) logs[i] = spell_sums[spell_row] - SPELL_NEVER;
    logs[SPELL_CHOICES - 1] = spell_sums[spell_row];
    return;
  }}
  for (int i = 1; i < SPELL_CHOICES; ++i) {{
    const double logit = spell_logit(output, first + i);
    if (logit > most) most = logit;
  }}
  for (int i = 0; i < SPELL_CHOICES; ++i) total += exp(spell_logit(output, first + i) - most);
  total = log(total);
  for (int i = 0; i < SPELL_CHOICES; ++i) {{
    const double share = spell_logit(output, first + i) - most - total;
    logs[i] = spell_sums[spell_row] + (int64_t)floor(share * {units}.0 + 0.5);
  }}
}}

/* Keeps the most probable texts with a character more. */
static void spell_extend(void) {{
  const int num = spell_live * SPELL_CHOICES;
  int live = 0;
  for (; live < SPELL_BEAM && live < num; ++live) {{
    int best = 0;
    for (int i = 1; i < num; ++i)
      if (spell_logs[i] > spell_logs[best]) best = i;
    for (int i = 0; i < SPELL_PLACES; ++i)
      spell_kept[live][i] = spell_ids[best / SPELL_CHOICES][i];
    spell_kept[live][spell_place] = best % SPELL_CHOICES + 1;
    spell_sums[live] = spell_logs[best];
    spell_logs[best] = INT64_MIN;
  }}
  spell_live = live;
  for (int row = 0; row < live; ++row)
    for (int i = 0; i < SPELL_PLACES; ++i) spell_ids[row][i] = spell_kept[row][i];
}}

void signature_begin(signature_inputs *inputs) {{
  spell_place = 0;
  spell_row = 0;
  spell_live = 1;
  spell_sums[0] = 0;
  for (int i = 0; i < SPELL_PLACES; ++i) spell_ids[0][i] = 0;
  spell_show(inputs, 0);
}}

int signature_next(signature_inputs *inputs, const int8_t *output) {{
  if (spell_place == SPELL_PLACES) return 0;
  spell_read(output);
  if (++spell_row < spell_live) {{
    spell_show(inputs, spell_row);
    return 1;
  }}
  spell_extend();
  spell_row = 0;
  ++spell_place;
  spell_show(inputs, 0);
  /* At the end the model runs once more for the best text, which another may have been after. */
  return spell_place < SPELL_PLACES || SPELL_BEAM > 1;
}}

void signature_text(const signature_inputs *inputs, char text[SIGNATURE_TEXT_BYTES]) {{
  static const char *const letters[SPELL_CHOICES] = {{{letters}}};
  for (int i = 0; i < SPELL_PLACES; ++i) {{
    const int32_t id = inputs->{port}[i];
    if (id < 1 || id > SPELL_CHOICES) continue;
    for (const char *byte = letters[id - 1]; *byte; ++byte) *text++ = *byte;
  }}
  *text = 0;
}}
"""


def c_search_declaration(signature: Signature, num_bytes: int) -> str:
    """Returns the lines of signature.h of a search.

    Args:
        signature: Of a model that reads what was spelled.
        num_bytes: Of the longest text, with the 0 at its end.
    """
    return _DECLARATION.format(num_bytes=num_bytes)


def c_search(signature: Signature) -> str:
    """Returns the functions of a search, in C99 without allocation."""
    target = signature.target
    letters = ", ".join(quoted(letter) for letter in (*target.characters, ""))
    return _DEFINITION.format(
        beam=target.beam,
        positions=target.positions,
        width=num_choices(target),
        never=NEVER,
        port=spelled_port(signature).name,
        steps=FINE_STEPS,
        step=literal(signature.output.step()),
        units=UNITS,
        letters=letters,
    )
