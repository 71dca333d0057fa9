"""Functions and types in C99 that the generated code calls, each with the name by which one sees
that it is needed.
"""

import re

from .row_fills import ROW_FILL_HELPERS
from .text_helpers import TEXT_HELPERS


def needed_helpers(code: str) -> list[str]:
    """The helpers that the code names, and those that they name: an unused static function is a
    warning.
    """
    needed = []
    for text, name in reversed(_NUMBER_HELPERS + ROW_FILL_HELPERS + TEXT_HELPERS):
        said = re.sub(r"/\*.*?\*/", "", "\n".join([code, *needed]), flags=re.DOTALL)
        if re.search(rf"\b{name}\b", said):
            needed.insert(0, text)
    return needed


_NUMBER_HELPERS = (
    (
        """static float clip(float x, float low, float high) {
  return x < low ? low : x > high ? high : x;
}""",
        "clip",
    ),
    (
        """static int8_t quantize(float x, float scale, float zero_point) {
  float steps = floorf(x / scale + 0.5f) + zero_point;
  return (int8_t)(steps < -128.0f ? -128.0f : steps > 127.0f ? 127.0f : steps);
}""",
        "quantize",
    ),
    (
        """/* Missing steps of a series, each way as in Python: before the first known one they are first. */
static void fill_previous(float *x, int32_t size, float first) {
  float last = first;
  for (int32_t i = 0; i < size; ++i) {
    if (x[i] != x[i]) x[i] = last; else last = x[i];
  }
}""",
        "fill_previous",
    ),
    (
        """static void fill_season(float *x, int32_t size, int32_t season, float first) {
  for (int32_t i = 0; i < size; ++i) {
    if (x[i] != x[i]) x[i] = i >= season ? x[i - season] : i > 0 ? x[i - 1] : first;
  }
}""",
        "fill_season",
    ),
    (
        """static void fill_line(float *x, int32_t size, float first) {
  int32_t before = -1;
  for (int32_t i = 0; i < size; ++i) {
    int32_t after = i;
    if (x[i] == x[i]) {
      before = i;
      continue;
    }
    while (after < size && x[after] != x[after]) ++after;
    for (; i < after; ++i) {
      if (before < 0 || after == size) {
        x[i] = before < 0 ? first : x[before];
      } else {
        /* volatile: no compiler may fuse the product with the sum */
        volatile float rise = (x[after] - x[before]) * ((float)(i - before) / (float)(after - before));
        x[i] = x[before] + rise;
      }
    }
    --i;
  }
}""",
        "fill_line",
    ),
    (
        """/* How many steps ago a value was known, as a share of most. */
static void since_seen(const float *x, int32_t size, int32_t most, float *into) {
  int32_t steps = most;
  for (int32_t i = 0; i < size; ++i) {
    steps = x[i] == x[i] ? 0 : steps < most ? steps + 1 : most;
    into[i] = (float)steps / (float)most;
  }
}""",
        "since_seen",
    ),
    (
        """static float mean(const float *x, int32_t size) {
  float sum = 0.0f;
  volatile float result;
  for (int32_t i = 0; i < size; ++i) sum += x[i];
  result = sum * (1.0f / (float)size);
  return result;
}""",
        "mean",
    ),
    (
        """/* (x - offset) / factor; factor: where scaled the mean distance from the offset, at least `least`, else 1. */
static void own_scale(const float *x, int32_t size, float offset, int scaled, float least, float *into,
                      float *factor) {
  float sum = 0.0f;
  volatile float distance;
  for (int32_t i = 0; i < size; ++i) {
    into[i] = x[i] - offset;
    sum += fabsf(into[i]);
  }
  distance = sum * (1.0f / (float)size);
  *factor = !scaled ? 1.0f : distance > least ? distance : least;
  for (int32_t i = 0; i < size; ++i) into[i] = into[i] / *factor;
}""",
        "own_scale",
    ),
    (
        """/* At each step after x, the mean of the values whole seasons before it. */
static void season_mean(const float *x, int32_t size, int32_t season, int32_t num_seasons, int32_t horizon,
                        float *into) {
  const float *first = x + size - num_seasons * season;
  for (int32_t i = 0; i < horizon; ++i) {
    float sum = 0.0f;
    volatile float result;
    for (int32_t j = 0; j < num_seasons; ++j) sum += first[j * season + i % season];
    result = sum * (1.0f / (float)num_seasons);
    into[i] = result;
  }
}""",
        "season_mean",
    ),
    (
        """/* The place of a key among keys sorted by their bytes, plus first. */
static int32_t lookup(const char *text, const char *const *keys, int32_t num_keys, int32_t first, int32_t unknown,
                      int32_t missing) {
  int32_t low = 0, high = num_keys;
  if (text == NULL) return missing;
  while (low < high) {
    int32_t middle = low + (high - low) / 2;
    int order = strcmp(text, keys[middle]);
    if (order == 0) return first + middle;
    if (order < 0) high = middle; else low = middle + 1;
  }
  return unknown;
}""",
        "lookup",
    ),
    (
        """static int64_t floor_divide(int64_t a, int64_t b) {
  return a / b - (a % b < 0);
}""",
        "floor_divide",
    ),
    (
        """/* Month and day from 0 of seconds since 1970-01-01, proleptic Gregorian calendar: years start in March, so that
   the leap day is the last. */
static void month_and_day(int64_t seconds, int32_t *month, int32_t *day) {
  int64_t days = floor_divide(seconds, 86400) + 719468;
  int64_t era_day = days - floor_divide(days, 146097) * 146097;
  int64_t year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
  int64_t year_day = era_day - (365 * year + year / 4 - year / 100);
  int64_t march_month = (5 * year_day + 2) / 153;
  *day = (int32_t)(year_day - (153 * march_month + 2) / 5);
  *month = (int32_t)((march_month + 2) % 12);
}""",
        "month_and_day",
    ),
    (
        """static int32_t date_month(int64_t seconds) {
  int32_t month, day;
  month_and_day(seconds, &month, &day);
  return month;
}""",
        "date_month",
    ),
    (
        """static int32_t date_day_of_month(int64_t seconds) {
  int32_t month, day;
  month_and_day(seconds, &month, &day);
  return day;
}""",
        "date_day_of_month",
    ),
    (
        """static int32_t date_day_of_year(int64_t seconds) {
  static const int32_t before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  int32_t month, day;
  int64_t year, shift = 719468 + floor_divide(seconds, 86400); /* years start in March */
  month_and_day(seconds, &month, &day);
  year = (shift - floor_divide(shift, 146097) * 146097);
  year = (year - year / 1460 + year / 36524 - year / 146096) / 365 + (month < 2); /* of its 400 years */
  return before[month] + day + (month > 1 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}""",
        "date_day_of_year",
    ),
    (
        """/* The years since 1900, from 0 to 255: a year outside is the nearest. */
static int32_t date_year(int64_t seconds) {
  int64_t days = floor_divide(seconds, 86400) + 719468; /* years start in March */
  int64_t era = floor_divide(days, 146097);
  int64_t year = days - era * 146097;
  int32_t month, day;
  month_and_day(seconds, &month, &day);
  year = (year - year / 1460 + year / 36524 - year / 146096) / 365 + 400 * era + (month < 2) - 1900;
  if (year < 0) {
    return 0;
  }
  return year > 255 ? 255 : (int32_t)year;
}""",
        "date_year",
    ),
    (
        """static int32_t date_weekday(int64_t seconds) {
  int64_t days = floor_divide(seconds, 86400) + 3;
  return (int32_t)(days - floor_divide(days, 7) * 7);
}""",
        "date_weekday",
    ),
    (
        """static int32_t date_hour(int64_t seconds) {
  int64_t hours = floor_divide(seconds, 3600);
  return (int32_t)(hours - floor_divide(hours, 24) * 24);
}""",
        "date_hour",
    ),
    (
        """static int32_t date_minute(int64_t seconds) {
  int64_t minutes = floor_divide(seconds, 60);
  return (int32_t)(minutes - floor_divide(minutes, 60) * 60);
}""",
        "date_minute",
    ),
)
