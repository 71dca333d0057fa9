"""Functions and types in C99 that make tokens of texts, each with its name (see `helpers`)."""

TEXT_HELPERS = (
    (
        """typedef struct {
  int32_t left, right;
} token_pair;""",
        "token_pair",
    ),
    (
        """typedef struct {
  int32_t left, right, rank, both;
} merge;""",
        "merge",
    ),
    (
        """/* How characters are spelled (see letters in signature.json), and which tokens have ids of their own. */
typedef struct {
  const uint32_t *codes;
  const char *const *spelled;
  int32_t num_codes;
  const char *const *keys;
  int32_t num_keys, num_buckets;
} vocabulary;""",
        "vocabulary",
    ),
    (
        """/* A text that is spelled byte by byte. */
typedef struct {
  const char *text, *piece, *end;
} speller;

/* The code point that starts at text and its number of bytes; what is not UTF-8 is U+FFFD, byte by byte. */
static uint32_t decode(const char *text, int *num_bytes) {
  const unsigned char *bytes = (const unsigned char *)text;
  int length = bytes[0] < 0x80 ? 1 : bytes[0] < 0xC2 ? 0 : bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 :
               bytes[0] < 0xF5 ? 4 : 0;
  uint32_t code = length == 1 ? bytes[0] : length == 2 ? bytes[0] & 0x1Fu : length == 3 ? bytes[0] & 0x0Fu :
                  bytes[0] & 0x07u;
  for (int place = 1; place < length; ++place) {
    if ((bytes[place] & 0xC0) != 0x80) length = 0; /* a null byte too, so that nothing behind it is read */
    else code = code << 6 | (bytes[place] & 0x3Fu);
  }
  *num_bytes = length ? length : 1;
  return length ? code : 0xFFFDu;
}

/* The next byte of a spelled text, -1 at its end. */
static int next_byte(speller *it, const vocabulary *known) {
  while (it->piece == it->end) {
    int num_bytes;
    int32_t low = 0, high = known->num_codes;
    uint32_t code;
    if (*it->text == 0) return -1;
    code = decode(it->text, &num_bytes);
    while (low < high) {
      int32_t middle = low + (high - low) / 2;
      if (known->codes[middle] < code) low = middle + 1; else high = middle;
    }
    if (low < known->num_codes && known->codes[low] == code) {
      it->piece = known->spelled[low];
      it->end = it->piece + strlen(it->piece);
    } else if (code == 0xFFFDu) {
      it->piece = "\\357\\277\\275";
      it->end = it->piece + 3;
    } else {
      it->piece = it->text;
      it->end = it->text + num_bytes;
    }
    it->text += num_bytes;
  }
  return (unsigned char)*it->piece++;
}""",
        "next_byte",
    ),
    (
        """/* A token as it grows: its first bytes, and the CRC-32 of all of them. */
typedef struct {
  char bytes[64];
  int32_t length;
  uint32_t crc;
} token;

static void add_byte(token *it, int byte) {
  if (it->length == 0) it->crc = 0xFFFFFFFFu;
  if (it->length < 64) it->bytes[it->length++] = (char)byte;
  it->crc ^= (uint32_t)byte;
  for (int bit = 0; bit < 8; ++bit) it->crc = it->crc >> 1 ^ (0xEDB88320u & (0u - (it->crc & 1u)));
}

/* The id of a token, which is then begun anew. */
static int32_t finish(token *it, const vocabulary *known) {
  int32_t low = 0, high = it->length < 64 ? known->num_keys : 0;
  if (high) it->bytes[it->length] = 0;
  it->length = 0;
  while (low < high) {
    int32_t middle = low + (high - low) / 2;
    int order = strcmp(it->bytes, known->keys[middle]);
    if (order == 0) return 1 + middle;
    if (order < 0) high = middle; else low = middle + 1;
  }
  return 1 + known->num_keys + (int32_t)((it->crc ^ 0xFFFFFFFFu) % (uint32_t)known->num_buckets);
}""",
        "finish",
    ),
    (
        """/* Moves the first count of the ids to the end of the window, zeros before them. */
static void align_right(int32_t *ids, int32_t count, int32_t window) {
  for (int32_t i = count - 1; i >= 0; --i) ids[window - count + i] = ids[i];
  for (int32_t i = 0; i < window - count; ++i) ids[i] = 0;
}""",
        "align_right",
    ),
    (
        """static void words(const char *text, const vocabulary *known, int32_t window, int32_t *ids) {
  speller it = {text == NULL ? "" : text, NULL, NULL};
  token now = {{0}, 0, 0};
  int32_t count = 0;
  while (count < window) {
    int byte = next_byte(&it, known);
    if (byte > 0 && byte != ' ') add_byte(&now, byte);
    else if (now.length) ids[count++] = finish(&now, known);
    if (byte < 0) break;
  }
  align_right(ids, count, window);
}""",
        "words",
    ),
    (
        """static void characters(const char *text, const vocabulary *known, int32_t window, int32_t *ids) {
  speller it = {text == NULL ? "" : text, NULL, NULL};
  token now = {{0}, 0, 0};
  int32_t count = 0;
  int space = 0;
  while (count < window) {
    int byte = next_byte(&it, known);
    if ((byte < 0 || (byte & 0xC0) != 0x80) && now.length) ids[count++] = finish(&now, known);
    if (byte < 0) break;
    if (byte == ' ') {
      space = count > 0;
    } else {
      if (space && count < window) {
        add_byte(&now, ' ');
        ids[count++] = finish(&now, known);
      }
      space = 0;
      add_byte(&now, byte);
    }
  }
  align_right(ids, count, window);
}""",
        "characters",
    ),
    (
        """/* Joins neighbours while any stand in merges, those of the least rank first; returns how many are left. */
static int32_t join(int32_t *parts, int32_t count, const merge *merges, int32_t num_merges) {
  for (;;) {
    const merge *best = NULL;
    int32_t at = 0;
    for (int32_t i = 0; i + 1 < count; ++i) {
      int32_t low = 0, high = num_merges;
      while (low < high) {
        int32_t middle = low + (high - low) / 2;
        const merge *each = &merges[middle];
        if (each->left < parts[i] || (each->left == parts[i] && each->right < parts[i + 1])) low = middle + 1;
        else high = middle;
      }
      if (low < num_merges && merges[low].left == parts[i] && merges[low].right == parts[i + 1] &&
          (best == NULL || merges[low].rank < best->rank)) {
        best = &merges[low];
        at = i;
      }
    }
    if (best == NULL) return count;
    parts[at] = best->both;
    for (int32_t i = at + 1; i + 1 < count; ++i) parts[i] = parts[i + 1];
    --count;
  }
}""",
        "join",
    ),
    (
        """static void subwords(const char *text, const vocabulary *known, int32_t window, int32_t *ids,
                     const merge *merges, int32_t num_merges) {
  speller it = {text == NULL ? "" : text, NULL, NULL};
  token now = {{0}, 0, 0};
  int32_t count = 0, parts[64], num_parts = 0;
  while (count < window) {
    int byte = next_byte(&it, known);
    if ((byte < 0 || (byte & 0xC0) != 0x80) && now.length) {
      int32_t id = finish(&now, known);
      if (num_parts < 64) parts[num_parts++] = id;
    }
    if (byte < 0 || byte == ' ') {
      num_parts = join(parts, num_parts, merges, num_merges);
      for (int32_t i = 0; i < num_parts && count < window; ++i) ids[count++] = parts[i];
      num_parts = 0;
      if (byte < 0) break;
    } else {
      if (num_parts == 0 && now.length == 0) {
        static const char start[] = "\\342\\226\\201";
        for (int i = 0; i < 3; ++i) add_byte(&now, (unsigned char)start[i]);
        parts[num_parts++] = finish(&now, known);
      }
      add_byte(&now, byte);
    }
  }
  align_right(ids, count, window);
}""",
        "subwords",
    ),
    (
        """static void bigrams(const int32_t *tokens, int32_t window, uint32_t num_buckets, int32_t *ids) {
  ids[0] = 0;
  for (int32_t i = 1; i < window; ++i) {
    uint32_t mixed = (uint32_t)tokens[i - 1] * 0x9E3779B1u + (uint32_t)tokens[i] * 0x85EBCA6Bu;
    mixed ^= mixed >> 15;
    ids[i] = tokens[i - 1] ? (int32_t)(mixed % num_buckets) + 1 : 0;
  }
}""",
        "bigrams",
    ),
    (
        """static void known_pairs(const int32_t *tokens, int32_t window, const token_pair *pairs, int32_t num_pairs,
                        int32_t *ids) {
  ids[0] = 0;
  for (int32_t i = 1; i < window; ++i) {
    int32_t left = tokens[i - 1], right = tokens[i], low = 0, high = num_pairs;
    while (low < high) {
      int32_t middle = low + (high - low) / 2;
      const token_pair *each = &pairs[middle];
      if (each->left < left || (each->left == left && each->right < right)) low = middle + 1; else high = middle;
    }
    ids[i] = low < num_pairs && pairs[low].left == left && pairs[low].right == right ? low + 1 : 0;
  }
}""",
        "known_pairs",
    ),
    (
        """/* Of each id its first, at the end of the window. */
static void distinct_ids(const int32_t *ids, int32_t window, int32_t *distinct) {
  int32_t count = 0;
  for (int32_t i = 0; i < window; ++i) {
    int32_t known = 0;
    while (known < count && distinct[known] != ids[i]) ++known;
    if (ids[i] != 0 && known == count) distinct[count++] = ids[i];
  }
  align_right(distinct, count, window);
}""",
        "distinct_ids",
    ),
)
