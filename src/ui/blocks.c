/* Rows for the parts of a pane. Knows numbers only. */
#include "ui/blocks.h"

static int sum_of(const struct block blocks[], size_t count)
{
	int sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += blocks[i].rows;
	return sum;
}

/* The part with the next rank above `rank` among those with rows; NULL: there is none. */
static struct block *next_of(struct block blocks[], size_t count, int rank)
{
	struct block *best = NULL;

	for (size_t i = 0; i < count; i++)
		if (blocks[i].rows && blocks[i].rank > rank && (!best || blocks[i].rank < best->rank))
			best = &blocks[i];
	return best;
}

static struct block *last_of(struct block blocks[], size_t count)
{
	struct block *worst = NULL;

	for (size_t i = 0; i < count; i++)
		if (blocks[i].rows && (!worst || blocks[i].rank > worst->rank))
			worst = &blocks[i];
	return worst;
}

void blocks_share(struct block blocks[], size_t count, int rows)
{
	struct block *b;

	for (size_t i = 0; i < count; i++)
		blocks[i].rows = blocks[i].good < blocks[i].least ? blocks[i].good : blocks[i].least;
	while (sum_of(blocks, count) > rows && (b = last_of(blocks, count)))
		b->rows = b->rank || rows < 0 ? 0 : rows;
	for (int rank = -1; (b = next_of(blocks, count, rank)); rank = b->rank) {
		int more = b->good - b->rows, left = rows - sum_of(blocks, count);

		b->rows += more < left ? more : left;
	}
}
