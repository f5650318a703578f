/* A hash table over rows that are kept in the order of their heat. */
#include "source/blocked/tally.h"

#include <stdlib.h>
#include <string.h>

#define INDEX_SIZE (sizeof((struct tally *)NULL)->index / sizeof(uint16_t))
#define IDLE (120 * NSEC_PER_SEC)

static uint16_t *place_of(struct tally *t, uint64_t a, uint64_t b)
{
	size_t i = (a ^ b * 0x9e3779b97f4a7c15u) * 0x9e3779b97f4a7c15u >> 40;

	for (;; i++) {
		uint16_t *place = &t->index[i % INDEX_SIZE];

		if (!*place || (t->rows[*place - 1].key[0] == a && t->rows[*place - 1].key[1] == b))
			return place;
	}
}

struct tally_row *tally_add(struct tally *t, uint64_t a, uint64_t b, nsec_t wait, nsec_t now)
{
	uint16_t *place = place_of(t, a, b);
	struct tally_row *row;

	if (!*place && t->count == TALLY_MOST) {
		t->lost++;
		return NULL;
	}
	if (!*place) {
		t->rows[t->count++] = (struct tally_row){ .key = { a, b } };
		*place = (uint16_t)t->count;
	}
	row = &t->rows[*place - 1];
	row->wait += wait;
	row->heat += wait;
	row->used = now;
	row->looks++;
	return row;
}

struct tally_row *tally_find(struct tally *t, uint64_t a, uint64_t b)
{
	uint16_t place = *place_of(t, a, b);

	return place ? &t->rows[place - 1] : NULL;
}

static int by_heat(const void *a, const void *b)
{
	const struct tally_row *x = a, *y = b;

	if (x->heat != y->heat)
		return x->heat > y->heat ? -1 : 1;
	return memcmp(x->key, y->key, sizeof x->key);
}

void tally_age(struct tally *t, nsec_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++) {
		t->rows[i].heat -= t->rows[i].heat / 10;
		if (now - t->rows[i].used < IDLE)
			t->rows[kept++] = t->rows[i];
	}
	t->count = kept;
	qsort(t->rows, t->count, sizeof *t->rows, by_heat);
	memset(t->index, 0, sizeof t->index);
	for (size_t i = 0; i < t->count; i++)
		*place_of(t, t->rows[i].key[0], t->rows[i].key[1]) = (uint16_t)(i + 1);
}
