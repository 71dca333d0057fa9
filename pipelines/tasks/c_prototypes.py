"""The nearest prototype in C99, and classes that are added to them on the device."""

from ..device.prototypes import MOST_EXAMPLES
from ..device.signature import Signature
from .c_text import FINE_STEPS, literal

MOST_ADAPTED = 16

_DECLARATION = """
/* New classes without training: the mean embedding of a few examples each, at most {most} classes
   in static memory. adapt_reset(0) forgets all and answers with new classes alone, adapt_reset(1)
   keeps the {known} of the model among the answers. adapt_add(output, i) adds an example, the int8
   output of the model for it, to new class i, 0 or more; it returns how many the class has, 0 if
   there is no such class. adapt_answer(output) is the place of the nearest class, those of the
   model first where they are kept; -1 if there is none. */
#define ADAPT_MOST_CLASSES {most}
void adapt_reset(int keeps_known);
int32_t adapt_add(const int8_t *output, int new_class);
int adapt_answer(const int8_t *output);
"""

_DEFINITION = """static const float prototypes[{known}][{width}] = {{
{means}
}};
static int32_t adapted_sums[ADAPT_MOST_CLASSES][{width}];
static int32_t adapted_counts[ADAPT_MOST_CLASSES];
static int adapt_keeps;

/* The squared distance of an output to the mean of a class: of the model, or of sums. */
static float prototype_distance(const int8_t *output, const float *mean,
                                const int32_t *sums, int32_t count) {{
  /* volatile: no compiler may fuse a product with a sum */
  volatile float value, middle, gap, square;
  volatile float total = 0.0f;
  for (int i = 0; i < {width}; ++i) {{
    value = {steps} * {step};
    if (sums) {{
      middle = (float)sums[i] / (float)count;
      middle = middle * {step};
    }} else {{
      middle = mean[i];
    }}
    gap = value - middle;
    square = gap * gap;
    total = total + square;
  }}
  return total;
}}

int signature_label(const int8_t *output) {{
  int best = 0;
  float least = 0.0f;
  for (int place = 0; place < {known}; ++place) {{
    float distance = prototype_distance(output, prototypes[place], 0, 0);
    if (place == 0 || distance < least) {{ least = distance; best = place; }}
  }}
  return best;
}}

void adapt_reset(int keeps_known) {{
  adapt_keeps = keeps_known;
  for (int place = 0; place < ADAPT_MOST_CLASSES; ++place) {{
    adapted_counts[place] = 0;
    for (int i = 0; i < {width}; ++i) adapted_sums[place][i] = 0;
  }}
}}

int32_t adapt_add(const int8_t *output, int new_class) {{
  if (new_class < 0 || new_class >= ADAPT_MOST_CLASSES) return 0;
  if (adapted_counts[new_class] >= {examples}) return 0;
  for (int i = 0; i < {width}; ++i) adapted_sums[new_class][i] += fine_steps(output, i);
  return ++adapted_counts[new_class];
}}

int adapt_answer(const int8_t *output) {{
  int best = -1;
  int first = 0;
  float least = 0.0f;
  if (adapt_keeps) {{
    first = {known};
    best = signature_label(output);
    least = prototype_distance(output, prototypes[best], 0, 0);
  }}
  for (int place = 0; place < ADAPT_MOST_CLASSES; ++place) {{
    if (adapted_counts[place] == 0) continue;
    float distance = prototype_distance(output, 0, adapted_sums[place], adapted_counts[place]);
    if (best < 0 || distance < least) {{ least = distance; best = first + place; }}
  }}
  return best;
}}
"""


def c_prototypes_declaration(signature: Signature) -> str:
    """Returns the lines of signature.h for classes that are added."""
    return _DECLARATION.format(most=MOST_ADAPTED, known=len(signature.target.labels))


def c_prototypes(signature: Signature) -> str:
    """Returns the functions of the nearest mean, in C99 without allocation."""
    means = signature.offsets("int8")
    width = signature.output.shape[0]
    rows = []
    for start in range(
        0,
        len(means),
        width,
    ):
        numbers = ", ".join(map(literal, means[start : start + width]))
        rows.append(f"  {{{numbers}}},")
    return _DEFINITION.format(
        known=len(signature.target.labels),
        width=width,
        means="\n".join(rows),
        steps=FINE_STEPS,
        step=literal(signature.output.step()),
        examples=MOST_EXAMPLES,
    )
