/* Any bytes as /proc/PID/maps: mappings in order, found by their addresses, the same whether the text comes whole or in two. */
#include "fuzz.h"

#include "symbol/maps.h"

static void check(const struct maps *m)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct map *map = &m->list[i];

		if (map->start >= map->end || (i && map->start < map[-1].end) || maps_find(m, map->start) != map ||
				maps_find(m, map->end - 1) != map || (map->module != MAPS_NO_MODULE && map->module >= m->nmodules))
			abort();
		if (strlen(maps_name(m, map)) >= MAPS_NAMES)
			abort();
	}
	for (size_t i = 0; i < m->nmodules; i++)
		if (m->modules[i].first >= m->count || m->modules[i].start != m->list[m->modules[i].first].start)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct maps whole = { .list = NULL }, pieces = { .list = NULL };
	char *text = fuzz_text(data, size);
	size_t cut = size ? data[0] * size / 256 : 0, taken;

	if (maps_feed(&whole, text, size) > size)
		abort();
	taken = maps_feed(&pieces, text, cut);
	maps_feed(&pieces, text + taken, size - taken);
	check(&whole);
	if (whole.count != pieces.count || whole.nmodules != pieces.nmodules)
		abort();
	maps_free(&whole);
	maps_free(&pieces);
	free(text);
	return 0;
}
