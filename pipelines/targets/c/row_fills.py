"""Primitives that fill a row's missing numbers by its others, in C: what each call takes, and the
functions that are called.
"""

from ...tasks.c_text import literal


def write_linear_fill(writer, step, name):
    """Adds the sweeps over a row."""
    _constants(writer, f"{name}_mean", step.means)
    _constants(writer, f"{name}_low", step.lows)
    _constants(writer, f"{name}_high", step.highs)
    _constants(writer, f"{name}_weight", sum(step.weights, ()))
    num = len(step.columns)
    call = (
        f"linear_fill({name}, {num}, {name}_mean, {name}_low, {name}_high, {name}_weight, "
        f"{step.sweeps}, {name}_distance);"
    )
    writer.tables.append(f"static float {name}_distance[{num}];")
    _filled_row(writer, step, name, call)


def write_neighbor_fill(writer, step, name):
    """Adds the search among known rows."""
    _constants(writer, f"{name}_factor", step.factors)
    _constants(writer, f"{name}_known", sum(step.known, ()))
    num = len(step.columns)
    num_known = len(step.known)
    writer.tables.append(f"static float {name}_distance[{num_known}];")
    writer.tables.append(f"static float {name}_sum[{num}];")
    call = (
        f"neighbor_fill({name}, {num}, {name}_factor, {name}_known, {num_known}, "
        f"{step.num_neighbors}, {name}_distance, {name}_sum);"
    )
    _filled_row(writer, step, name, call)


def write_draw_fill(writer, step, name):
    """Adds the draw by the bits of a row."""
    _constants(writer, f"{name}_seen", sum(step.seen, ()))
    sizes = [str(len(seen)) for seen in step.seen]
    writer.constant("uint32_t", f"{name}_size", sizes)
    num = len(step.columns)
    call = f"draw_fill({name}, {num}, {name}_seen, {name}_size, {step.seed}u);"
    _filled_row(writer, step, name, call)


def write_gaussian_draw(writer, step, name):
    """Adds the sweeps over a row with their noise. `draw` is a variable of the file."""
    _constants(writer, f"{name}_mean", step.means)
    _constants(writer, f"{name}_low", step.lows)
    _constants(writer, f"{name}_high", step.highs)
    _constants(writer, f"{name}_weight", sum(step.weights, ()))
    _constants(writer, f"{name}_spread", step.spreads)
    _constants(writer, f"{name}_noise", step.noise)
    num = len(step.columns)
    writer.tables.append(f"static float {name}_distance[{num}];")
    call = (
        f"gaussian_draw({name}, {num}, {name}_mean, {name}_low, {name}_high, {name}_weight, "
        f"{name}_spread, {name}_noise, {len(step.noise)}u, {step.sweeps}, "
        f"{step.seed}u + (uint32_t)signature_draw, {name}_distance);"
    )
    _filled_row(writer, step, name, call)


def write_dense_fill(writer, step, name):
    """Adds the layers of a dense network, and what goes through them."""
    _constants(writer, f"{name}_mean", step.means)
    _constants(writer, f"{name}_spread", step.spreads)
    _constants(writer, f"{name}_low", step.lows)
    _constants(writer, f"{name}_high", step.highs)
    widths = [2 * len(step.columns)]
    weights = []
    biases = []
    for units, of_units in zip(step.weights, step.biases, strict=True):
        widths.append(len(units))
        weights += sum(units, ())
        biases += of_units
    _constants(writer, f"{name}_weight", weights)
    _constants(writer, f"{name}_bias", biases)
    writer.constant("int32_t", f"{name}_width", list(map(str, widths)))
    writer.tables.append(f"static float {name}_in[{max(widths)}];")
    writer.tables.append(f"static float {name}_out[{max(widths)}];")
    call = (
        f"dense_fill({name}, {len(step.columns)}, {name}_mean, {name}_spread, {name}_low, "
        f"{name}_high, {name}_weight, {name}_bias, {name}_width, {len(step.weights)}, {name}_in, "
        f"{name}_out);"
    )
    _filled_row(writer, step, name, call)


def _constants(writer, name, values):
    writer.constant("float", name, [literal(value) for value in values])


def _filled_row(writer, step, name, call):
    """Adds a row of the columns, the call that fills it, and what takes it to the columns again."""
    variables = [writer.variables[column][1] for column in step.columns]
    writer.tables.append(f"static float {name}[{len(variables)}];")
    for place, variable in enumerate(variables):
        writer.lines.append(f"  {name}[{place}] = {variable};")
    writer.lines.append(f"  {call}")
    for place, variable in enumerate(variables):
        writer.lines.append(f"  {variable} = {name}[{place}];")


ROW_FILL_HELPERS = (
    (
        """/* Missing numbers of a row by a linear function of the others, sweep after sweep, from the means on. */
static void linear_fill(float *x, int32_t num, const float *center, const float *low, const float *high,
                        const float *weight, int32_t sweeps, float *distance) {
  for (int32_t i = 0; i < num; ++i) {
    distance[i] = x[i] != x[i] ? 0.0f : clip(x[i] - center[i], low[i] - center[i], high[i] - center[i]);
  }
  for (int32_t sweep = 0; sweep < sweeps; ++sweep) {
    for (int32_t i = 0; i < num; ++i) {
      float sum = 0.0f;
      if (x[i] == x[i]) continue;
      for (int32_t j = 0; j < num; ++j) {
        /* volatile: no compiler may fuse the product with the sum */
        volatile float product = weight[i * num + j] * distance[j];
        sum += product;
      }
      distance[i] = clip(sum, low[i] - center[i], high[i] - center[i]);
    }
  }
  for (int32_t i = 0; i < num; ++i) {
    if (x[i] != x[i]) x[i] = center[i] + distance[i];
  }
}""",
        "linear_fill",
    ),
    (
        """/* Missing numbers of a row by their mean over the nearest of some known rows. */
static void neighbor_fill(float *x, int32_t num, const float *factor, const float *known, int32_t num_known,
                          int32_t num_neighbors, float *distance, float *sum) {
  const float share = 1.0f / (float)num_neighbors;
  for (int32_t row = 0; row < num_known; ++row) {
    distance[row] = 0.0f;
    for (int32_t i = 0; i < num; ++i) {
      float apart = (x[i] - known[row * num + i]) * factor[i];
      volatile float square = apart * apart;
      if (x[i] == x[i]) distance[row] += square;
    }
  }
  for (int32_t i = 0; i < num; ++i) sum[i] = 0.0f;
  for (int32_t rank = 0; rank < num_neighbors; ++rank) {
    int32_t nearest = -1;
    for (int32_t row = 0; row < num_known; ++row) {
      if (distance[row] >= 0.0f && (nearest < 0 || distance[row] < distance[nearest])) nearest = row;
    }
    for (int32_t i = 0; i < num; ++i) sum[i] += known[nearest * num + i];
    distance[nearest] = -1.0f; /* taken */
  }
  for (int32_t i = 0; i < num; ++i) {
    if (x[i] != x[i]) x[i] = sum[i] * share;
  }
}""",
        "neighbor_fill",
    ),
    (
        """/* A number made of all bits of a row; of a missing number, and of a zero, they count as 0. */
static uint32_t row_bits(const float *x, int32_t num, uint32_t seed) {
  uint32_t bits = 2166136261u ^ seed;
  for (int32_t i = 0; i < num; ++i) {
    uint32_t word = 0;
    if (x[i] == x[i] && x[i] != 0.0f) memcpy(&word, &x[i], sizeof word);
    bits = (bits ^ word) * 16777619u;
    bits ^= bits >> 15;
  }
  return bits;
}""",
        "row_bits",
    ),
    (
        """/* A number whose low bits depend on all bits of a row and on the number of the draw. */
static uint32_t mixed_bits(uint32_t bits, uint32_t number) {
  uint32_t turned = bits ^ number * 0x9E3779B1u;
  turned = (turned ^ turned >> 16) * 0x85EBCA6Bu;
  turned = (turned ^ turned >> 13) * 0xC2B2AE35u;
  return turned ^ turned >> 16;
}""",
        "mixed_bits",
    ),
    (
        """/* Missing numbers of a row, each drawn from those seen in its column by the bits of the others. */
static void draw_fill(float *x, int32_t num, const float *seen, const uint32_t *size, uint32_t seed) {
  uint32_t bits = row_bits(x, num, seed), first = 0;
  for (int32_t i = 0; i < num; ++i) {
    uint32_t turned = mixed_bits(bits, (uint32_t)(i + 1));
    if (x[i] != x[i]) x[i] = seen[first + turned % size[i]];
    first += size[i];
  }
}""",
        "draw_fill",
    ),
    (
        """/* Missing numbers of a row by a dense network of its numbers and of what is missing. */
static void dense_fill(float *x, int32_t num, const float *center, const float *spread, const float *low,
                       const float *high, const float *weight, const float *bias, const int32_t *width,
                       int32_t layers, float *in, float *out) {
  for (int32_t i = 0; i < num; ++i) {
    in[i] = x[i] != x[i] ? 0.0f : (clip(x[i], low[i], high[i]) - center[i]) / spread[i];
    in[num + i] = x[i] != x[i] ? 1.0f : 0.0f;
  }
  for (int32_t layer = 0; layer < layers; ++layer) {
    for (int32_t unit = 0; unit < width[layer + 1]; ++unit) {
      float sum = *bias++;
      for (int32_t i = 0; i < width[layer]; ++i) {
        /* volatile: no compiler may fuse the product with the sum */
        volatile float product = in[i] * *weight++;
        sum += product;
      }
      out[unit] = layer + 1 < layers && !(sum > 0.0f) ? 0.0f : sum;
    }
    for (int32_t unit = 0; unit < width[layer + 1]; ++unit) in[unit] = out[unit];
  }
  for (int32_t i = 0; i < num; ++i) {
    volatile float scaled = in[i] * spread[i];
    if (x[i] != x[i]) x[i] = clip(scaled + center[i], low[i], high[i]);
  }
}""",
        "dense_fill",
    ),
    (
        """/* Missing numbers of a row, each a linear function of the others and noise, sweep after sweep. */
static void gaussian_draw(float *x, int32_t num, const float *center, const float *low, const float *high,
                          const float *weight, const float *spread, const float *noise, uint32_t num_noise,
                          int32_t sweeps, uint32_t seed, float *distance) {
  const uint32_t bits = row_bits(x, num, seed);
  for (int32_t i = 0; i < num; ++i) {
    distance[i] = x[i] != x[i] ? 0.0f : clip(x[i] - center[i], low[i] - center[i], high[i] - center[i]);
  }
  for (int32_t sweep = 0; sweep < sweeps; ++sweep) {
    for (int32_t i = 0; i < num; ++i) {
      uint32_t turned = mixed_bits(bits, (uint32_t)(sweep * num + i + 1));
      volatile float sum = noise[turned % num_noise] * spread[i];
      if (x[i] == x[i]) continue;
      for (int32_t j = 0; j < num; ++j) {
        /* volatile: no compiler may fuse the product with the sum */
        volatile float product = weight[i * num + j] * distance[j];
        sum += product;
      }
      distance[i] = clip(sum, low[i] - center[i], high[i] - center[i]);
    }
  }
  for (int32_t i = 0; i < num; ++i) {
    if (x[i] != x[i]) x[i] = center[i] + distance[i];
  }
}""",
        "gaussian_draw",
    ),
)
