"""Mutants of kernels that compute the same as the kernel, or that no row can show: line → why."""

_NOTHING = "a sum of no weights is 0"
_EDGE = "at the edge both ways give the same place"
_SAME = "the bound itself both ways"
_ZERO = "0 times whatever is 0"
_REFUSED = "an id that the table does not have: TFLM fails on it, so that there is nothing to equal"
_NO_ZERO = "of a divisor of 0 TFLM has no answer, and 0 divided is answered before"
_RARE = "another result for one sum in a million alone, which no row has"
_LAST = "the last bits of a reciprocal, of which int8 keeps eight"
_REST = "what four at a time leave over is added one by one"

EQUAL: dict[str, dict[str, str]] = {
    "average_pool": {
        "sum = sum >= 0 ? (sum + count / 2) / count : (sum - count / 2) / count;": (
            "of 0 both ways are 0, as half a count is less than one"
        ),
    },
    "conv": {
        "const int32_t behind = start > length ? 0 : (length - start + dilation - 1) / dilation;": (
            _EDGE
        ),
        "const int32_t behind = start >= length ? 1 : (length - start + dilation - 1) / dilation;": (
            "no kernel begins behind the picture: TFLM's padding has none"
        ),
        "const int32_t first = start > 0 ? 0 : (-start + dilation - 1) / dilation;": _EDGE,
        "const int32_t first = start >= 1 ? 0 : (-start + dilation - 1) / dilation;": _EDGE,
        "if (behind <= p->kernel_width) {": _NOTHING,
        "if (first >= 0) sum += p->input_zero * sum_of(weights, first * taken);": _NOTHING,
        "return behind <= size ? behind : size;": _EDGE,
        "return first <= size ? first : size;": _EDGE,
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
        "const int32_t threshold = (mask >> 1) + (value < 1);": _ZERO,
        "const int32_t threshold = (mask >> 1) + (value <= 0);": _ZERO,
        "if (shift >= 0) return high_product((int32_t)((uint32_t)value << shift), multiplier);": (
            "without a shift both ways are the same product"
        ),
        "if (value <= low) return (int8_t)low;": _SAME,
        "if (value >= top) return (int8_t)top;": _SAME,
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
    "reciprocal": {
        "for (step = 0; step < 4; ++step) {": _LAST,
        "for (step = 0; step <= 3; ++step) {": _LAST,
        "int32_t x = 1515870810 + high_product(half, -1010580541);": _LAST,
        "int32_t x = 1515870811 + high_product(half, -1010580540);": _LAST,
    },
    "transposed_conv": {
        "if (at < 0 || at % stride != 0 || at / stride >= size) return -2;": "any number below 0",
    },
}
