/* Rows for the parts of a pane. Knows numbers only. */
#include "ui/blocks.h"

/* The part with the next rank above `rank` among those that have something to show; NULL: there is none. */
static struct block *next_of(struct block blocks[], size_t count, int rank)
{
	struct block *best = NULL;

	for (size_t i = 0; i < count; i++)
		if (blocks[i].good > 0 && blocks[i].rank > rank && (!best || blocks[i].rank < best->rank))
			best = &blocks[i];
	return best;
}

/* Rows that a part cannot do without. */
static int least_of(const struct block *b)
{
	return b->good < b->least ? b->good : b->least;
}

void blocks_share(struct block blocks[], size_t count, int rows)
{
	struct block *b;

	for (size_t i = 0; i < count; i++)
		blocks[i].rows = 0;
	for (int rank = -1; (b = next_of(blocks, count, rank)); rank = b->rank) {
		int least = least_of(b);

		if (b->rank == 0 && least > rows)
			least = rows > 0 ? rows : 0;
		b->rows = least <= rows ? least : 0;
		rows -= b->rows;
	}
	for (int rank = -1; (b = next_of(blocks, count, rank)); rank = b->rank) {
		int more = b->good - b->rows;

		if (!b->rows || more <= 0)
			continue;
		more = more < rows ? more : rows;
		b->rows += more;
		rows -= more;
	}
}
