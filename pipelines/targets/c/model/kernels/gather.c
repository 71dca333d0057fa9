typedef struct {
  int32_t rows; /* of the table */
  int32_t ids;
  int32_t size; /* bytes of a row */
} gather_layer;

/* An id that the table does not have takes its first or its last row. */
static void gather(const gather_layer *p, const int8_t *table, const int8_t *ids, int8_t *y) {
  int32_t place, id;
  for (place = 0; place < p->ids; ++place, ids += sizeof id, y += p->size) {
    memcpy(&id, ids, sizeof id);
    if (id < 0) id = 0;
    if (id >= p->rows) id = p->rows - 1;
    memcpy(y, table + id * p->size, (size_t)p->size);
  }
}
