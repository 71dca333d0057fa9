"""Mutants of kernels that compute the same as the kernel, or that no row can show: line → why."""

_SAME = "the bound itself both ways"
_ZERO = "of 0 both ways give 0"
_REFUSED = "an id that the table does not have: TFLM fails on it, so that there is nothing to equal"
_NO_ZERO = "of a divisor of 0 TFLM has no answer, and 0 divided is answered before"
_RARE = "another result for one sum in a million alone, which no row has"
_COPY = "a copy of the same values"
_NO_BYTES = "no bytes are written"
_CLIP = "a clip is thousands of steps, or none"
_UNREAD = "a field that the library does not read"
_REST = "what four at a time leave over is added one by one"
_ONE_ROW = "of one row alone, how far the next one is away is not read"
_SET_ANEW = "what is behind the sums of a gate is set anew, or read no more"
_BEHIND = "a second row behind the scratch memory, where no sanitizer looks into the library"

EQUAL: dict[str, dict[str, str]] = {
    "average_pool": {
        "sum = sum >= 0 ? (sum + count / 2) / count : (sum - count / 2) / count;": (
            "of 0 both ways are 0, as half a count is less than one"
        ),
    },
    "conv": {
        "if (is_row && start_x > 0 && start_x + p->kernel_width <= p->width) {": _COPY,
        "if (is_row && start_x >= 0 && start_x + p->kernel_width < p->width) {": _COPY,
        "if (is_row && start_x >= 1 && start_x + p->kernel_width <= p->width) {": _COPY,
    },
    "divide": {
        "const int32_t size = value < 1 ? -1 - value : value;": _NO_ZERO,
        "const int32_t size = value <= 0 ? -1 - value : value;": _NO_ZERO,
        "if (bits == 1) bits = 1U;": _NO_ZERO,
        "if (right < 1) left = -left;": _NO_ZERO,
        "if (right <= 0) left = -left;": _NO_ZERO,
        "uint32_t bits = (uint32_t)(right < 1 ? -right : right);": _NO_ZERO,
        "uint32_t bits = (uint32_t)(right <= 0 ? -right : right);": _NO_ZERO,
        "int32_t room = 1;": "numbers of nine bits have more room",
        "value = high_product((int32_t)((uint32_t)left << room), reciprocal_of_sum((int32_t)(bits + "
        "0x80000000U)));": "half of 2^32 more or less is the same of 32 bits",
    },
    "dot": {
        "for (; size > 4; size -= 4, weights += 4, x += 4) {": _REST,
        "for (; size >= 5; size -= 4, weights += 4, x += 4) {": _REST,
    },
    "fixed_point": {
        "if (value <= low) return (int8_t)low;": _SAME,
        "if (value >= top) return (int8_t)top;": _SAME,
        "return (((value - (value < 1)) >> (-shift - 1)) + 1) >> 1;": _ZERO,
        "return (((value - (value <= 0)) >> (-shift - 1)) + 1) >> 1;": _ZERO,
    },
    "gather": {
        "if (id < 0) id = 1;": _REFUSED,
        "if (id < 1) id = 0;": _SAME,
        "if (id <= 0) id = 0;": _SAME,
        "if (id > p->rows) id = p->rows - 1;": _REFUSED,
        "if (id >= p->rows) id = p->rows + 1;": _REFUSED,
        "if (id >= p->rows) id = p->rows - 2;": _REFUSED,
    },
    "max_pool": {"if (*from >= most) most = *from;": _SAME},
    "maximum": {"return left >= right ? left : right;": _SAME},
    "minimum": {"return left <= right ? left : right;": _SAME},
    "pool": {
        "if (value <= p->low) return (int8_t)p->low;": _SAME,
        "if (value >= p->top) return (int8_t)p->top;": _SAME,
        "if (window.bottom >= p->height) window.bottom = p->height;": _SAME,
        "if (window.right >= p->width) window.right = p->width;": _SAME,
        "if (window.left <= 0) window.left = 0;": _SAME,
        "if (window.left < 1) window.left = 0;": _SAME,
        "if (window.top <= 0) window.top = 0;": _SAME,
        "if (window.top < 1) window.top = 0;": _SAME,
    },
    "prelu": {
        "if (left > 0) return rescale(left, p->multipliers[0], p->shifts[0]);": _ZERO,
        "if (left >= 1) return rescale(left, p->multipliers[0], p->shifts[0]);": _ZERO,
    },
    "reduce_max": {"return value >= result ? value : result;": _SAME},
    "reduce_min": {"return value <= result ? value : result;": _SAME},
    "resize_bilinear": {
        "*y++ = (int8_t)((sum + (sum > 0 ? 524288 : -524289)) / 1048576);": _RARE,
        "*y++ = (int8_t)((sum + (sum > 0 ? 524289 : -524288)) / 1048576);": _RARE,
        "*y++ = (int8_t)((sum + (sum > 1 ? 524288 : -524288)) / 1048576);": _ZERO,
        "*y++ = (int8_t)((sum + (sum >= 0 ? 524288 : -524288)) / 1048576);": _ZERO,
        "const int32_t place = (at + 1024) / 1024;": "the weight of the place behind is 0 there",
        "return at > 1 ? at / 1024 : 0;": _SAME,
        "return at >= 0 ? at / 1024 : 0;": _SAME,
    },
    "softmax": {
        "factor = reciprocal_of_sum((int32_t)(bits + 0x80000000U));": (
            "half of 2^32 more or less is the same of 32 bits"
        ),
        "if (x[i] >= most) most = x[i];": _SAME,
        "int32_t most = -128, sum = 1, over = 12, factor;": "one in 2^19 of a probability",
        "int32_t most = -129, sum = 0, over = 12, factor;": "every value is greater",
        "y[i] = clamped(value - 128, -129, 127);": "no probability is below 0",
    },
    "transposed_conv": {
        "if (at < 0 || at % stride != 0 || at / stride >= size) return -2;": "any number below 0",
    },
    "dense_row": {
        "for (; behind - first > 4; first += 4, weights += 4 * p->depth) {": _REST,
        "for (; behind - first >= 5; first += 4, weights += 4 * p->depth) {": _REST,
    },
    "depthwise": {
        "for (; outputs - output > 4; output += 4) four_channels(p, &window, output, y + output);": _REST,
        "for (; outputs - output >= 5; output += 4) four_channels(p, &window, output, y + output);": _REST,
    },
    "lstm": {
        "const int32_t size = value < 1 ? -value : value;": _ZERO,
        "const int32_t size = value <= 0 ? -value : value;": _ZERO,
        "const uint32_t size = (uint32_t)(value < 1 ? -value : value);": _ZERO,
        "const uint32_t size = (uint32_t)(value <= 0 ? -value : value);": _ZERO,
        "if (p->clip > 0 && cell <= -p->clip) cell = -p->clip;": _SAME,
        "if (p->clip > 0 && cell >= p->clip) cell = p->clip;": _SAME,
        "if (p->clip > 1 && cell < -p->clip) cell = -p->clip;": _CLIP,
        "if (p->clip > 1 && cell > p->clip) cell = p->clip;": _CLIP,
        "if (value < 1) result = ((uint32_t)1 << 25) - result - 1U;": _ZERO,
        "if (value < 1) result = -result - 1;": _ZERO,
        "if (value <= -32768) return -32768;": _SAME,
        "if (value <= 0) result = ((uint32_t)1 << 25) - result - 1U;": _ZERO,
        "if (value <= 0) result = -result - 1;": _ZERO,
        "return value >= 32767 ? 32767 : value;": _SAME,
    },
    "patch": {
        "const int32_t behind = room <= p->kernel_width ? room : p->kernel_width;": _SAME,
        "const int32_t first = start < 1 ? -start : 0;": _ZERO,
        "const int32_t first = start <= 0 ? -start : 0;": _ZERO,
        "if (behind <= p->kernel_width) {": _NO_BYTES,
        "if (first >= 0) memset(copy, p->input_zero, (size_t)(first * depth));": _NO_BYTES,
    },
    "shifted_down": {
        "const int32_t threshold = (mask >> 1) + (value < 1);": _ZERO,
        "const int32_t threshold = (mask >> 1) + (value <= 0);": _ZERO,
    },
}
# The same of the bodies that call CMSIS-NN.
EQUAL_WITH_LIBRARY: dict[str, dict[str, str]] = {
    "conv": {
        "const cmsis_nn_context context = {scratch, 1};": _UNREAD,
        "const cmsis_nn_dims bias = {1, 1, 2, outputs};": _UNREAD,
        "const cmsis_nn_dims bias = {1, 2, 1, outputs};": _UNREAD,
        "const cmsis_nn_dims bias = {2, 1, 1, outputs};": _UNREAD,
        "const cmsis_nn_dims output = {2, patch->output_height, patch->output_width, outputs};": _UNREAD,
    },
    "dense": {
        "const cmsis_nn_context context = {NULL, 1};": _UNREAD,
        "const cmsis_nn_dims bias = {1, 1, 2, p->weights->outputs};": _UNREAD,
        "const cmsis_nn_dims bias = {1, 2, 1, p->weights->outputs};": _UNREAD,
        "const cmsis_nn_dims bias = {2, 1, 1, p->weights->outputs};": _UNREAD,
        "const cmsis_nn_dims filter = {p->weights->depth, 1, 2, p->weights->outputs};": _UNREAD,
        "const cmsis_nn_dims filter = {p->weights->depth, 2, 1, p->weights->outputs};": _UNREAD,
        "const cmsis_nn_dims input = {p->rows, 1, 1, p->weights->outputs};": _UNREAD,
        "const cmsis_nn_dims input = {p->rows, 1, 2, p->weights->depth};": _UNREAD,
        "const cmsis_nn_dims input = {p->rows, 2, 1, p->weights->depth};": _UNREAD,
        "const cmsis_nn_dims output = {p->rows, 1, 2, p->weights->outputs};": _UNREAD,
        "const cmsis_nn_dims output = {p->rows, 2, 1, p->weights->outputs};": _UNREAD,
    },
    "depthwise": {
        "const cmsis_nn_context context = {scratch, 1};": _UNREAD,
        "const cmsis_nn_dims bias = {1, 1, 2, outputs};": _UNREAD,
        "const cmsis_nn_dims bias = {1, 2, 1, outputs};": _UNREAD,
        "const cmsis_nn_dims bias = {2, 1, 1, outputs};": _UNREAD,
        "const cmsis_nn_dims filter = {2, patch->kernel_height, patch->kernel_width, outputs};": _UNREAD,
        "const cmsis_nn_dims output = {2, patch->output_height, patch->output_width, outputs};": _UNREAD,
    },
    "lstm": {
        "for (unit = 0; unit <= p->units; ++unit) sums[unit] = (int16_t)int16_clamped(sums[unit] + "
        "again[unit]);": _SET_ANEW,
        "p->features, p->units, 1, 2);": _ONE_ROW,
        "p->recurrent_shifts[gate], p->units, p->units, 1, 2);": _ONE_ROW,
        "p->recurrent_shifts[gate], p->units, p->units, 2, 1);": _BEHIND,
    },
    "max_pool": {
        "const cmsis_nn_context context = {NULL, 1};": _UNREAD,
        "const cmsis_nn_dims filter = {1, p->kernel_height, p->kernel_width, 2};": _UNREAD,
        "const cmsis_nn_dims filter = {2, p->kernel_height, p->kernel_width, 1};": _UNREAD,
        "const cmsis_nn_dims output = {2, p->output_height, p->output_width, p->depth};": _UNREAD,
    },
}
