typedef struct {
  int32_t sizes[5]; /* the last one is bytes that lie together */
  int32_t taken[5]; /* how far apart they are where they are taken */
  int32_t into[5]; /* and where they are copied to */
} block_copy;

static void copy_block(const block_copy *p, const uint8_t *x, uint8_t *y) {
  int32_t a, b, c, d;
  const size_t size = (size_t)p->sizes[4];
  for (a = 0; a < p->sizes[0]; ++a) {
    for (b = 0; b < p->sizes[1]; ++b) {
      for (c = 0; c < p->sizes[2]; ++c) {
        const uint8_t *from = x + a * p->taken[0] + b * p->taken[1] + c * p->taken[2];
        uint8_t *to = y + a * p->into[0] + b * p->into[1] + c * p->into[2];
        for (d = 0; d < p->sizes[3]; ++d, from += p->taken[3], to += p->into[3]) {
          memcpy(to, from, size);
        }
      }
    }
  }
}
